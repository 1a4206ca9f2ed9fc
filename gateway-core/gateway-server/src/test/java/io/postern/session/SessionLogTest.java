package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.limit.Networks;
import io.postern.limit.Penalties;
import io.postern.limit.Refusals;
import io.postern.limit.UserSessions;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

class SessionLogTest {
    /** In a flood there would be a line for each. */
    private static final Set<Ending> WITHOUT_A_LINE =
            EnumSet.of(Ending.TURNED_AWAY, Ending.OTHER_PROTOCOL);

    @Test
    void noValueCanEndItsLineOrItsPair() {
        assertEquals("-", SessionLog.value(""));
        assertEquals("alice@example.org", SessionLog.value("alice@example.org"));
        assertEquals("\"-\"", SessionLog.value("-"));
        assertEquals("\"a b\"", SessionLog.value("a b"));
        assertEquals("\"a user=b\"", SessionLog.value("a user=b"));
        assertEquals("\"a\\\"b\"", SessionLog.value("a\"b"));
        assertEquals("a??b?c", SessionLog.value("a\r\nb\u2028c"));
        assertEquals("a?b", SessionLog.value("a\u202Eb"));
        assertEquals("a?", SessionLog.value("a\uD800"));
        assertEquals("\u00FC", SessionLog.value("\u00FC"));
        assertEquals("x".repeat(80) + "…", SessionLog.value("x".repeat(5_000)));
    }

    @Test
    @ResourceLock(Resources.SYSTEM_ERR)
    void whatAConnectionDoesNotOfferHasALineOfItsOwnAndShowsNoPassword() throws Exception {
        for (var startTls : List.of(true, false)) {
            var log =
                    logged(() -> {
                        var scene = Scene.usual();
                        var connection = new FakeConnection(scene.journal);
                        var client =
                                scene.connected(
                                        startTls
                                                ? connection.withStls()
                                                : connection.withoutPasswords());
                        client.line();
                        client.says("USER alice\r\nPASS hunter2\r\nUSER alice hunter2\r\n");
                        client.says("AUTH ASKING\r\nAUTH asking aHVudGVyMg==\r\nAUTH hunter2\r\n");
                        client.says("APOP hunter2\r\nAPOP bob hunter2\r\nAUTH\r\nQUIT\r\n");
                        client.rest();
                        Scene.over(client);
                    });
            var reason = startTls ? "clear-text" : "not-offered";
            var lines =
                    log.lines()
                            .filter(line -> line.contains("login failed"))
                            .map(line -> line.replaceAll(".* (reason=.*) session=\\S+", "$1"))
                            .toList();
            assertEquals(
                    List.of(
                            "reason=" + reason + " mechanism=USER user=alice",
                            "reason=" + reason + " mechanism=USER user=-",
                            "reason=" + reason + " mechanism=ASKING user=-",
                            "reason=" + reason + " mechanism=ASKING user=-",
                            "reason=" + reason + " mechanism=? user=-",
                            "reason=" + reason + " mechanism=APOP user=-",
                            "reason=" + reason + " mechanism=APOP user=bob"),
                    lines);
            assertFalse(log.contains("hunter2") || log.contains("aHVudGVyMg"), log);
        }
    }

    @Test
    @ResourceLock(Resources.SYSTEM_ERR)
    void aPolicysReasonIsInItsLineAndCannotEndIt() throws Exception {
        var refuse = new AuthPolicy.Refuse("bad\r\nneighbourhood user=root");
        for (var before : List.of(true, false)) {
            var log =
                    logged(() -> {
                        var scene = Scene.usual();
                        scene.policy =
                                Optional.of(
                                        new LoginPolicy(
                                                new Against(refuse, before),
                                                Duration.ofSeconds(30),
                                                false));
                        var client = scene.greeted();
                        client.says("USER alice\r\nPASS " + Scene.SECRET + "\r\nQUIT\r\n");
                        client.rest();
                        Scene.over(client);
                    });
            assertTrue(
                    log.lines()
                            .anyMatch(line ->
                                    line.matches(
                                            ".* reason=policy mechanism=USER session=\\S+"
                                                    + " why=\"bad\\?\\?neighbourhood user=root\""
                                                    + " user=alice")),
                    log);
        }
    }

    /** Rules so before the directories are asked, or after. */
    private record Against(AuthPolicy.Ruling ruling, boolean first) implements AuthPolicy {
        @Override
        public Ruling before(Attempt attempt) {
            return first ? ruling : new Allow();
        }

        @Override
        public Ruling after(Attempt attempt, Verdict verdict) {
            return first ? new Allow() : ruling;
        }
    }

    @Test
    @ResourceLock(Resources.SYSTEM_ERR)
    void aUserWhosePasswordIsAHashIsNoStrangerToApopAndIsPenalised() throws Exception {
        var answers = new ArrayList<String>();
        var pauses = new ArrayList<Duration>();
        var log =
                logged(() -> {
                    var scene = Scene.usual();
                    SecretDirectory hashed =
                            _ -> SecretDirectory.Shared.refused(Verdict.Reason.NO_SECRET);
                    scene.directories = List.of(hashed);
                    var penalties =
                            new Penalties(
                                    Duration.ofSeconds(1),
                                    Duration.ofSeconds(16),
                                    Networks.NONE,
                                    scene.clock::get);
                    scene.guard =
                            new LoginGuard(
                                    penalties, new UserSessions(), new Refusals(), pauses::add);
                    var client = scene.greeted();
                    for (var i = 0; i < 3; i++) {
                        client.says("APOP alice digest\r\n");
                        answers.add(client.line());
                    }
                    client.says("QUIT\r\n");
                    client.rest();
                    Scene.over(client);
                });
        assertEquals(Collections.nCopies(3, "-ERR [AUTH] login refused"), answers);
        assertEquals(List.of(Duration.ofSeconds(1)), pauses, "one failure is free");
        assertTrue(log.contains(" reason=no-secret mechanism=APOP "), log);
    }

    /** The table of the operator guide, which filters are written from. */
    @Test
    void theGuideHasEveryReasonAndNoOther() throws IOException {
        var guide = Files.readString(Path.of("../../docs/operators.md"));
        assertEquals(
                words(LoginRefusal.values()),
                table(guide, "| reason of a failed login | meaning |"));
        assertEquals(
                words(
                        Arrays.stream(Ending.values())
                                .filter(it -> !WITHOUT_A_LINE.contains(it))
                                .toArray()),
                table(guide, "| reason of a session's end | meaning |"));
    }

    private static Set<String> words(Object[] values) {
        return Arrays.stream(values)
                .map(Object::toString)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> table(String guide, String head) {
        assertTrue(guide.contains(head), head);
        return guide.substring(guide.indexOf(head))
                .lines()
                .skip(2)
                .takeWhile(line -> line.startsWith("| "))
                .map(line -> line.substring(3, line.indexOf('`', 3)))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private interface Doing {
        void run() throws Exception;
    }

    private static String logged(Doing doing) throws Exception {
        var caught = new ByteArrayOutputStream();
        var stderr = System.err;
        System.setErr(new PrintStream(caught, true, StandardCharsets.UTF_8));
        try {
            doing.run();
        } finally {
            System.setErr(stderr);
        }
        return caught.toString(StandardCharsets.UTF_8);
    }

    @Test
    @ResourceLock(Resources.SYSTEM_ERR)
    void aSessionAndAFailedLoginLeaveALineEachAndNoSecret() throws Exception {
        var log =
                logged(() -> {
                    var scene = Scene.usual();
                    var client = scene.greeted();
                    client.says(
                            "USER mal\u007Flory\r\nUSER mallory\r\nPASS hunter2\r\nAPOP mallory x\r\n");
                    client.says(
                            "USER alice\r\nPASS "
                                    + Scene.SECRET
                                    + "\r\nRETR 1\r\nRETR 1\r\nDELE 2\r\n");
                    client.says("TOP 2 9\r\n");
                    scene.pass(Duration.ofMillis(1_500));
                    client.says("QUIT\r\n");
                    client.rest();
                    Scene.over(client);
                });
        assertTrue(
                log.contains(
                        " user=alice client=127.0.0.1:50000 listener=127.0.0.1:110 tls=-"
                                + " retrieved=2"
                                + " octets=46 removed=1 left=1 reason=quit duration=PT1.5S"),
                log);
        assertTrue(
                log.contains(
                        "login failed client=127.0.0.1 port=50000 listener=127.0.0.1:110"
                                + " reason=unknown-user mechanism=USER session="),
                log);
        assertTrue(
                log.contains(
                        "login failed client=127.0.0.1 port=50000 listener=127.0.0.1:110"
                                + " reason=unknown-user mechanism=APOP session="),
                log);
        assertTrue(
                log.lines()
                        .anyMatch(line ->
                                line.contains("postern.audit")
                                        && line.matches(
                                                ".* session=\\S+ user=alice"
                                                        + " client=127.0.0.1:50000 realm=all"
                                                        + " uidl=u2 octets=[0-9]+"
                                                        + " outcome=removed")),
                log);
        assertFalse(log.contains("hunter2"), log);
        assertFalse(log.contains(Scene.SECRET), log);
    }

    @Test
    void theDeviceIsShownWhereThePasswordWasADevices() {
        var client = new InetSocketAddress(InetAddress.getLoopbackAddress(), 50_000);
        var end =
                new SessionLog.End(
                        "s",
                        "alice",
                        "phone",
                        client,
                        client,
                        "-",
                        0,
                        0,
                        0,
                        0,
                        Ending.QUIT,
                        Duration.ZERO,
                        Map.of("by", "192.0.2.1:5 x"));
        assertTrue(end.toString().contains(" user=alice device=phone client="), end.toString());
        assertTrue(end.toString().endsWith(" proxied-by=\"192.0.2.1:5 x\""), end.toString());
    }

    @Test
    void settingsThatBreakTheStandardHaveToBeMeant() {
        assertThrows(IllegalArgumentException.class, () -> settings(Duration.ofMinutes(9), false));
        assertEquals(Duration.ofMinutes(9), settings(Duration.ofMinutes(9), true).idle());
        assertThrows(IllegalArgumentException.class, () -> settings(Duration.ZERO, true));
        assertThrows(IllegalArgumentException.class, () -> new SessionSettings("node", "a b"));
        assertThrows(IllegalArgumentException.class, () -> new SessionSettings("node", "a>"));
    }

    private static SessionSettings settings(Duration idle, boolean allowShortIdle) {
        return new SessionSettings(
                idle,
                allowShortIdle,
                Duration.ofMinutes(3),
                Duration.ofSeconds(2),
                Duration.ofSeconds(60),
                "node",
                "host");
    }
}
