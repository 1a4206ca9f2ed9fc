package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** Attacks on the packaged server, and honest users who notice nothing of them. */
class AttackIT {
    /** Silent connections at a time. */
    private static final int SILENT = 5_000;

    /** Wrong logins at a time. */
    private static final int GUESSES = 2_000;

    /** Addresses that the guesses come from, each with connections below its limit. */
    private static final int GUESSERS = 40;

    /** Honest logins by whose times the server is judged. */
    private static final int LOGINS = 150;

    /**
     * How much slower the slowest honest logins may be during the attack: a factor, and what a busy
     * machine adds by itself, milliseconds. Without protection they would wait for some thousand
     * checks of passwords.
     */
    private static final double SLOWER = 5;

    private static final double BUSY_MILLIS = 2_000;

    /** So that the honest ones alone do not take half a minute. */
    private static final int ITERATIONS = 20_000;

    /** A message that no socket's buffers hold, octets. */
    private static final int LARGE = 24 << 20;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir static Path folder;
    private static Site site;

    /** With limits of time that a test can wait for. */
    private static PackagedServer server;

    @BeforeAll
    static void start() throws Exception {
        site =
                new Site(Files.createDirectory(folder.resolve("short")))
                        .user("anna")
                        .user("bela")
                        .user("cleo")
                        .limits(
                                """
                                <login-timeout>PT5S</login-timeout>
                                <handshake-timeout>PT3S</handshake-timeout>
                                <write-stall>PT3S</write-stall>
                                """);
        for (var user : List.of("anna", "bela")) {
            site.deliver(user, Mail.octets("Subject: one\n\n1\n"));
        }
        var large = new byte[LARGE];
        for (var at = 0; at < large.length; at++) {
            large[at] = (byte) (at % 77 == 76 ? '\n' : 'x');
        }
        site.deliver("cleo", large);
        server = PackagedServer.start(site);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** The server lives, has room, and has said nothing of a defect. */
    @AfterEach
    void isWell() throws Exception {
        visit("anna");
        isWell(server);
    }

    private static void isWell(PackagedServer server) {
        assertTrue(server.alive());
        var log = server.log();
        assertFalse(log.contains("OutOfMemoryError"), "no memory");
        assertFalse(log.contains("\n\tat "), () -> "a stack trace:\n" + log);
    }

    /** An honest user's session. */
    private static void visit(String user) throws IOException {
        try (var session = server.login(user)) {
            assertEquals(1, session.count());
            session.quit();
        }
    }

    @Test
    @Tag("protocol-116")
    @Tag("protocol-117")
    @Tag("protocol-118")
    void whatIsInjectedBehindStlsIsForgottenWhereverItIsSplit() throws Exception {
        // Octets that would log in, and one command half said.
        var injected =
                "STLS\r\nCAPA\r\nUSER anna\r\nPASS "
                        + site.password("anna")
                        + "\r\nUSER anna\r\nPA";
        var secured = 0;
        for (var split = 1; split <= injected.length(); split++) {
            try (var client = Pop3.connect(server.port(Security.STLS))) {
                client.line();
                client.send(injected.substring(0, split));
                client.send(injected.substring(split));
                assertTrue(client.line().startsWith("+OK begin TLS"));
                Pop3 over;
                try {
                    over = client.secured(server.certificate());
                } catch (IOException e) {
                    // What came behind the answer went into the handshake, and ended it.
                    assertTrue(split < injected.length());
                    continue;
                }
                secured++;
                assertEquals("-ERR unknown command", over.command("SS x"));
                assertTrue(
                        over.command("PASS " + site.password("anna")).startsWith("-ERR send USER"));
                assertTrue(over.command("STAT").startsWith("-ERR "));
                over.quit();
            }
        }
        assertTrue(secured > 0);
    }

    @Test
    void octetsThatDripKeepNoConnectionOpen() throws Exception {
        var dripping = new ArrayList<Pop3>();
        try {
            for (var count = 0; count < 50; count++) {
                var client = Pop3.connect(server.port());
                dripping.add(client);
                client.line();
            }
            visit("bela");
            // An octet now and then, never a line, until each of them is cut off.
            await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> {
                        dripping.removeIf(AttackIT::refusesAnOctet);
                        return dripping.isEmpty();
                    });
        } finally {
            for (var client : dripping) {
                client.close();
            }
        }
        await().atMost(PATIENCE).until(() -> count("reason=login-timeout") > 0);
    }

    private static boolean refusesAnOctet(Pop3 client) {
        try {
            client.send("N");
            return false;
        } catch (SocketException e) {
            return true; // reset: the server has hung up
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    @Tag("protocol-125")
    void handshakesThatNeverEndAreCutOff() throws Exception {
        var stuck = new ArrayList<Pop3>();
        try {
            for (var count = 0; count < 200; count++) {
                var client = Pop3.connect(server.port(Security.TLS));
                stuck.add(client);
                // The head of a record of 512 octets that never comes whole.
                client.send(new byte[] {22, 3, 1, 2, 0, 1, 0});
            }
            try (var good = Pop3.connect(server.port(Security.TLS), server.certificate())) {
                Pop3.login(good, "bela", site.password("bela")).quit();
            }
            for (var client : stuck) {
                assertEquals(0, plain(client.rest()), "something in the clear");
            }
        } finally {
            for (var client : stuck) {
                client.close();
            }
        }
    }

    /** Octets that are no alert of TLS. */
    private static int plain(byte[] octets) {
        return octets.length == 0 || octets[0] == 21 ? 0 : octets.length;
    }

    @Test
    void thousandsOfSilentConnectionsLeaveRoomForOthers() throws Exception {
        var patient =
                new Site(Files.createDirectory(folder.resolve("long")))
                        .user("anna")
                        .limits("<handshake-timeout>PT2M</handshake-timeout>");
        var silent = new ArrayList<Pop3>();
        try (var running = PackagedServer.start(patient)) {
            while (silent.size() < SILENT) {
                var ways = List.of(Security.values());
                silent.add(Pop3.connect(running.port(ways.get(silent.size() % ways.size()))));
                if (silent.size() % 500 == 0) {
                    running.login("anna").quit();
                    var tls = Pop3.connect(running.port(Security.TLS), running.certificate());
                    Pop3.login(tls, "anna", patient.password("anna")).quit();
                }
            }
            // They are still there, all of them.
            for (var at = 0; at < silent.size(); at += Security.values().length) {
                assertTrue(silent.get(at).line().startsWith("+OK"));
                assertTrue(silent.get(at).command("NOOP").startsWith("-ERR"));
            }
            System.out.println("silent connections: " + silent.size());
            isWell(running);
        } finally {
            for (var client : silent) {
                client.close();
            }
        }
    }

    @Test
    void clientsThatNeverReadWhatTheyAskForAreCutOff() throws Exception {
        var deaf = new ArrayList<Pop3>();
        try {
            for (var round = 0; round < 2; round++) {
                // One at a time has the maildrop: the next one gets it when this one is cut off.
                var client =
                        await("the maildrop is free")
                                .atMost(PATIENCE)
                                .pollInterval(Duration.ofMillis(100))
                                .ignoreException(AssertionError.class)
                                .until(() -> server.login("cleo"), java.util.Objects::nonNull);
                deaf.add(client);
                client.send("RETR 1\r\n".repeat(20));
                visit("anna");
            }
            await().atMost(PATIENCE)
                    .until(() -> count("user=cleo ", "reason=dropped") == deaf.size());
        } finally {
            for (var client : deaf) {
                client.close();
            }
        }
        try (var session = server.login("cleo")) {
            assertEquals(LARGE / 77 * 78 + LARGE % 77 + 2, session.retrieve(1).length);
            session.quit();
        }
    }

    @Test
    void guessersDoNotSlowDownThoseWhoKnowTheirPasswords() throws Exception {
        var guarded =
                new Site(Files.createDirectory(folder.resolve("guessed")))
                        .user("anna")
                        .user("bela")
                        .limits("<longest-failure-delay>PT2S</longest-failure-delay>")
                        .listener(
                                """
                                <listener address="127.0.0.1" port="0" tls="none"
                                    allow-plaintext="true">
                                  <proxy-protocol from="127.0.0.1"/>
                                </listener>
                                """);
        // In the usual scheme: what an attacker makes the server pay.
        for (var user : List.of("anna", "bela")) {
            guarded.keeps(user, hash(guarded.password(user)), "");
        }
        try (var running = PackagedServer.start(guarded)) {
            var login = new Honest(running.addedPort(), "bela", guarded.password("bela"));
            login.times(10); // the server warms up
            var before = login.times(LOGINS);
            var begin = new CountDownLatch(1);
            double[] during;
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var guesses = new ArrayList<Future<String>>();
                for (var count = 0; count < GUESSES; count++) {
                    var number = count;
                    guesses.add(
                            threads.submit(() -> {
                                begin.await();
                                return guess(running.addedPort(), number);
                            }));
                }
                begin.countDown();
                during = login.times(LOGINS);
                for (var guess : guesses) {
                    assertTrue(guess.get().startsWith("-ERR ["), guess.get());
                }
            }
            System.out.printf(
                    "honest logins, milliseconds: p50 %.1f and p99 %.1f without, p50 %.1f and p99"
                            + " %.1f with %d wrong logins at a time%n",
                    percentile(before, 50),
                    percentile(before, 99),
                    percentile(during, 50),
                    percentile(during, 99),
                    GUESSES);
            isWell(running);
            assertTrue(
                    percentile(during, 99) < SLOWER * percentile(before, 99) + BUSY_MILLIS,
                    Arrays.toString(during));
        }
    }

    /** One wrong login by an address that has no other business. */
    private static String guess(int port, int number) throws IOException {
        try (var client = Pop3.connect(port)) {
            client.patience(PATIENCE);
            client.send("PROXY TCP4 203.0.113." + number % GUESSERS + " 198.51.100.1 5 110\r\n");
            client.line();
            client.ok("USER " + (number % 2 == 0 ? "anna" : "nobody" + number));
            return client.command("PASS guess" + number);
        }
    }

    /** Somebody who logs in from many places. */
    private record Honest(int port, String user, String password) {

        /** How long each of so many logins took, one after the other, milliseconds. */
        double[] times(int count) throws IOException {
            var millis = new double[count];
            for (var at = 0; at < count; at++) {
                try (var client = Pop3.connect(port)) {
                    client.patience(PATIENCE);
                    var start = System.nanoTime();
                    client.send("PROXY TCP4 198.51.100." + at % 200 + " 192.0.2.1 5 110\r\n");
                    Pop3.login(client, user, password);
                    millis[at] = (System.nanoTime() - start) / 1e6;
                    client.quit();
                }
            }
            return millis;
        }
    }

    /** As {@code postern passwd} does it, with fewer iterations. */
    private static String hash(String password) throws GeneralSecurityException {
        var salt = new byte[16];
        var octets =
                SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512")
                        .generateSecret(
                                new PBEKeySpec(password.toCharArray(), salt, ITERATIONS, 512))
                        .getEncoded();
        var base64 = Base64.getEncoder();
        return "{PBKDF2-SHA512}$%d$%s$%s"
                .formatted(ITERATIONS, base64.encodeToString(salt), base64.encodeToString(octets));
    }

    private static double percentile(double[] values, int percent) {
        var sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
    }

    private static long count(String... parts) {
        return server.log()
                .lines()
                .filter(line -> Arrays.stream(parts).allMatch(line::contains))
                .count();
    }
}
