package io.postern.distribution;

import jakarta.mail.Folder;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;

import org.apache.commons.net.pop3.ExtendedPOP3Client;
import org.apache.commons.net.pop3.POP3;
import org.apache.commons.net.pop3.POP3Client;
import org.apache.commons.net.pop3.POP3SClient;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/** A mail program that nobody here wrote. */
interface MailClient {

    /** How it logs in. */
    enum Login {
        USER,
        APOP,
        PLAIN
    }

    /**
     * Whose mail is read, and from where.
     *
     * @param certificate that the server shows, and nobody vouches for
     * @param scratch a folder for the program's own files
     */
    record Account(
            int port,
            Security security,
            Path certificate,
            String user,
            String password,
            Path scratch) {

        /** A file that only its owner may read, as several programs demand. */
        Path secretFile(String name, String text) throws IOException {
            var file = scratch.resolve(name);
            Files.createFile(
                    file,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            return Files.writeString(file, text);
        }
    }

    /**
     * Reads every message.
     *
     * @param remove whether it is to remove what it has read
     * @return what it made of them, in order
     */
    List<byte[]> read(Account account, Login login, boolean remove)
            throws IOException, InterruptedException, MessagingException, GeneralSecurityException;

    /** curl, one run for each message. Its removal sees nothing of the message. */
    static List<byte[]> curl(Account account, Login login, boolean remove)
            throws IOException, InterruptedException {
        var config =
                account.secretFile(
                        "curlrc",
                        """
                        silent
                        show-error
                        max-time = 30
                        user = "%s:%s"
                        login-options = "AUTH=%s"
                        cacert = "%s"
                        %s
                        """
                                .formatted(
                                        account.user(),
                                        account.password(),
                                        login == Login.APOP ? "+APOP" : login.name(),
                                        account.certificate(),
                                        account.security() == Security.STLS ? "ssl-reqd" : ""));
        var url =
                (account.security() == Security.TLS ? "pop3s" : "pop3")
                        + "://127.0.0.1:"
                        + account.port()
                        + "/";
        var list = Program.client("curl", "-K", config.toString(), url).run().well().text();
        var messages = new ArrayList<byte[]>();
        for (var line : list.lines().toList()) {
            var number = line.substring(0, line.indexOf(' '));
            messages.add(
                    Program.client("curl", "-K", config.toString(), url + number)
                            .run()
                            .well()
                            .out());
        }
        // The highest first: each run is a session of its own, after which the numbers close up.
        for (var number = messages.size(); remove && number > 0; number--) {
            Program.client(
                            "curl",
                            "-K",
                            config.toString(),
                            "--list-only",
                            "-X",
                            "DELE",
                            url + number)
                    .run()
                    .well();
        }
        return messages;
    }

    /** fetchmail, which hands each message to a command. */
    static List<byte[]> fetchmail(Account account, Login login, boolean remove)
            throws IOException, InterruptedException {
        var box = Files.createDirectory(account.scratch().resolve("box"));
        var config =
                account.secretFile(
                        "fetchmailrc",
                        """
                        set no syslog
                        set invisible
                        poll 127.0.0.1 service %d protocol %s auth password timeout 20
                          user "%s" password "%s" %s fetchall no rewrite no mimedecode
                          no stripcr pass8bits
                          %s
                          mda "/bin/sh %s"
                        """
                                .formatted(
                                        account.port(),
                                        login == Login.APOP ? "apop" : "pop3",
                                        account.user(),
                                        account.password(),
                                        remove ? "no keep" : "keep",
                                        switch (account.security()) {
                                            case CLEAR -> "sslproto ''";
                                            case TLS -> "ssl sslproto 'TLS1.2+'" + trust(account);
                                            case STLS -> "sslproto 'TLS1.2+'" + trust(account);
                                        },
                                        keeper(box)));
        Program.client(
                        "fetchmail",
                        "--fetchmailrc",
                        config.toString(),
                        "--silent",
                        "--nodetach",
                        "--idfile",
                        account.scratch().resolve("ids").toString(),
                        "--pidfile",
                        account.scratch().resolve("pid").toString())
                .with("HOME", account.scratch().toString())
                .run()
                .well();
        return files(box);
    }

    /** For fetchmail, which does not look for addresses in certificates. */
    private static String trust(Account account) {
        return " sslcertck sslcertfile '%s' sslcommonname localhost"
                .formatted(account.certificate());
    }

    /** getmail6, which hands each message to a command, with line ends of LF. */
    static List<byte[]> getmail(Account account, Login login, boolean remove)
            throws IOException, InterruptedException {
        var box = Files.createDirectory(account.scratch().resolve("box"));
        var config =
                account.secretFile(
                        "getmailrc",
                        """
                        [retriever]
                        type = SimplePOP3%sRetriever
                        server = 127.0.0.1
                        port = %d
                        username = %s
                        password = %s
                        use_apop = %s
                        %s
                        timeout = 20
                        [destination]
                        type = MDA_external
                        path = /bin/sh
                        arguments = ("%s",)
                        allow_root_commands = true
                        [options]
                        delivered_to = false
                        received = false
                        read_all = true
                        delete = %s
                        verbose = 0
                        """
                                .formatted(
                                        account.security() == Security.TLS ? "SSL" : "",
                                        account.port(),
                                        account.user(),
                                        account.password(),
                                        login == Login.APOP,
                                        account.security() == Security.TLS
                                                ? "ca_certs = " + account.certificate()
                                                : "",
                                        keeper(box),
                                        remove));
        Program.client(
                        "getmail",
                        "--rcfile",
                        config.toString(),
                        "--getmaildir",
                        account.scratch().toString())
                .with("HOME", account.scratch().toString())
                .run()
                .well();
        return files(box);
    }

    /** mpop, which delivers into a Maildir, with line ends of LF. */
    static List<byte[]> mpop(Account account, Login login, boolean remove)
            throws IOException, InterruptedException {
        var box = account.scratch().resolve("box");
        for (var part : List.of("tmp", "new", "cur")) {
            Files.createDirectories(box.resolve(part));
        }
        var config =
                account.secretFile(
                        "mpoprc",
                        """
                        account default
                        host 127.0.0.1
                        port %d
                        tls %s
                        tls_starttls %s
                        tls_trust_file %s
                        auth %s
                        user %s
                        password %s
                        keep %s
                        received_header off
                        timeout 20
                        uidls_file %s
                        delivery maildir %s
                        """
                                .formatted(
                                        account.port(),
                                        account.security() == Security.CLEAR ? "off" : "on",
                                        account.security() == Security.STLS ? "on" : "off",
                                        account.certificate(),
                                        login.name().toLowerCase(java.util.Locale.ROOT),
                                        account.user(),
                                        account.password(),
                                        remove ? "off" : "on",
                                        account.scratch().resolve("uidls"),
                                        box));
        Program.client("mpop", "--file=" + config, "--quiet")
                .with("HOME", account.scratch().toString())
                .run()
                .well();
        return files(box.resolve("new"));
    }

    /** The POP3 module of Python's own library. */
    static List<byte[]> poplib(Account account, Login login, boolean remove)
            throws IOException, InterruptedException {
        var box = Files.createDirectory(account.scratch().resolve("box"));
        var script =
                """
                import os, poplib, ssl
                port, security = int(os.environ['PORT']), os.environ['SECURITY']
                context = ssl.create_default_context(cafile=os.environ['CERTIFICATE'])
                if security == 'TLS':
                    pop = poplib.POP3_SSL('127.0.0.1', port, timeout=20, context=context)
                else:
                    pop = poplib.POP3('127.0.0.1', port, timeout=20)
                if security == 'STLS':
                    pop.stls(context)
                user, password = os.environ['MAIL_USER'], os.environ['MAIL_PASSWORD']
                if os.environ['LOGIN'] == 'APOP':
                    pop.apop(user, password)
                else:
                    pop.user(user)
                    pop.pass_(password)
                for entry in pop.list()[1]:
                    number, size = entry.split()
                    lines = pop.retr(int(number))[1]
                    message = b''.join(line + b'\\r\\n' for line in lines)
                    with open(os.path.join(os.environ['BOX'], '%04d' % int(number)), 'wb') as f:
                        f.write(message)
                    if os.environ['REMOVE'] == 'true':
                        pop.dele(int(number))
                pop.quit()
                """;
        Program.client("python3", "-c", script)
                .with("PORT", Integer.toString(account.port()))
                .with("SECURITY", account.security().name())
                .with("CERTIFICATE", account.certificate().toString())
                .with("MAIL_USER", account.user())
                .with("MAIL_PASSWORD", account.password())
                .with("LOGIN", login.name())
                .with("BOX", box.toString())
                .with("REMOVE", Boolean.toString(remove))
                .run()
                .well();
        return files(box);
    }

    /** Angus Mail, the reference implementation of Jakarta Mail. */
    static List<byte[]> angus(Account account, Login login, boolean remove)
            throws IOException, MessagingException {
        var settings = new Properties();
        settings.put(
                "mail.pop3.ssl.socketFactory",
                Tls.trusting(account.certificate()).getSocketFactory());
        settings.put("mail.pop3.ssl.enable", account.security() == Security.TLS);
        settings.put("mail.pop3.starttls.required", account.security() == Security.STLS);
        settings.setProperty("mail.pop3.connectiontimeout", "20000");
        settings.setProperty("mail.pop3.timeout", "20000");
        settings.setProperty("mail.pop3.auth.mechanisms", login == Login.PLAIN ? "PLAIN" : "LOGIN");
        settings.setProperty("mail.pop3.apop.enable", Boolean.toString(login == Login.APOP));
        var messages = new ArrayList<byte[]>();
        try (var store = Session.getInstance(settings).getStore("pop3")) {
            store.connect("127.0.0.1", account.port(), account.user(), account.password());
            try (var inbox = store.getFolder("INBOX")) {
                inbox.open(Folder.READ_WRITE);
                for (var message : inbox.getMessages()) {
                    var octets = new ByteArrayOutputStream();
                    message.writeTo(octets);
                    messages.add(octets.toByteArray());
                    message.setFlag(jakarta.mail.Flags.Flag.DELETED, remove);
                }
            }
        }
        return messages;
    }

    /** Apache Commons Net. */
    static List<byte[]> commonsNet(Account account, Login login, boolean remove)
            throws IOException, GeneralSecurityException {
        var trust = Tls.trust(account.certificate())[0];
        var client =
                account.security() == Security.TLS
                        ? new POP3SClient(true, Tls.trusting(account.certificate()))
                        : new ExtendedPOP3Client();
        client.setTrustManager(trust);
        client.setDefaultTimeout(20_000);
        client.connect("127.0.0.1", account.port());
        try {
            if (account.security() == Security.STLS && !client.execTLS()) {
                throw new AssertionError(client.getReplyString());
            }
            if (!login(client, account, login)) {
                throw new AssertionError(client.getReplyString());
            }
            // Its AUTH forgets to note that it has logged in.
            client.setState(POP3.TRANSACTION_STATE);
            var messages = new ArrayList<byte[]>();
            for (var entry : client.listMessages()) {
                var text = new java.io.StringWriter();
                try (var reader = client.retrieveMessage(entry.number)) {
                    reader.transferTo(text);
                }
                messages.add(text.toString().getBytes(StandardCharsets.ISO_8859_1));
                if (remove) {
                    client.deleteMessage(entry.number);
                }
            }
            client.logout();
            return messages;
        } finally {
            client.disconnect();
        }
    }

    private static boolean login(POP3SClient client, Account account, Login login)
            throws IOException, GeneralSecurityException {
        return switch (login) {
            case USER -> client.login(account.user(), account.password());
            case APOP -> client.login(account.user(), stamp(client), account.password());
            case PLAIN ->
                    ((ExtendedPOP3Client) client)
                            .auth(
                                    ExtendedPOP3Client.AUTH_METHOD.PLAIN,
                                    account.user(),
                                    account.password());
        };
    }

    private static String stamp(POP3Client client) {
        var greeting = client.getReplyString();
        return greeting.substring(greeting.indexOf('<'), greeting.indexOf('>') + 1);
    }

    /** A shell script that keeps its input in the next file of a folder. */
    private static Path keeper(Path box) throws IOException {
        return Files.writeString(
                box.resolveSibling("keep"),
                "cat > \"%1$s/$(printf %%04d $(ls \"%1$s\" | wc -l))\"%n".formatted(box));
    }

    private static List<byte[]> files(Path box) throws IOException {
        var messages = new ArrayList<byte[]>();
        try (Stream<Path> files = Files.list(box)) {
            for (var file : files.sorted().toList()) {
                messages.add(Files.readAllBytes(file));
            }
        }
        return messages;
    }
}
