package io.postern.session;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.call.PluginCalls;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** A plugin that does not come to an end costs its client one reply, and nobody else anything. */
class StuckPluginTest {
    private static final String PASS = "USER alice\r\nPASS " + Scene.SECRET + "\r\n";

    private final Scene scene = Scene.usual();
    private final CountDownLatch end = new CountDownLatch(1);

    @AfterEach
    void nothingStaysStuck() {
        end.countDown();
    }

    @Test
    void aDirectoryThatNeverAnswersIsATemporaryFailure() throws InterruptedException {
        scene.calls = new PluginCalls(Duration.ofMillis(200));
        var users = new MemoryUsers(Map.of("bob", Scene.SECRET));
        scene.directories = List.<UserDirectory>of(new Stuck(users));
        assertFailsForAliceAlone();
    }

    @Test
    void aStoreThatIsLateWithAMaildropKeepsItsLockUntilItIsThroughWithIt() throws Exception {
        scene.calls = new PluginCalls(Duration.ofMillis(200));
        var once = new ArrayList<>(List.of("alice"));
        scene.store.beforeOpen =
                id -> {
                    if (!once.isEmpty()) {
                        once.clear();
                        awaitEnd();
                    }
                    return null;
                };
        var client = scene.greeted();
        client.says(PASS);
        assertEquals("+OK send PASS", client.line());
        assertTrue(client.line().startsWith("-ERR [SYS/TEMP]"));
        assertFalse(scene.locks.free(), "the store is at work with the maildrop");
        end.countDown();
        await().atMost(Duration.ofSeconds(30)).until(scene.locks::free);
        assertTrue(scene.journal.indexOf("close maildrop") < scene.journal.indexOf("release"));
        client.says(PASS);
        assertEquals("+OK send PASS", client.line());
        assertTrue(client.line().startsWith("+OK 2 messages"));
    }

    @Test
    void aMechanismThatNeverEndsIsLeftBehindWhenTheLoginTakesTooLong() throws Exception {
        scene.ways =
                List.of(
                        new Scene.Passwords() {
                            @Override
                            public AuthExchange begin(AuthContext context) {
                                return response -> {
                                    awaitEnd();
                                    return new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
                                };
                            }
                        });
        var client = scene.greeted();
        client.says(PASS);
        assertEquals("+OK send PASS", client.line());
        client.session().tick(scene.clock.get() + Duration.ofMinutes(4).toNanos());
        await().atMost(Duration.ofSeconds(30)).until(client.session()::ended);
    }

    @Test
    void aMechanismThatNeverAnswersIsATemporaryFailure() throws Exception {
        scene.calls = new PluginCalls(Duration.ofMillis(200));
        scene.ways =
                List.of(
                        new Scene.Passwords() {
                            @Override
                            public AuthExchange begin(AuthContext context) {
                                var usual = super.begin(context);
                                return response -> {
                                    if (isAlices(response)) {
                                        awaitEnd();
                                    }
                                    return usual.next(response);
                                };
                            }
                        });
        assertFailsForAliceAlone();
    }

    @Test
    void aMechanismThatNeverBeginsIsATemporaryFailure() throws Exception {
        scene.calls = new PluginCalls(Duration.ofMillis(200));
        var late = new Late();
        var once = new AtomicBoolean();
        scene.ways =
                List.of(
                        new Scene.Passwords() {
                            @Override
                            public AuthExchange begin(AuthContext context) {
                                if (once.getAndSet(true)) {
                                    return super.begin(context);
                                }
                                awaitEnd();
                                return late;
                            }
                        });
        assertFailsForAliceAlone();
        end.countDown();
        await().atMost(Duration.ofSeconds(30)).until(() -> late.closed);
        assertFalse(late.asked, "nobody waits for that attempt");
    }

    @Test
    void aMechanismThatNeverEndsAnAttemptIsATemporaryFailure() throws Exception {
        var once = new AtomicBoolean();
        scene.calls = new PluginCalls(Duration.ofMillis(200));
        scene.ways =
                List.of(
                        new Scene.Passwords() {
                            @Override
                            public AuthExchange begin(AuthContext context) {
                                var usual = super.begin(context);
                                return new AuthExchange() {
                                    @Override
                                    public AuthStep next(byte[] response)
                                            throws Fault, InterruptedException {
                                        return usual.next(response);
                                    }

                                    @Override
                                    public void close() {
                                        if (!once.getAndSet(true)) {
                                            awaitEnd();
                                        }
                                    }
                                };
                            }
                        });
        var client = scene.greeted();
        client.says(PASS);
        assertEquals("+OK send PASS", client.line());
        assertTrue(client.line().startsWith("-ERR [SYS/TEMP]"));
        client.says(PASS);
        assertEquals("+OK send PASS", client.line());
        assertTrue(client.line().startsWith("+OK 2 messages"));
    }

    /** A policy, a penalty and directories have limits of their own. */
    @Test
    void theTimeThatOthersTakeIsNotTheMechanisms() throws Exception {
        var limit = Duration.ofMillis(100);
        scene.calls = new PluginCalls(limit);
        AuthPolicy slow =
                attempt -> {
                    var begun = System.nanoTime();
                    await("three times what a mechanism may take")
                            .until(() -> System.nanoTime() - begun > 3 * limit.toNanos());
                    return new AuthPolicy.Allow();
                };
        scene.policy = Optional.of(new LoginPolicy(slow, Duration.ofSeconds(30), false));
        var client = scene.greeted();
        client.says(PASS);
        assertEquals("+OK send PASS", client.line());
        assertTrue(client.line().startsWith("+OK 2 messages"));
    }

    private void assertFailsForAliceAlone() throws InterruptedException {
        var client = scene.greeted();
        client.says(PASS);
        assertEquals("+OK send PASS", client.line());
        assertTrue(client.line().startsWith("-ERR [SYS/TEMP]"));
        // The same connection, and the same plugin for others, go on.
        client.says("USER bob\r\nPASS " + Scene.SECRET + "\r\n");
        assertEquals("+OK send PASS", client.line());
        assertTrue(client.line().startsWith("+OK 2 messages"));
    }

    private static boolean isAlices(byte[] response) {
        return new String(response, StandardCharsets.US_ASCII).startsWith("alice");
    }

    /** An attempt that comes when nobody waits for it. */
    private static final class Late implements AuthExchange {
        volatile boolean asked;
        volatile boolean closed;

        @Override
        public AuthStep next(byte[] response) {
            asked = true;
            return new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /** Deaf to interrupts. */
    private void awaitEnd() {
        while (end.getCount() > 0) {
            try {
                end.await();
            } catch (InterruptedException deaf) {
                // Waits on.
            }
        }
    }

    /** Never answers for alice. */
    private final class Stuck implements PasswordDirectory {
        private final MemoryUsers users;

        Stuck(MemoryUsers users) {
            this.users = users;
        }

        @Override
        public Verdict verify(String name, Secret password) {
            if (name.equals("alice")) {
                awaitEnd();
            }
            return users.verify(name, password);
        }
    }
}
