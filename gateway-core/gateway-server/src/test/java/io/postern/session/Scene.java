package io.postern.session;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.call.PluginCalls;
import io.postern.engine.Offer;
import io.postern.engine.Terms;
import io.postern.kept.KeptDeletions;
import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.testkit.auth.MemoryUsers;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A server of one realm, with alice and bob in it, whose clock stands still unless it is moved. */
final class Scene {
    static final String ONE = "Subject: one\n\nfirst\n";
    static final String TWO = "Subject: two\r\n\r\n.second\r\n..\r\nlast";
    static final String SECRET = "tanstaaf";

    /** An offer of nothing. */
    static final Offer NOTHING = new Offer("", false, List.of(), false);

    final List<String> journal = Collections.synchronizedList(new ArrayList<>());
    final AtomicLong clock = new AtomicLong(-1_000);
    final Counters counters = new Counters();
    final TestLocks locks = new TestLocks(journal);
    final TestStore store;
    List<AuthMechanism> ways = List.of(new Passwords(), new Digests(), new Asking());
    List<UserDirectory> directories =
            List.of(new MemoryUsers(Map.of("alice", SECRET, "bob", SECRET)));
    List<UserDirectory> nextOnFailure = List.of();
    Terms terms = Terms.NONE;
    boolean utf8;
    LoginGuard guard = LoginGuard.open();
    Optional<KeptDeletions> kept = Optional.empty();
    Optional<LoginPolicy> policy = Optional.empty();
    PluginCalls calls = new PluginCalls(Duration.ofSeconds(30));
    private Sessions sessions;

    Scene(String... messages) {
        store = new TestStore(journal, messages);
    }

    /** With two messages. */
    static Scene usual() {
        return new Scene(ONE, TWO);
    }

    Sessions sessions() {
        if (sessions == null) {
            var all =
                    new Realm(
                            "all",
                            Set.of(),
                            directories,
                            store,
                            false,
                            Set.of(),
                            Set.copyOf(nextOnFailure),
                            terms,
                            kept);
            var realms = new Realms(List.of(all), Optional.of(all));
            sessions =
                    new Sessions(
                            new SessionSettings("node", "mail.example.org"),
                            new Ways(new Mechanisms(ways, realms, utf8), realms, policy),
                            locks,
                            counters,
                            guard,
                            calls,
                            clock::get);
        }
        return sessions;
    }

    /** Directories behind one door that lets every attempt pass. */
    static Accounts accounts(Realms realms, Connection connection, Offer offer) {
        var calls = new PluginCalls(Duration.ofSeconds(30));
        return new Accounts(
                realms,
                connection,
                offer,
                new Vetting(calls, LoginGuard.open(), Optional.empty(), connection, "session"),
                calls);
    }

    /** A client that has been greeted. */
    FakeConnection greeted() throws InterruptedException {
        var connection = connected();
        assertTrue(connection.line().startsWith("+OK"));
        return connection;
    }

    FakeConnection connected() {
        return connected(new FakeConnection(journal));
    }

    FakeConnection connected(FakeConnection connection) {
        var session = sessions().begin(connection);
        connection.tells(session);
        connection.session().opened();
        return connection;
    }

    /** A client in TRANSACTION. */
    FakeConnection loggedIn() throws InterruptedException {
        var connection = greeted();
        connection.says("USER alice\r\n");
        assertTrue(connection.line().startsWith("+OK"));
        connection.says("PASS " + SECRET + "\r\n");
        var answer = connection.line();
        assertTrue(answer.startsWith("+OK"), answer);
        rests(connection);
        return connection;
    }

    /** Waits until the session waits for its client. */
    static void rests(FakeConnection connection) {
        until(() -> connection.session().resting() || connection.session().ended());
    }

    /** What goes over the wire. */
    static String lines(String... lines) {
        return String.join("\r\n", lines) + "\r\n";
    }

    void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    void tick(FakeConnection connection) {
        connection.session().tick(clock.get());
    }

    long count(Violation violation) {
        return counters.value(violation);
    }

    /** Waits for something to come true. */
    static void until(Callable<Boolean> reached) {
        await().atMost(Duration.ofSeconds(20))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .until(reached);
    }

    /** Waits for the session to hold nothing any more. */
    static void over(FakeConnection connection) {
        until(() -> connection.session().ended());
    }

    /** Blocks a plugin until a test opens it. */
    static final class Gate {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch opened = new CountDownLatch(1);

        /** The plugin's side. */
        void pass() throws InterruptedException {
            reached.countDown();
            if (!opened.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody opened the gate");
            }
        }

        /** As {@link #pass}, but deaf to interrupts. */
        void passDeaf() {
            var interrupted = false;
            while (true) {
                try {
                    pass();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        /** The test's side: waits until the plugin is in there. */
        void reached() throws InterruptedException {
            assertTrue(reached.await(20, TimeUnit.SECONDS), "nobody came to the gate");
        }

        void open() {
            opened.countDown();
        }
    }

    /** USER and PASS. */
    static class Passwords implements AuthMechanism {
        @Override
        public Command command() {
            return Command.USER_PASS;
        }

        @Override
        public String mechanism() {
            return "USER";
        }

        @Override
        public boolean plaintext() {
            return true;
        }

        @Override
        public boolean servedBy(UserDirectory directory) {
            return true;
        }

        @Override
        public AuthExchange begin(AuthContext context) {
            return response -> {
                var text = new String(response, StandardCharsets.ISO_8859_1);
                var nul = text.indexOf('\0');
                try (var password = Secret.of(text.substring(nul + 1))) {
                    return context.checkPassword(text.substring(0, nul), password);
                }
            };
        }
    }

    /** APOP, with the secret itself in place of the digest. */
    static final class Digests extends Passwords {
        @Override
        public Command command() {
            return Command.APOP;
        }

        @Override
        public String mechanism() {
            return "APOP";
        }

        @Override
        public AuthExchange begin(AuthContext context) {
            return response -> {
                var words = new String(response, StandardCharsets.ISO_8859_1).split(" ", 2);
                return context.checkShared(
                        words[0],
                        secret -> secret.matches(words[1].getBytes(StandardCharsets.ISO_8859_1)));
            };
        }
    }

    /** SASL: asks for the name, then for the password. */
    static final class Asking extends Passwords {
        int closed;

        @Override
        public Command command() {
            return Command.AUTH;
        }

        @Override
        public String mechanism() {
            return "ASKING";
        }

        @Override
        public boolean serverFirst() {
            return true;
        }

        @Override
        public AuthExchange begin(AuthContext context) {
            return new AuthExchange() {
                private int step;
                private String name;

                @Override
                public AuthStep next(byte[] response) throws Fault, InterruptedException {
                    step++;
                    if (step == 1) {
                        return new AuthStep.Challenge("name?".getBytes(StandardCharsets.US_ASCII));
                    }
                    if (step == 2) {
                        name = new String(response, StandardCharsets.US_ASCII);
                        return new AuthStep.Challenge(
                                "password?".getBytes(StandardCharsets.US_ASCII));
                    }
                    if (response.length == 0) {
                        return new Verdict.Refused(Verdict.Reason.MALFORMED);
                    }
                    try (var password = Secret.of(response)) {
                        return context.checkPassword(name, password);
                    }
                }

                @Override
                public void close() {
                    closed++;
                }
            };
        }
    }
}
