package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.Folder;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;

import org.apache.commons.net.pop3.ExtendedPOP3Client;
import org.apache.commons.net.pop3.ExtendedPOP3Client.AUTH_METHOD;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.stream.Stream;

/** Each SASL mechanism of the packaged server, with programs that nobody here wrote. */
class MechanismsIT {
    /** A directory that knows one token: what a real one asks an issuer for. */
    private static final String TOKENS =
            """
            package org.example.postern;

            import io.postern.spi.*;
            import io.postern.spi.auth.*;
            import java.util.List;

            public final class OneToken implements TokenDirectory {
                private Secret token;
                private String user;

                @Override
                public List<Setting> settings() {
                    return List.of(
                            Setting.required("token", Setting.Kind.SECRET, "The token."),
                            Setting.required("user", Setting.Kind.TEXT, "Whose it is."));
                }

                @Override
                public void start(PluginConfig config) {
                    token = config.secret("token");
                    user = config.text("user");
                }

                @Override
                public Verdict verifyToken(Secret shown) {
                    return shown.matches(token.octets())
                            ? new Verdict.Accepted(new User(user))
                            : new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
                }
            }
            """;

    /** GNU SASL's library, over TLS as OpenSSL has it; 67 says that it was not let in. */
    private static final String GNU_SASL =
            """
            import base64, ctypes, os, socket, sys
            from OpenSSL import SSL

            AUTHID, PASSWORD, CB_TLS_EXPORTER, NEEDS_MORE = 1, 3, 25, 1
            port, mechanism, user, bound = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
            plain = socket.create_connection(('127.0.0.1', port))
            tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), plain)
            tls.set_connect_state()
            tls.do_handshake()
            buffer = b''

            def line():
                global buffer
                while b'\\r\\n' not in buffer:
                    buffer += tls.recv(4096)
                one, _, buffer = buffer.partition(b'\\r\\n')
                return one

            gsasl = ctypes.CDLL('libgsasl.so.18')
            context, session = ctypes.c_void_p(), ctypes.c_void_p()
            assert gsasl.gsasl_init(ctypes.byref(context)) == 0
            assert gsasl.gsasl_client_start(
                context, mechanism.encode(), ctypes.byref(session)) == 0
            def know(what, value):
                assert gsasl.gsasl_property_set(session, what, value) == 0
            know(AUTHID, user.encode())
            know(PASSWORD, os.environ['SECRET'].encode())
            if bound != 'none':
                exported = tls.export_keying_material(b'EXPORTER-Channel-Binding', 32, b'')
                if bound == 'other':
                    exported = bytes(32)
                know(CB_TLS_EXPORTER, base64.b64encode(exported))
            line()
            tls.sendall(b'AUTH ' + mechanism.encode() + b'\\r\\n')
            reply = line()
            while reply.startswith(b'+ '):
                answer = ctypes.c_char_p()
                status = gsasl.gsasl_step64(
                    session, ctypes.c_char_p(reply[2:]), ctypes.byref(answer))
                assert status in (0, NEEDS_MORE), status
                tls.sendall((answer.value or b'') + b'\\r\\n')
                reply = line()
            print(reply.decode())
            sys.exit(0 if reply.startswith(b'+OK') else 67)
            """;

    private static final String TOKEN =
            Secrets.used("ya29.vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
    private static final String DEVICE = Secrets.fresh();

    /** What the tests below {@link #all} log in with, too. */
    static final List<String> OTHERS =
            List.of(
                    "curl EXTERNAL",
                    "GNU SASL SCRAM-SHA-1",
                    "GNU SASL SCRAM-SHA-256",
                    "GNU SASL SCRAM-SHA-1-PLUS",
                    "GNU SASL SCRAM-SHA-256-PLUS");

    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;
    private static int scratches;

    /** Logs in, and says whether it was let in. */
    @FunctionalInterface
    interface Attempt {
        boolean login(String user, String secret, String mechanism) throws Exception;
    }

    /** A program and a mechanism that it speaks. */
    record Way(String program, String mechanism, Attempt attempt) {
        @Override
        public String toString() {
            return program + " with " + mechanism;
        }

        boolean bearer() {
            return mechanism.equals("OAUTHBEARER") || mechanism.equals("XOAUTH2");
        }
    }

    static Stream<Way> all() {
        var ways = new ArrayList<Way>();
        // With both on offer, curl takes OAUTHBEARER even if it is told to take XOAUTH2.
        for (var name : List.of("PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER")) {
            ways.add(new Way("curl", name, MechanismsIT::curl));
        }
        for (var name :
                List.of(
                        "PLAIN",
                        "LOGIN",
                        "CRAM-MD5",
                        "SCRAM-SHA-1",
                        "SCRAM-SHA-256",
                        "OAUTHBEARER",
                        "XOAUTH2")) {
            ways.add(new Way("mpop", name, MechanismsIT::mpop));
        }
        ways.add(new Way("fetchmail", "CRAM-MD5", MechanismsIT::fetchmail));
        ways.add(new Way("Commons Net", "CRAM-MD5", MechanismsIT::commonsNet));
        ways.add(new Way("Angus Mail", "PLAIN", MechanismsIT::angus));
        ways.add(new Way("Angus Mail", "XOAUTH2", MechanismsIT::angus));
        return ways.stream();
    }

    @BeforeAll
    static void start() throws Exception {
        var installation = Installation.unpack(Files.createDirectory(folder.resolve("unpacked")));
        OwnPlugin.directory(installation, folder.resolve("own"), "OneToken", TOKENS);
        site =
                new Site(Files.createDirectory(folder.resolve("site")))
                        .user("demo")
                        .user("kept")
                        .mechanisms(
                                "user-pass",
                                "sasl-plain",
                                "sasl-login",
                                "sasl-cram-md5",
                                "scram-sha-1",
                                "scram-sha-1-plus",
                                "scram-sha-256",
                                "scram-sha-256-plus",
                                "sasl-external",
                                "oauth-bearer",
                                "xoauth2")
                        .directory(
                                """
                                <directory plugin="xml-users"><file>%s</file></directory>
                                <directory plugin="one-token">
                                  <token>%s</token>
                                  <user>demo</user>
                                </directory>
                                """
                                        .formatted(folder.resolve("site/users.xml"), TOKEN));
        site.keeps(
                "kept",
                passwd(installation, "SCRAM-SHA-256", site.password("kept")),
                "<device label=\"phone\" password=\"{PLAIN}" + DEVICE + "\"/>");
        clientCertificate();
        site.listener(
                """
                <listener address="127.0.0.1" port="0" tls="implicit"
                          client-certificates="optional" client-trust="%s"/>
                """
                        .formatted(folder.resolve("client.pem")));
        site.deliver("demo", Mail.octets("Subject: one\n\n1\n"));
        site.deliver("kept", Mail.octets("Subject: one\n\n1\n"));
        server = PackagedServer.start(installation, site);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** Of somebody with the e-mail address demo. */
    private static void clientCertificate() throws Exception {
        Program.client(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "rsa:2048",
                        "-nodes",
                        "-keyout",
                        folder.resolve("client.key").toString(),
                        "-out",
                        folder.resolve("client.pem").toString(),
                        "-days",
                        "2",
                        "-subj",
                        "/CN=somebody",
                        "-addext",
                        "subjectAltName=email:demo",
                        "-addext",
                        "extendedKeyUsage=clientAuth")
                .run()
                .well();
    }

    private static String passwd(Installation installation, String scheme, String password)
            throws Exception {
        return Program.of(
                        "/bin/sh",
                        "-c",
                        "printf '%s\\n' \"$SECRET\" | \"$POSTERN\" passwd --stdin --scheme "
                                + scheme)
                .with("SECRET", password)
                .with("POSTERN", installation.launcher().toString())
                .run()
                .well()
                .text()
                .strip();
    }

    @ParameterizedTest
    @MethodSource("all")
    @Tag("protocol-53")
    void theRightSecretLetsInAndAnyOtherDoesNot(Way way) throws Exception {
        var secret = way.bearer() ? TOKEN : site.password("demo");
        assertTrue(way.attempt().login("demo", secret, way.mechanism()));
        assertFalse(way.attempt().login("demo", "x" + secret, way.mechanism()));
        assertFalse(way.attempt().login("mallory", secret, way.mechanism()));
        logged("mechanism=" + way.mechanism());
    }

    @Test
    @Tag("protocol-73")
    void keysThatPasswdMadeServeScramAndPasswords() throws Exception {
        assertTrue(mpop("kept", site.password("kept"), "SCRAM-SHA-256"));
        assertTrue(mpop("kept", site.password("kept"), "PLAIN"));
        assertFalse(mpop("kept", site.password("kept"), "SCRAM-SHA-1"));
        assertFalse(mpop("kept", site.password("kept"), "CRAM-MD5"));
    }

    @Test
    void theSessionsLineShowsTheDevice() throws Exception {
        assertTrue(mpop("kept", DEVICE, "PLAIN"));
        logged(" user=kept device=phone ");
    }

    /** The line of a session comes when its connection is closed, which no client waits for. */
    private static void logged(String text) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertTrue(server.log().contains(text), server.log()));
    }

    @Test
    @Tag("protocol-62")
    @Tag("protocol-76")
    void whatIsOfferedFitsTheDirectoriesAndTheChannel() throws Exception {
        try (var client = Pop3.connect(server.port())) {
            client.line();
            var sasl = "SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 OAUTHBEARER XOAUTH2";
            client.ok("CAPA");
            var before = new String(client.multiline(), StandardCharsets.US_ASCII);
            assertTrue(before.lines().anyMatch(sasl::equals), before);
            client.ok("AUTH");
            assertEquals(
                    sasl.substring("SASL ".length()).replace(" ", "\r\n") + "\r\n",
                    new String(client.multiline(), StandardCharsets.US_ASCII));
            client.ok("USER demo");
            client.ok("PASS " + site.password("demo"));
            client.ok("CAPA");
            var after = new String(client.multiline(), StandardCharsets.US_ASCII);
            assertTrue(after.lines().anyMatch(sasl::equals), after);
            client.quit();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"})
    @Tag("protocol-74")
    void gnuSaslIsBoundToItsConnectionAndToNoOther(String mechanism) throws Exception {
        var password = site.password("demo");
        assertTrue(gnuSasl("demo", password, mechanism, "own"));
        assertFalse(gnuSasl("demo", "x" + password, mechanism, "own"));
        assertFalse(gnuSasl("demo", password, mechanism, "other"));
        assertTrue(gnuSasl("demo", password, mechanism.replace("-PLUS", ""), "none"));
    }

    @Test
    @Tag("protocol-120")
    void curlLogsInByItsCertificateAndByNoOtherName() throws Exception {
        assertTrue(curlExternal("demo", true));
        assertFalse(curlExternal("kept", true));
        assertFalse(curlExternal("demo", false));
    }

    @Test
    @Tag("protocol-63")
    @Tag("protocol-64")
    @Tag("protocol-71")
    @Tag("protocol-121")
    void inTheClearNothingIsOfferedThatShowsASecretAndOverTlsAllOfItIs() throws Exception {
        try (var client = Pop3.connect(server.port(Security.STLS))) {
            client.line();
            client.ok("CAPA");
            var clear = new String(client.multiline(), StandardCharsets.US_ASCII);
            assertTrue(
                    clear.lines().anyMatch("SASL CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"::equals),
                    clear);
            for (var name : List.of("PLAIN", "LOGIN", "XOAUTH2", "EXTERNAL", "SCRAM-SHA-1-PLUS")) {
                assertTrue(client.command("AUTH " + name).startsWith("-ERR "), name);
            }
        }
        try (var client = Pop3.connect(server.port(Security.TLS), server.certificate())) {
            client.line();
            client.ok("CAPA");
            var encrypted = new String(client.multiline(), StandardCharsets.US_ASCII);
            assertTrue(
                    encrypted
                            .lines()
                            .anyMatch(
                                    ("SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS"
                                                    + " SCRAM-SHA-256 SCRAM-SHA-256-PLUS OAUTHBEARER"
                                                    + " XOAUTH2")
                                            ::equals),
                    encrypted);
        }
    }

    private static boolean gnuSasl(String user, String secret, String mechanism, String bound)
            throws Exception {
        // Debian's own Python, which has Debian's pyOpenSSL.
        var ending =
                Program.of(
                                "/usr/bin/python3",
                                "-c",
                                GNU_SASL,
                                Integer.toString(server.port(Security.TLS)),
                                mechanism,
                                user,
                                bound)
                        .with("SECRET", secret)
                        .run();
        return lets(ending, 67);
    }

    private static boolean curlExternal(String user, boolean certificate) throws Exception {
        var config =
                secretFile(
                        """
                        silent
                        max-time = 30
                        cacert = "%s"
                        user = "%s:"
                        login-options = "AUTH=EXTERNAL"
                        %s
                        """
                                .formatted(
                                        server.certificate(),
                                        user,
                                        certificate
                                                ? "cert = \"%s\"\nkey = \"%s\""
                                                        .formatted(
                                                                folder.resolve("client.pem"),
                                                                folder.resolve("client.key"))
                                                : ""));
        var ending =
                Program.client(
                                "curl",
                                "-K",
                                config.toString(),
                                "pop3s://127.0.0.1:" + server.extraPort() + "/")
                        .run();
        return lets(ending, 67);
    }

    @Test
    @Tag("protocol-70")
    void aRefusedTokenIsExplainedBeforeTheEnd() throws Exception {
        try (var client = Pop3.connect(server.port())) {
            client.line();
            var message = "n,a=demo,\u0001auth=Bearer wrong\u0001\u0001";
            var challenge =
                    client.command(
                            "AUTH OAUTHBEARER "
                                    + Base64.getEncoder()
                                            .encodeToString(
                                                    message.getBytes(StandardCharsets.US_ASCII)));
            assertEquals(
                    "{\"status\":\"invalid_token\"}",
                    new String(
                            Base64.getDecoder().decode(challenge.substring("+ ".length())),
                            StandardCharsets.US_ASCII));
            assertEquals("-ERR [AUTH] login refused", client.command("AQ=="));
            client.ok("USER demo");
            client.ok("PASS " + site.password("demo"));
            client.quit();
        }
    }

    private static Path secretFile(String text) throws Exception {
        var file =
                Files.createFile(
                        folder.resolve("scratch" + ++scratches),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    private static boolean curl(String user, String secret, String mechanism) throws Exception {
        var bearer = mechanism.equals("OAUTHBEARER") || mechanism.equals("XOAUTH2");
        var config =
                secretFile(
                        """
                        silent
                        max-time = 30
                        user = "%s:%s"
                        login-options = "AUTH=%s"
                        %s
                        """
                                .formatted(
                                        user,
                                        bearer ? "" : secret,
                                        mechanism,
                                        bearer ? "oauth2-bearer = \"" + secret + '"' : ""));
        var ending =
                Program.client(
                                "curl",
                                "-K",
                                config.toString(),
                                "pop3://127.0.0.1:" + server.port() + "/")
                        .run();
        return lets(ending, 67);
    }

    /** Status 0 is in, this one is out; any other is a mistake of the test. */
    private static boolean lets(Program.Ending ending, int refused) {
        if (ending.status() != 0 && ending.status() != refused) {
            throw new AssertionError(ending.status() + ": " + ending.text() + ending.err());
        }
        return ending.status() == 0;
    }

    private static boolean mpop(String user, String secret, String mechanism) throws Exception {
        var config =
                secretFile(
                        """
                        account default
                        host 127.0.0.1
                        port %d
                        tls off
                        auth %s
                        user %s
                        password %s
                        timeout 20
                        delivery mda /bin/false
                        """
                                .formatted(
                                        server.port(),
                                        mechanism.toLowerCase(Locale.ROOT),
                                        user,
                                        secret));
        var ending = Program.client("mpop", "--file=" + config, "--auth-only").run();
        return lets(ending, 77);
    }

    private static boolean fetchmail(String user, String secret, String mechanism)
            throws Exception {
        var config =
                secretFile(
                        """
                        set no syslog
                        set invisible
                        poll 127.0.0.1 service %d protocol pop3 auth %s timeout 20
                          user "%s" password "%s" keep fetchall
                          sslproto ''
                          mda "cat > /dev/null"
                        """
                                .formatted(
                                        server.port(),
                                        mechanism.toLowerCase(Locale.ROOT),
                                        user,
                                        secret));
        var home = Files.createDirectory(folder.resolve("home" + ++scratches));
        var ending =
                Program.client(
                                "fetchmail",
                                "--fetchmailrc",
                                config.toString(),
                                "--nodetach",
                                "--silent",
                                "--idfile",
                                home.resolve("ids").toString(),
                                "--pidfile",
                                home.resolve("pid").toString())
                        .with("HOME", home.toString())
                        .run();
        return lets(ending, 3);
    }

    private static boolean commonsNet(String user, String secret, String mechanism)
            throws Exception {
        var client = new ExtendedPOP3Client();
        client.setDefaultTimeout(20_000);
        client.connect("127.0.0.1", server.port());
        try {
            return client.auth(AUTH_METHOD.valueOf(mechanism.replace('-', '_')), user, secret);
        } finally {
            client.disconnect();
        }
    }

    private static boolean angus(String user, String secret, String mechanism) throws Exception {
        var settings = new Properties();
        settings.setProperty("mail.pop3.connectiontimeout", "20000");
        settings.setProperty("mail.pop3.timeout", "20000");
        settings.setProperty("mail.pop3.auth.mechanisms", mechanism);
        settings.setProperty("mail.pop3.auth.xoauth2.two.line.authentication.format", "true");
        try (var store = Session.getInstance(settings).getStore("pop3")) {
            store.connect("127.0.0.1", server.port(), user, secret);
            // With XOAUTH2 it takes the answer that explains a refusal for success.
            try (var inbox = store.getFolder("INBOX")) {
                inbox.open(Folder.READ_ONLY);
            }
            return true;
        } catch (AuthenticationFailedException e) {
            return false;
        } catch (MessagingException e) {
            if (mechanism.equals("XOAUTH2")) {
                return false;
            }
            throw e;
        }
    }
}
