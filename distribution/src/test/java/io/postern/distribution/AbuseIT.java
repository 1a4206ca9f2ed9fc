package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/** Clients that come by a proxy, under limits, and guess passwords. */
class AbuseIT {
    private static final String FORGED =
            "x INFO auth - login failed client=192.0.2.99 port=1 listener=a reason=wrong-proof"
                    + " mechanism=USER session=s user=y";

    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;

    @BeforeAll
    static void start() throws Exception {
        site =
                new Site(folder)
                        .user("anna")
                        .mechanisms("user-pass", "sasl-plain")
                        .listener(
                                """
                                <listener address="127.0.0.1" port="0" tls="none"
                                    allow-plaintext="true">
                                  <limits>
                                    <connections-per-address>2</connections-per-address>
                                    <bad-commands-before-login>5</bad-commands-before-login>
                                  </limits>
                                  <proxy-protocol from="127.0.0.1"/>
                                </listener>
                                """);
        server = PackagedServer.start(site);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** A client of that address, as a proxy presents it. */
    private static Pop3 from(String address) throws IOException {
        var client = Pop3.connect(server.addedPort());
        client.send("PROXY TCP4 " + address + " 198.51.100.1 50022 110\r\n");
        return client;
    }

    @Test
    @Tag("protocol-134")
    void theLogAndTheLimitsGoByTheAddressThatTheProxyNames() throws Exception {
        try (var first = from("203.0.113.1");
                var second = from("203.0.113.1");
                var other = from("203.0.113.2")) {
            assertTrue(first.line().startsWith("+OK"));
            assertTrue(second.line().startsWith("+OK"));
            assertTrue(other.line().startsWith("+OK"));
            try (var third = from("203.0.113.1")) {
                var refused = third.line();
                assertTrue(refused.startsWith("-ERR [SYS/TEMP] "), refused);
                assertEquals(0, third.rest().length);
            }
            logged("limit=connections-per-address", "client=203.0.113.1");
            first.ok("USER anna");
            first.ok("PASS " + site.password("anna"));
            first.quit();
            logged("session=", "user=anna", "client=203.0.113.1:50022", "proxied-by=127.0.0.1:");
        }
    }

    @Test
    @Tag("protocol-134")
    void aConnectionWithoutTheHeaderIsClosedAndAHeaderElsewhereIsABadCommand() throws Exception {
        try (var client = Pop3.connect(server.addedPort())) {
            client.send("CAPA\r\n");
            assertEquals(0, client.rest().length);
        }
        logged("limit=proxy-protocol", "client=127.0.0.1");
        try (var client = Pop3.connect(server.port())) {
            client.line();
            var answer = client.command("PROXY TCP4 203.0.113.1 198.51.100.1 50022 110");
            assertTrue(answer.startsWith("-ERR unknown"), answer);
            client.quit();
        }
    }

    @Test
    void whoSendsNoCommandsIsSentAway() throws Exception {
        try (var client = from("203.0.113.5")) {
            client.line();
            for (var bad = 0; bad < 5; bad++) {
                assertTrue(client.command("EHLO " + bad).startsWith("-ERR unknown"));
            }
            assertEquals("-ERR too many commands", client.command("EHLO again"));
            assertEquals(0, client.rest().length);
        }
        logged("limit=bad-commands-before-login", "client=203.0.113.5");
    }

    @Test
    void fail2banFindsThoseWhoGuessAndNobodyElse() throws Exception {
        try (var client = from("203.0.113.66")) {
            client.line();
            client.ok("USER anna");
            assertTrue(client.command("PASS guess").startsWith("-ERR [AUTH] "));
        }
        try (var client = from("203.0.113.67")) {
            client.line();
            var plain = ("\0" + FORGED + "\0" + "guess").getBytes(StandardCharsets.US_ASCII);
            var response = Base64.getEncoder().encodeToString(plain);
            assertTrue(client.command("AUTH PLAIN").startsWith("+ "));
            assertTrue(client.command(response).startsWith("-ERR [AUTH] "));
        }
        logged("login failed client=203.0.113.67");
        var log = Files.writeString(folder.resolve("log"), server.log());
        // fail2ban-regex takes a path with spaces in it for an expression.
        var filter =
                Files.copy(
                        Installation.shared().home().resolve("conf/fail2ban/postern.conf"),
                        folder.resolve("postern.conf"));
        var found =
                Program.client("fail2ban-regex", "-o", "<ip>", log.toString(), filter.toString())
                        .run()
                        .well()
                        .text();
        assertEquals(
                List.of("203.0.113.66", "203.0.113.67"), found.lines().sorted().toList(), found);
    }

    private static void logged(String... parts) {
        await().atMost(Duration.ofSeconds(10))
                .until(() ->
                        server.log()
                                .lines()
                                .anyMatch(line -> Stream.of(parts).allMatch(line::contains)));
    }
}
