package io.postern.session;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.call.PluginCalls;
import io.postern.spi.Fault;
import io.postern.spi.Plugin;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.store.Listing;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Twice as many calls as there are processors that compute, or wait where a virtual thread cannot
 * leave its carrier, in every kind of plugin and of call: each costs its own client its answer
 * within the limit, and the others nothing.
 */
@Timeout(120)
class ComputingPluginTest {
    private static final int STUCK = 2 * Runtime.getRuntime().availableProcessors();
    private static final Duration LIMIT = Duration.ofMillis(300);

    /** Users whose calls get stuck begin with it. */
    private static final String STUCKS = "stuck";

    private static volatile boolean over;

    private final Scene scene = Scene.usual();
    private final AtomicInteger inside = new AtomicInteger();

    /** Where the plugin gets stuck. */
    enum Call {
        MECHANISM_BEGINS,
        MECHANISM_ANSWERS,
        MECHANISM_ENDS,
        DIRECTORY,
        DIRECTORY_WITH_A_STAND_IN,
        POLICY_BEFORE,
        POLICY_AFTER,
        LOCATE,
        LOCK,
        LEASE_LISTENER,
        OPEN,
        LISTING,
        COUNT,
        SIZE,
        CONTENT,
        READ,
        STREAM_CLOSE,
        COMMIT,
        MAILDROP_CLOSE,
        LEASE_CLOSE;

        /** Whether it comes behind the login. */
        boolean inTransaction() {
            return compareTo(CONTENT) >= 0;
        }
    }

    /** How it gets stuck, deaf to interrupts. */
    private Runnable deed =
            () -> {
                while (!over) {
                    Thread.onSpinWait();
                }
            };

    @AfterEach
    void nothingStaysStuck() {
        over = true;
        await().atMost(Duration.ofSeconds(60)).until(() -> inside.get() == 0);
        over = false;
    }

    @ParameterizedTest
    @EnumSource
    void itCostsItsOwnClientsAnAnswerAndNobodyElseAnything(Call call) throws Exception {
        stuckClients(call);
    }

    @Test
    void norDoesAClassInitialiserThatWaitsInADirectory() throws Exception {
        deed = WaitingDirectory::touch;
        stuckClients(Call.DIRECTORY);
    }

    @Test
    void norDoesAClassInitialiserThatWaitsInAStream() throws Exception {
        deed = WaitingStream::touch;
        stuckClients(Call.READ);
    }

    private void stuckClients(Call call) throws Exception {
        scene.calls = new PluginCalls(LIMIT);
        arrange(call);
        var stuck = new ArrayList<FakeConnection>();
        for (var i = 0; i < STUCK; i++) {
            var client = scene.greeted();
            client.says("USER " + STUCKS + i + "\r\nPASS " + Scene.SECRET + "\r\n");
            assertEquals("+OK send PASS", client.line());
            if (call.inTransaction()) {
                assertTrue(client.line().startsWith("+OK"));
                client.says(
                        switch (call) {
                            case CONTENT, READ, STREAM_CLOSE -> "RETR 1\r\n";
                            case COMMIT -> "DELE 1\r\nQUIT\r\n";
                            default -> "QUIT\r\n";
                        });
            }
            stuck.add(client);
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> inside.get() >= STUCK);

        // Beside them, and without waiting for any of them.
        othersAreServed();
        for (var client : stuck) {
            answered(call, client);
        }
        othersAreServed();
        if (call == Call.CONTENT || call == Call.READ || call == Call.STREAM_CLOSE) {
            assertTrue(scene.locks.free(), "the locks are given up while the store is stuck");
            assertTrue(inside.get() > 0, "it is");
            assertTrue(
                    scene.store.commits.stream().allMatch(it -> it.remove().isEmpty()),
                    "and nothing is removed");
        }
        if (call == Call.COMMIT) {
            return; // its own limit, of a minute, is not over
        }
        var shown = scene.calls.shown(stuckPlugin(call));
        assertTrue(shown.contains(STUCK + " calls left behind and not ended"), shown);
    }

    private Plugin stuckPlugin(Call call) {
        return switch (call) {
            case MECHANISM_BEGINS, MECHANISM_ANSWERS, MECHANISM_ENDS -> scene.ways.getFirst();
            case DIRECTORY, DIRECTORY_WITH_A_STAND_IN -> scene.directories.getFirst();
            case POLICY_BEFORE, POLICY_AFTER -> scene.policy.orElseThrow().plugin();
            case LOCK, LEASE_LISTENER, LEASE_CLOSE -> scene.locks;
            default -> scene.store;
        };
    }

    private void othersAreServed() throws InterruptedException {
        for (var user : List.of("alice", "bob")) {
            var client = scene.greeted();
            client.says("USER " + user + "\r\nPASS " + Scene.SECRET + "\r\n");
            assertEquals("+OK send PASS", client.line());
            assertTrue(client.line().startsWith("+OK 2 messages"));
            client.says("RETR 1\r\nQUIT\r\n");
            assertTrue(client.rest().endsWith("first\r\n.\r\n+OK bye\r\n"));
            Scene.over(client);
        }
    }

    private void answered(Call call, FakeConnection client) throws InterruptedException {
        switch (call) {
            case READ -> {
                assertTrue(!client.rest().contains("\r\n.\r\n"), "no final dot");
                Scene.over(client);
            }
            case CONTENT -> {
                assertTrue(client.line().startsWith("-ERR [SYS/TEMP]"));
                assertEquals("", client.rest());
                Scene.over(client);
            }
            case STREAM_CLOSE -> {
                assertTrue(client.rest().endsWith("\r\n.\r\n"), "all of the message");
                Scene.over(client);
            }
            case COMMIT -> {
                assertEquals("+OK marked", client.line());
                // The session is told of its time by a clock that stands still here.
                scene.pass(Duration.ofMinutes(2));
                scene.tick(client);
                assertTrue(client.line().startsWith("-ERR [SYS/TEMP]"));
            }
            case MAILDROP_CLOSE, LEASE_CLOSE -> {
                assertEquals("+OK bye", client.line());
                Scene.over(client);
            }
            case MECHANISM_ENDS -> {
                assertTrue(client.line().startsWith("-ERR [SYS/TEMP]"));
            }
            default -> {
                assertTrue(client.line().startsWith("-ERR [SYS/TEMP]"));
                client.says("NOOP\r\n");
                assertTrue(client.line().startsWith("-ERR"), "the connection goes on");
            }
        }
    }

    // ---- the plugins

    private void arrange(Call call) {
        var secrets = new HashMap<String, String>();
        List.of("alice", "bob").forEach(user -> secrets.put(user, Scene.SECRET));
        IntStream.range(0, STUCK).forEach(i -> secrets.put(STUCKS + i, Scene.SECRET));
        var users = new MemoryUsers(secrets);
        scene.directories = List.of(users);
        switch (call) {
            case MECHANISM_BEGINS, MECHANISM_ANSWERS, MECHANISM_ENDS ->
                    scene.ways = List.of(mechanism(call));
            case DIRECTORY -> scene.directories = List.of(directory(users));
            case DIRECTORY_WITH_A_STAND_IN -> {
                scene.directories = List.of(directory(users));
                scene.nextOnFailure = List.copyOf(scene.directories);
            }
            case POLICY_BEFORE, POLICY_AFTER ->
                    scene.policy = Optional.of(new LoginPolicy(policy(call), LIMIT, false));
            case LOCATE -> {
                var usual = scene.store.locate;
                scene.store.locate =
                        user -> {
                            stickFor(user.name());
                            return usual.on(user);
                        };
            }
            case LOCK -> scene.locks.beforeAcquire = id -> stickFor(id.value());
            case LEASE_LISTENER -> scene.locks.beforeOnLost = id -> stickFor(id.value());
            case LEASE_CLOSE -> scene.locks.beforeClose = id -> stickFor(id.value());
            case OPEN ->
                    scene.store.beforeOpen =
                            id -> {
                                stickFor(id.value());
                                return null;
                            };
            case LISTING, COUNT, SIZE ->
                    scene.store.listingOf =
                            (id, it) -> isStucks(id.value()) ? listing(call, it) : it;
            case CONTENT ->
                    scene.store.contentOf =
                            (id, it) -> {
                                stickFor(id.value());
                                return it;
                            };
            case READ, STREAM_CLOSE ->
                    scene.store.contentOf =
                            (id, it) -> isStucks(id.value()) ? stream(call, it) : it;
            case COMMIT -> scene.store.beforeCommitOf = id -> stickFor(id.value());
            case MAILDROP_CLOSE -> scene.store.beforeCloseOf = id -> stickFor(id.value());
        }
    }

    private Scene.Passwords mechanism(Call call) {
        return new Scene.Passwords() {
            private final AtomicInteger begun = new AtomicInteger();

            @Override
            public AuthExchange begin(AuthContext context) {
                // Which user it is for, nobody knows yet: the first ones are the stuck ones.
                var sticks = begun.getAndIncrement() < STUCK;
                if (sticks && call == Call.MECHANISM_BEGINS) {
                    stick();
                }
                var usual = super.begin(context);
                return new AuthExchange() {
                    @Override
                    public AuthStep next(byte[] response) throws Fault, InterruptedException {
                        if (sticks && call == Call.MECHANISM_ANSWERS) {
                            stick();
                        }
                        return usual.next(response);
                    }

                    @Override
                    public void close() {
                        if (sticks && call == Call.MECHANISM_ENDS) {
                            stick();
                        }
                    }
                };
            }
        };
    }

    private PasswordDirectory directory(MemoryUsers users) {
        return new PasswordDirectory() {
            @Override
            public Verdict verify(String name, Secret password) {
                stickFor(name);
                return users.verify(name, password);
            }
        };
    }

    private AuthPolicy policy(Call call) {
        return new AuthPolicy() {
            @Override
            public Ruling before(Attempt attempt) {
                if (call == Call.POLICY_BEFORE) {
                    stickFor(attempt.name());
                }
                return new Allow();
            }

            @Override
            public Ruling after(Attempt attempt, Verdict verdict) {
                if (call == Call.POLICY_AFTER) {
                    stickFor(attempt.name());
                }
                return new Allow();
            }
        };
    }

    private Listing listing(Call call, Listing usual) {
        if (call == Call.LISTING) {
            stick();
        }
        return new Listing() {
            @Override
            public int count() {
                if (call == Call.COUNT) {
                    stick();
                }
                return usual.count();
            }

            @Override
            public long octets(int number) {
                if (call == Call.SIZE) {
                    stick();
                }
                return usual.octets(number);
            }

            @Override
            public String uniqueId(int number) {
                return usual.uniqueId(number);
            }
        };
    }

    private InputStream stream(Call call, InputStream usual) {
        return new FilterInputStream(usual) {
            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                if (call == Call.READ) {
                    stick();
                }
                return super.read(into, from, length);
            }

            @Override
            public void close() throws IOException {
                if (call == Call.STREAM_CLOSE) {
                    stick();
                }
                super.close();
            }
        };
    }

    private static boolean isStucks(String name) {
        return name.contains(STUCKS);
    }

    private void stickFor(String name) {
        if (isStucks(name)) {
            stick();
        }
    }

    private void stick() {
        inside.incrementAndGet();
        try {
            deed.run();
        } finally {
            inside.decrementAndGet();
        }
    }

    // Whoever uses one first waits for the end of the test; the others wait for that one.

    private static final class WaitingDirectory {
        static {
            waitForTheEnd();
        }

        static void touch() {}
    }

    private static final class WaitingStream {
        static {
            waitForTheEnd();
        }

        static void touch() {}
    }

    private static void waitForTheEnd() {
        while (!over) {
            LockSupport.parkNanos(10_000_000);
        }
    }
}
