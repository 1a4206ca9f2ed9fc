package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.distribution.MailClient.Account;
import io.postern.distribution.MailClient.Login;

import jakarta.mail.Folder;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Multipart;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

import javax.net.SocketFactory;

/** RFC 6856 with the packaged server, and with clients that nobody here wrote. */
class Utf8IT {
    private static final String NAME = "zoe";

    /** What the user types, with a wide letter, a ligature and accents beside their letters. */
    private static final String TYPED_NAME = "\uFF5Aoe";

    private static final String TYPED = "\uFB01ve e\u0301te\u0301s";

    private static final String MAIL =
            """
            From: J\u00fcrgen <j\u00fcrgen@b\u00fccher.example>
            To: Zo\u00e9 <zoe@example.org>
            Subject: Gr\u00fc\u00dfe aus K\u00f6ln, \u65e5\u672c\u8a9e
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 8bit

            .Viele Gr\u00fc\u00dfe
            """;

    /** Whose maildrop has the mail that Angus Mail reads. */
    private static final String READER = "bob";

    private static final String PARTS =
            """
            From: J\u00fcrgen <j\u00fcrgen@b\u00fccher.example>
            To: Zo\u00e9 <zoe@example.org>
            Subject: Gr\u00fc\u00dfe aus K\u00f6ln, \u65e5\u672c\u8a9e
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary="=_1"

            --=_1
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 8bit
            Content-Description: Gr\u00fc\u00dfe

            .Viele Gr\u00fc\u00dfe
            --=_1
            Content-Type: text/csv; name="\u00dcbersicht f\u00fcr \u65e5\u672c.csv"
            Content-Disposition: attachment; filename="\u00dcbersicht f\u00fcr \u65e5\u672c.csv"

            a;b
            --=_1
            Content-Type: message/rfc822

            From: Zo\u00e9 <zoe@example.org>
            Subject: \u00c4ltere Gr\u00fc\u00dfe

            von fr\u00fcher
            --=_1--
            """;

    /** What a reader sees of that. */
    private static final List<String> SEEN =
            List.of(
                    "Gr\u00fc\u00dfe aus K\u00f6ln, \u65e5\u672c\u8a9e",
                    "Zo\u00e9",
                    "Gr\u00fc\u00dfe",
                    ".Viele Gr\u00fc\u00dfe",
                    "\u00dcbersicht f\u00fcr \u65e5\u672c.csv",
                    "\u00c4ltere Gr\u00fc\u00dfe");

    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;

    @BeforeAll
    static void start() throws Exception {
        site =
                new Site(folder)
                        .user(NAME)
                        .keeps(NAME, "{PLAIN}five \u00e9t\u00e9s", "")
                        .user(READER);
        server = PackagedServer.start(site);
        site.deliver(READER, PARTS.getBytes(StandardCharsets.UTF_8));
        site.deliver(NAME, MAIL.getBytes(StandardCharsets.UTF_8));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** Python has UTF8 since 3.5. It reads a surrogate as any old client does. */
    @Test
    @Tag("protocol-92")
    @Tag("protocol-126")
    @Tag("protocol-127")
    @Tag("protocol-128")
    @Tag("protocol-130")
    void pythonReadsTheSurrogateAndTheMessageItself() throws Exception {
        var script =
                """
                import email, email.policy, os, poplib, sys
                def session(utf8):
                    pop = poplib.POP3('127.0.0.1', int(os.environ['PORT']), timeout=20)
                    assert pop.capa()['UTF8'] == ['USER']
                    assert 'LANG' in pop.capa()
                    if utf8:
                        pop.utf8()
                    pop.user('\\uff5aoe')
                    pop.pass_('\\ufb01ve e\\u0301te\\u0301s')
                    number, size = pop.list()[1][0].split()
                    unique = pop.uidl()[1][0]
                    lines = pop.retr(1)[1]
                    octets = b''.join(line + b'\\r\\n' for line in lines)
                    assert len(octets) == int(size), (len(octets), size)
                    assert pop.list(1).split()[2] == size
                    assert pop.stat() == (1, int(size))
                    pop.quit()
                    return octets, unique
                plain, first = session(False)
                whole, second = session(True)
                assert first == second
                head = plain.split(b'\\r\\n\\r\\n')[0]
                assert head.isascii(), head
                read = email.message_from_bytes(plain, policy=email.policy.default)
                print(read['Subject'])
                print(read['To'])
                sender = read['From'].addresses[0]
                print(sender.display_name)
                print(sender.addr_spec)
                print(read.get_content().strip())
                sys.stdout.flush()
                sys.stdout.buffer.write(whole)
                """;
        var out =
                Program.client("python3", "-X", "utf8", "-c", script)
                        .with("PORT", Integer.toString(server.port()))
                        .run()
                        .well()
                        .out();
        assertEquals(
                """
                Gr\u00fc\u00dfe aus K\u00f6ln, \u65e5\u672c\u8a9e
                Zo\u00e9 <zoe@example.org>
                J\u00fcrgen <j\u00fcrgen@b\u00fccher.example>
                invalid@internationalized-address.invalid
                .Viele Gr\u00fc\u00dfe
                """
                        + MAIL.replace("\n", "\r\n"),
                new String(out, StandardCharsets.UTF_8));
    }

    /** curl sends name and password in AUTH PLAIN as they are, and never UTF8. */
    @Test
    @Tag("protocol-127")
    @Tag("protocol-130")
    void curlLogsInWithSuchANameAndGetsTheSurrogate() throws Exception {
        var scratch = Files.createTempDirectory(folder, "client");
        var account =
                new Account(
                        server.port(),
                        Security.CLEAR,
                        Files.copy(server.certificate(), scratch.resolve("server.pem")),
                        TYPED_NAME,
                        TYPED,
                        scratch);
        var messages = MailClient.curl(account, Login.PLAIN, false);
        assertEquals(1, messages.size());
        var text = new String(messages.getFirst(), StandardCharsets.UTF_8);
        var header = text.substring(0, text.indexOf("\r\n\r\n"));
        assertEquals(List.of(), header.chars().filter(c -> c > 0x7E).boxed().toList());
        assertArrayEquals(
                MAIL.substring(MAIL.indexOf("\n\n"))
                        .replace("\n", "\r\n")
                        .getBytes(StandardCharsets.UTF_8),
                text.substring(text.indexOf("\r\n\r\n")).getBytes(StandardCharsets.UTF_8));
    }

    /** Angus Mail has no UTF8, and reads a surrogate as it does any old message. */
    @Test
    @Tag("protocol-92")
    @Tag("protocol-127")
    void angusReadsTheSurrogateAndTheNamesOfItsParts() throws Exception {
        try (var store = Session.getInstance(new Properties()).getStore("pop3")) {
            store.connect("127.0.0.1", server.port(), READER, site.password(READER));
            try (var inbox = store.getFolder("INBOX")) {
                inbox.open(Folder.READ_ONLY);
                var message = inbox.getMessage(1);
                // LIST without what TOP says of the header.
                var size = message.getSize();
                var octets = written(message);
                var text = new String(octets, StandardCharsets.UTF_8);
                assertEquals(octets.length - text.indexOf("\r\n\r\n") - 4, size);
                assertEquals(SEEN, seen(message));
                var sender = (InternetAddress) message.getFrom()[0];
                assertEquals("J\u00fcrgen <j\u00fcrgen@b\u00fccher.example>", sender.getPersonal());
                assertEquals("invalid@internationalized-address.invalid", sender.getAddress());
            }
        }
    }

    /** The message itself is for those who send UTF8; the socket does it in Angus Mail's place. */
    @Test
    @Tag("protocol-92")
    @Tag("protocol-126")
    void angusReadsTheMessageItselfBehindASocketThatSendsUtf8() throws Exception {
        var settings = new Properties();
        settings.put("mail.pop3.socketFactory", new Utf8Sockets());
        settings.setProperty("mail.mime.allowutf8", "true");
        var session = Session.getInstance(settings);
        try (var store = session.getStore("pop3")) {
            store.connect("127.0.0.1", server.port(), READER, site.password(READER));
            try (var inbox = store.getFolder("INBOX")) {
                inbox.open(Folder.READ_ONLY);
                var provided = inbox.getMessage(1);
                var octets = written(provided);
                assertArrayEquals(
                        PARTS.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8), octets);
                // A message of its POP3 provider does not look at the setting; another one does.
                assertEquals(SEEN.getFirst(), utf8(provided.getSubject()));
                var message = new MimeMessage(session, new ByteArrayInputStream(octets));
                assertEquals(SEEN.getFirst(), message.getSubject());
                assertEquals(
                        "j\u00fcrgen@b\u00fccher.example",
                        ((InternetAddress) message.getFrom()[0]).getAddress());
            }
        }
    }

    private static byte[] written(Message message) throws IOException, MessagingException {
        var octets = new ByteArrayOutputStream();
        message.writeTo(octets);
        return octets.toByteArray();
    }

    private static List<String> seen(Message message) throws IOException, MessagingException {
        var parts = (Multipart) message.getContent();
        return List.of(
                message.getSubject(),
                ((InternetAddress) message.getRecipients(Message.RecipientType.TO)[0])
                        .getPersonal(),
                parts.getBodyPart(0).getDescription(),
                parts.getBodyPart(0).getContent().toString().strip(),
                parts.getBodyPart(1).getFileName(),
                ((Message) parts.getBodyPart(2).getContent()).getSubject());
    }

    @Test
    @Tag("protocol-129")
    @Tag("protocol-132")
    void theLanguagesAreInTheTarball() throws Exception {
        try (var pop = Pop3.connect(server.port())) {
            pop.line();
            assertEquals(
                    "+OK ja \u8a00\u8a9e\u306f\u65e5\u672c\u8a9e\u3067\u3059",
                    utf8(pop.command("LANG ja")));
            assertTrue(pop.command("UTF8").startsWith("+OK "));
            assertTrue(pop.command("STLS").startsWith("-ERR "));
            assertEquals("+OK \u3055\u3088\u3046\u306a\u3089", utf8(pop.command("QUIT")));
        }
    }

    private static String utf8(String latin1) {
        return new String(latin1.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    /** Connections that have said UTF8 when their user begins to talk. */
    private static final class Utf8Sockets extends SocketFactory {
        @Override
        public Socket createSocket() {
            return new Socket() {
                private InputStream in;

                @Override
                public void connect(SocketAddress server, int timeoutMillis) throws IOException {
                    super.connect(server, timeoutMillis);
                    var greeting = line(super.getInputStream());
                    getOutputStream().write("UTF8\r\n".getBytes(StandardCharsets.US_ASCII));
                    var reply = line(super.getInputStream());
                    if (!reply.startsWith("+OK")) {
                        throw new IOException(reply);
                    }
                    in =
                            new SequenceInputStream(
                                    new ByteArrayInputStream(
                                            greeting.getBytes(StandardCharsets.UTF_8)),
                                    super.getInputStream());
                }

                @Override
                public InputStream getInputStream() {
                    return in;
                }
            };
        }

        private static String line(InputStream in) throws IOException {
            var line = new ByteArrayOutputStream();
            for (int octet; (octet = in.read()) >= 0; ) {
                line.write(octet);
                if (octet == '\n') {
                    break;
                }
            }
            return line.toString(StandardCharsets.UTF_8);
        }

        /** A factory must offer sockets that are connected, too; this client asks for none. */
        private static AssertionError connectsItself() {
            return new AssertionError("Angus Mail connects its sockets itself");
        }

        @Override
        public Socket createSocket(String host, int port) {
            throw connectsItself();
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress from, int fromPort) {
            throw connectsItself();
        }

        @Override
        public Socket createSocket(InetAddress host, int port) {
            throw connectsItself();
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) {
            throw connectsItself();
        }
    }
}
