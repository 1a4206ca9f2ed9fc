package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.distribution.MailClient.Account;
import io.postern.distribution.MailClient.Login;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

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

    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;

    @BeforeAll
    static void start() throws Exception {
        site = new Site(folder).user(NAME).keeps(NAME, "{PLAIN}five \u00e9t\u00e9s", "");
        server = PackagedServer.start(site);
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
}
