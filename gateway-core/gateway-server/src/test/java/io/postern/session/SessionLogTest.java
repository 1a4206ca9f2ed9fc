package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

class SessionLogTest {

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
    void aSessionAndAFailedLoginLeaveALineEachAndNoSecret() throws InterruptedException {
        var caught = new ByteArrayOutputStream();
        var stderr = System.err;
        System.setErr(new PrintStream(caught, true, StandardCharsets.UTF_8));
        try {
            var scene = Scene.usual();
            var client = scene.greeted();
            client.says("USER mal\u007Flory\r\nUSER mallory\r\nPASS hunter2\r\nAPOP mallory x\r\n");
            client.says(
                    "USER alice\r\nPASS " + Scene.SECRET + "\r\nRETR 1\r\nRETR 1\r\nDELE 2\r\n");
            client.says("TOP 2 9\r\n");
            scene.pass(Duration.ofMillis(1_500));
            client.says("QUIT\r\n");
            client.rest();
            Scene.over(client);
        } finally {
            System.setErr(stderr);
        }
        var log = caught.toString(StandardCharsets.UTF_8);
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
