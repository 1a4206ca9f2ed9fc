package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Whatever a client does to its connection: nothing is lost, and the maildrop is free again. */
class BrokenConnectionsIT {
    @TempDir static Path folder;
    private static Site site;
    private static PackagedServer server;
    private static List<byte[]> mail;

    /** The ways in which a connection ends early. */
    enum Break {
        RESET,
        CLOSE,
        HALF_CLOSE
    }

    @BeforeAll
    static void start() throws Exception {
        site = new Site(folder).user("anna");
        site.deliver("anna", Mail.octets("Subject: one\n\n.1\n"));
        site.deliver("anna", Mail.octets("Subject: two\n\n2\n"));
        mail = site.stored("anna");
        server = PackagedServer.start(site);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** Every test here leaves all mail where it was, the maildrop free and the server alive. */
    @AfterEach
    void nothingIsLost() throws Exception {
        assertIntact();
        assertTrue(server.alive());
    }

    @ParameterizedTest
    @EnumSource(Break.class)
    void aBreakAfterAnyOctetRemovesNothingAndFreesTheMaildrop(Break how) throws Exception {
        var script =
                List.of(
                        "USER anna",
                        "PASS " + site.password("anna"),
                        "RETR 1",
                        "DELE 1",
                        "DELE 2",
                        "QUIT");
        var octets = octets(script);
        // All but the last octet: the whole script is a QUIT, which removes (RFC 1939 §6).
        for (var sent = 0; sent < octets.length; sent++) {
            try (var client = Pop3.connect(server.port())) {
                play(client, script, sent);
                breakOff(client, how);
            }
            assertIntact();
        }
    }

    @ParameterizedTest
    @EnumSource(Break.class)
    void aBreakInAPipelineRemovesNothingAndFreesTheMaildrop(Break how) throws Exception {
        var octets =
                octets(
                        List.of(
                                "USER anna",
                                "PASS " + site.password("anna"),
                                "DELE 1",
                                "RETR 2",
                                "DELE 2",
                                "QUIT"));
        for (var sent = 1; sent < octets.length; sent += 3) {
            try (var client = Pop3.connect(server.port())) {
                client.send(Arrays.copyOf(octets, sent));
                breakOff(client, how);
            }
            assertIntact();
        }
    }

    @Test
    void noiseIsAnsweredOrEndsTheConnection() throws Exception {
        var random = new Random(1939);
        for (var round = 0; round < 50; round++) {
            var noise = new byte[1 + random.nextInt(4096)];
            random.nextBytes(noise);
            try (var client = Pop3.connect(server.port())) {
                client.line();
                despiteClose(() -> client.send(noise));
                despiteClose(() -> client.send(Mail.octets("\r\n")));
                despiteClose(client::halfClose);
                assertOnlyErrors(client.rest());
            }
        }
    }

    @Test
    void noiseWithinASessionRemovesNothing() throws Exception {
        var random = new Random(2449);
        for (var round = 0; round < 20; round++) {
            var noise = new byte[1 + random.nextInt(4096)];
            random.nextBytes(noise);
            try (var client = server.login("anna")) {
                client.ok("DELE 1");
                despiteClose(() -> client.send(noise));
                despiteClose(client::halfClose);
                client.rest();
            }
            assertIntact();
        }
    }

    @Test
    void aNulIsNoPartOfACommand() throws Exception {
        try (var client = server.login("anna")) {
            var reply = client.command("DELE 1\0");
            assertTrue(reply.startsWith("-ERR"), reply);
            client.send("NOOP\r\n");
            client.halfClose();
            client.rest();
        }
    }

    @Test
    void aLineOfAMebibyteIsRefusedOrEndsTheConnection() throws Exception {
        for (var inside : new boolean[] {false, true}) {
            try (var client = inside ? server.login("anna") : Pop3.connect(server.port())) {
                if (!inside) {
                    client.line();
                }
                var line = new byte[1 << 20];
                Arrays.fill(line, (byte) 'A');
                despiteClose(() -> client.send(line));
                despiteClose(() -> client.send(Mail.octets("\r\n")));
                despiteClose(client::halfClose);
                assertOnlyErrors(client.rest());
            }
            assertIntact();
        }
    }

    @Test
    void aBareCarriageReturnEndsNoCommand() throws Exception {
        try (var client = server.login("anna")) {
            // A bare LF is taken as a line end, an accommodation of old clients; a bare CR is not.
            client.send("DELE 1\nDELE 2\nQUIT\r");
            assertTrue(client.line().startsWith("+OK"));
            assertTrue(client.line().startsWith("+OK"));
            client.halfClose();
            assertOnlyErrors(client.rest());
        }
    }

    private static byte[] octets(List<String> script) {
        return String.join("\r\n", script).concat("\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Says the first octets of the script, and hears each reply before the next line. */
    private static void play(Pop3 client, List<String> script, int sent) throws IOException {
        client.line();
        var left = sent;
        for (var line : script) {
            var whole = line.length() + 2;
            if (left < whole) {
                client.send((line + "\r\n").substring(0, left));
                return;
            }
            client.ok(line);
            if (line.startsWith("RETR")) {
                client.multiline();
            }
            left -= whole;
        }
    }

    private static void breakOff(Pop3 client, Break how) throws IOException {
        switch (how) {
            case RESET -> client.reset();
            case CLOSE -> client.close();
            case HALF_CLOSE -> {
                client.halfClose();
                client.rest();
            }
        }
    }

    /** The server may have hung up already: that is an answer, too. */
    private static void despiteClose(Step step) {
        try {
            step.take();
        } catch (SocketException e) {
            // Broken pipe, connection reset, not connected: all say that the server has hung up.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Step {
        void take() throws IOException;
    }

    private static void assertOnlyErrors(byte[] replies) {
        new String(replies, StandardCharsets.ISO_8859_1)
                .lines()
                .forEach(line -> assertFalse(line.startsWith("+OK"), line));
    }

    /** Within a second somebody else gets in, and finds all of it. */
    private static void assertIntact() throws Exception {
        try (var session =
                await("the maildrop is free")
                        .atMost(Duration.ofSeconds(1))
                        .pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(10))
                        .ignoreException(AssertionError.class)
                        .until(() -> server.login("anna"), java.util.Objects::nonNull)) {
            assertEquals(mail.size(), session.count());
            session.quit();
        }
        var stored = site.stored("anna");
        assertEquals(mail.size(), stored.size());
        for (var at = 0; at < mail.size(); at++) {
            assertArrayEquals(mail.get(at), stored.get(at));
        }
    }
}
