package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;

/**
 * What no client says that means well: each is answered with one refusal in words of POP3, nothing
 * of the server's inside gets to the client, and no defect into the log.
 */
class BadInputIT {
    private static final String CONTROL = "a\u0001b\u0000c\u007fd\u001be";

    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;

    @BeforeAll
    static void start() throws Exception {
        site =
                new Site(Files.createDirectory(folder.resolve("site")))
                        .user("anna")
                        .limits("<bad-commands-before-login>99</bad-commands-before-login>")
                        .mechanisms(
                                "user-pass",
                                "apop",
                                "sasl-plain",
                                "sasl-login",
                                "sasl-cram-md5",
                                "scram-sha-256")
                        .listener(
                                """
                                <listener address="127.0.0.1" port="0" tls="none"
                                    allow-plaintext="true">
                                  <proxy-protocol from="127.0.0.1"/>
                                </listener>
                                """);
        server = PackagedServer.start(site);
    }

    @AfterAll
    static void stop() {
        var log = server.log();
        server.close();
        assertFalse(log.contains("\n\tat "), () -> "a stack trace:\n" + log);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(ISO_8859_1));
    }

    private static void refused(String answer) {
        assertTrue(answer.startsWith("-ERR "), answer);
        assertFalse(answer.matches(".*(Exception|Error|io\\.postern|java|null).*"), answer);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "A",
                "AA",
                "AAA",
                "AAAAA",
                "====",
                "A===",
                "AA=A",
                "AA==AAAA",
                "AAAA AAAA",
                "AAA\t",
                "AAA*",
                "AA-_",
                "\u00e4\u00f6\u00fc\u00df",
                "*AAA",
                " AAA",
                "AAAA="
            })
    @Tag("protocol-57")
    @Tag("protocol-58")
    void whatIsNotBase64EndsTheExchangeAndNotTheSession(String text) throws Exception {
        try (var client = Pop3.connect(server.port())) {
            client.line();
            refused(client.command("AUTH PLAIN " + text));
            for (var mechanism : new String[] {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
                assertTrue(client.command("AUTH " + mechanism).startsWith("+ "), mechanism);
                refused(client.command(text));
            }
            client.ok("USER anna");
            client.ok("PASS " + site.password("anna"));
            client.quit();
        }
    }

    @Test
    void aContinuationThatIsTooLongIsRefusedOnceAndTheSessionGoesOn() throws Exception {
        try (var client = Pop3.connect(server.port())) {
            client.line();
            for (var length : new int[] {65_535, 70_000}) {
                assertTrue(client.command("AUTH PLAIN").startsWith("+ "));
                refused(client.command("A".repeat(length)));
            }
            client.quit();
        }
    }

    /** The longest ones that are read are credentials like any others. */
    @Test
    void aNameMayBeAsLongAsAResponse() throws Exception {
        try (var client = Pop3.connect(server.port())) {
            client.line();
            assertTrue(client.command("AUTH PLAIN").startsWith("+ "));
            refused(client.command(base64("\0" + "a".repeat(48_000) + "\0x")));
            for (var name : new String[] {"a".repeat(48_000), "=2C".repeat(16_000)}) {
                assertTrue(client.command("AUTH SCRAM-SHA-256").startsWith("+ "));
                var next = client.command(base64("n,,n=" + name + ",r=abc"));
                refused(next.startsWith("+ ") ? client.command("*") : next);
            }
            client.quit();
        }
    }

    @Test
    void controlOctetsInCredentialsAreRefusedAndCannotForgeALogLine() throws Exception {
        var forged = "x\r\n2026-01-01T00:00:00.000Z INFO auth - login failed client=192.0.2.99";
        try (var client = Pop3.connect(server.port())) {
            client.line();
            refused(client.command("USER " + CONTROL));
            refused(client.command("APOP " + CONTROL + " c4c9334bac560ecc979e58001b3e22fb"));
            refused(client.command("AUTH " + CONTROL));
            client.ok("USER anna");
            refused(client.command("PASS " + CONTROL));
            for (var name :
                    new String[] {CONTROL.replace("\0", ""), forged, "\u00ff\u00fe", "a\nb"}) {
                refused(client.command("AUTH PLAIN " + base64("\0" + name + "\0pw")));
                refused(client.command("AUTH PLAIN " + base64(name + "\0anna\0pw")));
                assertTrue(client.command("AUTH LOGIN").startsWith("+ "));
                var next = client.command(base64(name));
                refused(next.startsWith("+ ") ? client.command(base64("pw")) : next);
                assertTrue(client.command("AUTH CRAM-MD5").startsWith("+ "));
                refused(client.command(base64(name + " 0123456789abcdef0123456789abcdef")));
                refused(
                        client.command(
                                "AUTH SCRAM-SHA-256 " + base64("n,,n=" + name + ",r=" + name)));
            }
            client.quit();
        }
        await().atMost(Duration.ofSeconds(10)).until(() -> server.log().contains("login failed"));
        assertFalse(
                server.log().lines().anyMatch(line -> line.startsWith("2026-01-01")), server.log());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PROXY TCP4 203.0.113.300 198.51.100.1 50022 110\r\n",
                "PROXY TCP4 2001:db8::1 198.51.100.1 50022 110\r\n",
                "PROXY TCP4 203.0.113.1 198.51.100.1 99999 110\r\n",
                "PROXY TCP4 203.0.113.1 198.51.100.1 50022\r\n",
                "PROXY TCP4 localhost 198.51.100.1 50022 110\r\n",
                "PROXY TCP4 203.0.113.1\0 198.51.100.1 50022 110\r\n",
                "PROXY TCP4 203.0.113.1 198.51.100.1 50022 110\n",
                "PROXY UNKNOWN"
                        + " 0123456789012345678901234567890123456789012345678901234567890123"
                        + "4567890123456789012345678901234567890123456789\r\n",
                "\r\n\r\n\0\r\nQUIT\n!\u0011\0\u0002ab",
                "\r\n\r\n\0\r\nQUIT\n!\u0011\u00ff\u00ff",
                "\r\n\r\n\0\r\nQUIT\n1\u0011\0\0"
            })
    @Tag("protocol-134")
    void aLyingProxyHeaderIsClosedWithoutAWord(String header) throws Exception {
        try (var client = Pop3.connect(server.addedPort())) {
            client.send(header);
            assertEquals(0, client.rest().length);
        }
        await().atMost(Duration.ofSeconds(10))
                .until(() -> server.log().contains("limit=proxy-protocol"));
    }

    @Test
    void aCertificateThatExpiredIsToldAtTheStartAndByCheck() throws Exception {
        var authority = new Authority(folder.resolve("authority"));
        var late = new Site(Files.createDirectory(folder.resolve("late"))).user("bela");
        late.identity(
                authority.identity(
                        "expired",
                        "rsa:2048",
                        "-startdate 20200101000000Z -enddate 20200201000000Z"));
        var checked =
                Installation.shared().postern("check", "--config", late.write().toString()).run();
        var words = "expired.pem expired at 2020-02-01T00:00:00Z.";
        assertTrue(
                (checked.text() + checked.err()).contains(words), checked.text() + checked.err());
        assertEquals(0, checked.status());
        try (var running = PackagedServer.start(late)) {
            assertTrue(
                    running.log()
                            .lines()
                            .anyMatch(line -> line.contains("WARN") && line.contains(words)),
                    running.log());
            // Mail programs refuse it, each in its way; the server lives, and those without TLS
            // too.
            var refusal =
                    Program.client(
                                    "curl",
                                    "--silent",
                                    "--show-error",
                                    "--cacert",
                                    authority.certificate().toString(),
                                    "pop3s://localhost:" + running.port(Security.TLS) + "/")
                            .run();
            assertEquals(60, refusal.status(), refusal.err());
            assertTrue(refusal.err().contains("expired"), refusal.err());
            running.login("bela").quit();
        }
    }
}
