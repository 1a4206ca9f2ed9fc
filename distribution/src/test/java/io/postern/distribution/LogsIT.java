package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * No log holds a secret. The last class of all: it tells how many logs were searched for how many
 * secrets, see {@link Secrets}.
 */
@Order(Integer.MAX_VALUE)
class LogsIT {
    @TempDir static Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"info", "trace"})
    void noLoginLeavesItsSecretInTheLog(String level) throws Exception {
        var installation =
                Installation.unpack(Files.createDirectory(folder.resolve("at-" + level)));
        var settings = installation.home().resolve("conf/simplelogger.properties");
        Files.writeString(
                settings,
                Files.readString(settings)
                        .replace("defaultLogLevel=info", "defaultLogLevel=" + level));
        var site =
                new Site(Files.createDirectory(folder.resolve("site-" + level)))
                        .user("anna")
                        .mechanisms(
                                "user-pass", "apop", "sasl-plain", "sasl-login", "sasl-cram-md5")
                        .limits("<bad-commands-before-login>9</bad-commands-before-login>");
        String log;
        try (var server = PackagedServer.start(installation, site)) {
            for (var password : new String[] {site.password("anna"), Secrets.fresh()}) {
                everyLogin(server, password, password.equals(site.password("anna")));
            }
            try (var tls = Pop3.connect(server.port(Security.TLS), server.certificate())) {
                Pop3.login(tls, "anna", site.password("anna")).quit();
            }
            await().atMost(Duration.ofSeconds(10))
                    .until(() ->
                            server.log().lines().filter(it -> it.contains("reason=quit")).count()
                                    > 1);
            log = server.log();
        }
        assertEquals(level.equals("trace"), log.contains("TRACE") || log.contains("DEBUG"), log);
        assertTrue(log.contains("login failed"), log);
    }

    /** Each leaves what it sends with {@link Secrets}; the search comes when the server ends. */
    private static void everyLogin(PackagedServer server, String password, boolean right)
            throws Exception {
        try (var client = Pop3.connect(server.port())) {
            var greeting = client.line();
            var stamp = greeting.substring(greeting.indexOf('<'));
            var md5 = MessageDigest.getInstance("MD5");
            md5.update(stamp.getBytes(ISO_8859_1));
            var digest = HexFormat.of().formatHex(md5.digest(password.getBytes(ISO_8859_1)));
            expect(right, client, client.command("APOP anna " + Secrets.used(digest)));
        }
        try (var client = Pop3.connect(server.port())) {
            client.line();
            expect(right, client, client.command("AUTH PLAIN " + base64("\0anna\0" + password)));
        }
        try (var client = Pop3.connect(server.port())) {
            client.line();
            client.command("AUTH PLAIN");
            expect(right, client, client.command(base64("anna\0anna\0" + password)));
        }
        try (var client = Pop3.connect(server.port())) {
            client.line();
            client.command("AUTH LOGIN");
            client.command(base64("anna"));
            expect(right, client, client.command(base64(password)));
        }
        try (var client = Pop3.connect(server.port())) {
            client.line();
            var challenge =
                    Base64.getDecoder().decode(client.command("AUTH CRAM-MD5").substring(2));
            var mac = Mac.getInstance("HmacMD5");
            mac.init(new SecretKeySpec(password.getBytes(ISO_8859_1), "HmacMD5"));
            var digest = HexFormat.of().formatHex(mac.doFinal(challenge));
            expect(right, client, client.command(base64("anna " + Secrets.used(digest))));
        }
        try (var client = Pop3.connect(server.port())) {
            client.line();
            // Mistakes with a password in them: no line is shown that was not understood.
            client.command("PASS " + password);
            client.command("USER anna " + password);
            client.command("AUTH PLAIN " + base64(password) + "!");
            client.command("AUTH PLAIN " + base64("anna\0" + password));
            client.command("LOGIN anna " + password);
            client.command("APOP " + password);
            client.command("PASS " + password + "\0");
            client.ok("USER anna");
            expect(right, client, client.command("PASS " + password));
        }
    }

    private static void expect(boolean right, Pop3 client, String answer) throws Exception {
        assertEquals(right, answer.startsWith("+OK"), answer);
        client.quit();
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(ISO_8859_1));
    }

    @Test
    void theSearchFindsASecretInEachOfItsForms() {
        var secret = Secrets.fresh();
        assertEquals(Optional.empty(), Secrets.find("nothing in here"));
        for (var leak :
                new String[] {
                    secret,
                    base64("\0anna\0" + secret),
                    base64("\0bob\0" + secret),
                    base64("\0me\0" + secret),
                    HexFormat.of().formatHex(secret.getBytes(ISO_8859_1)),
                    HexFormat.ofDelimiter(" ").formatHex(secret.getBytes(ISO_8859_1))
                }) {
            assertTrue(Secrets.find("PASS " + leak + "\n").isPresent(), leak);
        }
    }

    @AfterAll
    static void tell() {
        System.out.println(
                "no secret in any log: "
                        + Secrets.logs()
                        + " logs of "
                        + Secrets.characters()
                        + " characters searched for "
                        + Secrets.known()
                        + " secrets in "
                        + Secrets.forms("any").size()
                        + " forms each");
    }
}
