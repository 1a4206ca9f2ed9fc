package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class FlowTest {
    private static final int READ = 2048;
    private static final int USERS = 10;

    /** Sends as a socket would: in pieces, none while reading is suspended. */
    private static int send(FakeConnection client, String text, int from) {
        var at = from;
        while (at < text.length() && !client.suspended()) {
            var end = Math.min(text.length(), at + READ);
            client.says(text.substring(at, end));
            at = end;
        }
        return at;
    }

    @Test
    @Tag("protocol-84")
    @Tag("protocol-85")
    void tenThousandListsOfAClientThatReadsNothingCostABoundedBuffer() throws InterruptedException {
        var messages = new String[50];
        Arrays.fill(messages, Scene.ONE);
        var scene = new Scene(messages);
        var client = scene.loggedIn();
        client.readsNoMore();
        var commands = "LIST\r\n".repeat(10_000) + "QUIT\r\n";

        var sent = send(client, commands, 0);

        assertTrue(client.suspended());
        assertTrue(sent < commands.length());
        assertTrue(client.mostUnsent() <= Output.WINDOW, "" + client.mostUnsent());

        client.readsAgain();
        while (sent < commands.length()) {
            Scene.until(() -> !client.suspended());
            sent = send(client, commands, sent);
        }
        var one = new StringBuilder("+OK");
        var answers = client.rest();
        Scene.over(client);
        one.append(answers, 3, answers.indexOf("\r\n.\r\n") + 5);
        assertEquals(one.toString().repeat(10_000) + "+OK bye\r\n", answers);
        assertFalse(client.suspended());
    }

    @Test
    @Tag("protocol-84")
    void repliesToPipelinedCommandsShareAWrite() throws InterruptedException {
        var client = Scene.usual().loggedIn();
        var writes = client.writes();
        client.says("NOOP\r\n".repeat(100));
        assertEquals("+OK\r\n".repeat(100), client.unread());
        assertEquals(writes + 1, client.writes());
    }

    @Test
    @Tag("protocol-13")
    void oneOctetAtATimeIsAnsweredTheSame() throws InterruptedException {
        var script =
                "USER alice\r\nPASS " + Scene.SECRET + "\r\nSTAT\r\nRETR 2\r\nLIST\r\nQUIT\r\n";
        var whole = Scene.usual().greeted();
        whole.says(script);
        var client = Scene.usual().greeted();
        for (var at = 0; at < script.length(); at++) {
            client.says(script.substring(at, at + 1));
        }
        assertEquals(whole.rest(), client.rest());
    }

    @Test
    @Tag("protocol-84")
    void nothingBlocksTheCallerWhileAPluginDoes() throws InterruptedException {
        var scene = Scene.usual();
        var gate = new Scene.Gate();
        scene.store.beforeOpen =
                id -> {
                    gate.pass();
                    return null;
                };
        var client = scene.greeted();
        client.says("USER alice\r\nPASS " + Scene.SECRET + "\r\n");
        gate.reached();

        // Each of these returns although the plugin does not.
        var noops = 0;
        while (!client.suspended() && noops < 100_000) {
            client.says("NOOP\r\n".repeat(100));
            noops += 100;
        }
        client.session().tick(scene.clock.get());
        assertTrue(noops * 6 <= Session.PENDING + 600, "" + noops);
        assertEquals("+OK send PASS\r\n", client.unread());

        gate.open();
        client.line();
        assertTrue(client.line().startsWith("+OK 2 messages"));
        client.says("QUIT\r\n");
        assertEquals("+OK\r\n".repeat(noops) + "+OK bye\r\n", client.rest());
        assertEquals(1, client.suspensions());
        assertFalse(client.suspended());
    }

    @Test
    @Tag("protocol-84")
    void aSlowMessageLosesNoneOfTheCommandsBehindIt() throws InterruptedException {
        var scene = Scene.usual();
        var client = scene.loggedIn();
        var script = new StringBuilder();
        var expected = new StringBuilder();
        for (var i = 0; i < 200; i++) {
            script.append("RETR 1\r\nNOOP\r\nTOP 1 0\r\nSTAT\r\n");
            expected.append("+OK 23 octets\r\nSubject: one\r\n\r\nfirst\r\n.\r\n+OK\r\n")
                    .append("+OK top of message\r\nSubject: one\r\n\r\n.\r\n+OK 2 58\r\n");
        }
        client.says(script + "QUIT\r\n");
        assertEquals(expected + "+OK bye\r\n", client.rest());
    }

    @Test
    void whatIsReceivedIsReadToItsEnd() throws InterruptedException {
        var client = Scene.usual().loggedIn();
        var octets = ByteBuffer.wrap("RETR 1\r\nNOOP\r\nNO".getBytes(StandardCharsets.US_ASCII));
        client.session().received(octets);
        assertFalse(octets.hasRemaining());
    }

    /** Every way to end, at any moment, from several threads, on few maildrops. */
    @Test
    @Tag("protocol-26")
    @Tag("protocol-113")
    void aStormOfAThousandSessionsLeavesNoLockBehind() throws Exception {
        var scene = Scene.usual();
        var users = new HashMap<String, String>();
        for (var i = 0; i < USERS; i++) {
            users.put("user" + i, Scene.SECRET);
        }
        scene.directories = List.of(new MemoryUsers(users));
        var seed = new Random().nextLong();
        var clients = new ArrayList<FakeConnection>();
        var broken = new Random(seed);
        scene.store.beforeOpen =
                id -> {
                    synchronized (broken) {
                        if (broken.nextInt(10) == 0) {
                            throw new IllegalStateException("storm");
                        }
                    }
                    return null;
                };
        try (var threads = Executors.newFixedThreadPool(8)) {
            var done = new ArrayList<Future<?>>();
            for (var i = 0; i < 1000; i++) {
                var random = new Random(seed + i);
                var client = scene.connected();
                clients.add(client);
                done.add(threads.submit(() -> weather(scene, client, random)));
            }
            for (var one : done) {
                one.get();
            }
        }
        for (var client : clients) {
            Scene.over(client);
        }
        assertEquals(scene.locks.acquired(), scene.locks.released(), "seed " + seed);
        assertTrue(scene.locks.free());
        assertTrue(scene.locks.acquired() > 100, "" + scene.locks.acquired());
    }

    private static void weather(Scene scene, FakeConnection client, Random random) {
        var user = "user" + random.nextInt(USERS);
        var script =
                new StringBuilder("USER " + user + "\r\nPASS " + Scene.SECRET + "\r\n")
                        .append("RETR 1\r\nDELE 1\r\nRSET\r\nUIDL\r\n".repeat(random.nextInt(5)))
                        .append(random.nextBoolean() ? "QUIT\r\n" : "");
        var at = 0;
        while (at < script.length()) {
            var end = Math.min(script.length(), at + 1 + random.nextInt(60));
            client.says(script.substring(at, end));
            at = end;
            if (random.nextInt(40) == 0) {
                break;
            }
            if (random.nextInt(3) == 0) {
                Scene.rests(client);
            }
        }
        for (var end : List.of(random.nextInt(5), random.nextInt(5), 0)) {
            switch (end) {
                case 1 -> client.session().inputClosed();
                case 2 -> client.session().doom();
                case 3 -> client.session().tick(scene.clock.get() + Duration.ofHours(1).toNanos());
                case 4 -> client.stalls();
                default -> client.drops();
            }
        }
    }
}
