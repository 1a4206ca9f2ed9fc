package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.engine.Terms;
import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/** What a directory says of an account, and who is let in then. */
class AccountRulesTest {
    private static final String LOCKED_OUT = "-ERR [AUTH] login refused";

    private static final Terms TERMS = new Terms(OptionalInt.of(300), OptionalInt.of(30));

    private final Scene scene = Scene.usual();

    @BeforeEach
    void announceTheWorst() {
        scene.terms = TERMS;
    }

    /** Everybody knows the secret. */
    private void account(Map<String, String> attributes) {
        PasswordDirectory directory =
                (name, password) ->
                        password.matches(Scene.SECRET.getBytes(StandardCharsets.UTF_8))
                                ? new Verdict.Accepted(new User(name, attributes))
                                : new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
        scene.directories = List.of(directory);
    }

    private FakeConnection greeted() throws InterruptedException {
        return scene.greeted();
    }

    private static String logsIn(FakeConnection client) throws InterruptedException {
        return logsIn(client, "alice", Scene.SECRET);
    }

    private static String logsIn(FakeConnection client, String name, String password)
            throws InterruptedException {
        client.says("USER " + name + "\r\n");
        assertTrue(client.line().startsWith("+OK"));
        client.says("PASS " + password + "\r\n");
        return client.line();
    }

    private static void quits(FakeConnection client) throws InterruptedException {
        client.says("QUIT\r\n");
        assertTrue(client.line().startsWith("+OK"));
        Scene.over(client);
    }

    private static void drops(FakeConnection client) {
        client.drops();
        Scene.over(client);
    }

    @ParameterizedTest
    @CsvSource({
        "pop3, off",
        "tls, required",
        "mechanisms, SCRAM-SHA-256 PLAIN",
        "networks, 192.0.2.0/24 2001:db8::/32",
    })
    @Tag("protocol-40")
    void whoeverMustNotLogInHearsWhatAWrongPasswordHears(String name, String value)
            throws InterruptedException {
        account(Map.of(name, value));
        var client = greeted();
        assertEquals(LOCKED_OUT, logsIn(client));
        assertEquals(LOCKED_OUT, logsIn(client, "alice", "wrong"));
        assertFalse(scene.journal.contains("acquire"), "the lock was asked for");
        assertTrue(scene.locks.free());
    }

    @ParameterizedTest
    @CsvSource({
        "pop3, on",
        "tls, optional",
        "mechanisms, plain user",
        "networks, '192.0.2.0/24, 127.0.0.0/8 ::1'",
        "sessions, 1",
        "login-delay, PT5M",
        "login-delay, PT0S",
        "expire, NEVER",
        "expire, 31",
        "maildrop, team/alice",
    })
    void whatFitsLetsIn(String name, String value) throws InterruptedException {
        account(Map.of(name, value));
        assertTrue(logsIn(greeted()).startsWith("+OK"));
    }

    @ParameterizedTest
    @CsvSource({
        "pop3, no",
        "tls, yes",
        "mechanisms, ''",
        "networks, everywhere",
        "networks, 192.0.2.0/33",
        "sessions, 0",
        "sessions, many",
        "login-delay, 300",
        "login-delay, PT-5M",
        "login-delay, PT5M0.1S",
        "expire, never",
        "expire, 29",
        "expire, 0",
    })
    @Tag("protocol-48")
    void whatCannotBeReadLetsNobodyInAndIsTheOperators(String name, String value)
            throws InterruptedException {
        account(Map.of(name, value));
        assertTrue(logsIn(greeted()).startsWith("-ERR [SYS/PERM]"));
        var fault =
                assertThrows(
                        Fault.class,
                        () -> AccountRules.of(new User("alice", Map.of(name, value)), TERMS));
        assertTrue(fault.getMessage().startsWith("the attribute " + name + " of alice is "));
    }

    @Test
    void aMechanismThatIsAllowedIsAllowedWithItsBinding() throws Exception {
        var rules = AccountRules.of(new User("alice", Map.of("mechanisms", "SCRAM-X")), TERMS);
        var client = new FakeConnection(scene.journal);
        assertTrue(rules.against("SCRAM-X", client).isEmpty());
        assertTrue(rules.against("SCRAM-X-PLUS", client).isEmpty());
        assertTrue(rules.against("SCRAM-Y-PLUS", client).isPresent());
        var bound = AccountRules.of(new User("alice", Map.of("mechanisms", "SCRAM-X-PLUS")), TERMS);
        assertTrue(bound.against("SCRAM-X-PLUS", client).isEmpty());
        assertTrue(bound.against("SCRAM-X", client).isPresent());
    }

    @Test
    void tlsIsEnoughForWhomItIsRequired() throws InterruptedException {
        account(Map.of("tls", "required"));
        var client = scene.connected(new FakeConnection(scene.journal).withStls());
        client.line();
        client.says("STLS\r\n");
        client.line();
        client.secures(StlsTest.TLS);
        assertTrue(logsIn(client).startsWith("+OK"));
    }

    @Test
    @Tag("protocol-45")
    void moreSessionsThanAllowedAreInUse() throws InterruptedException {
        scene.terms = Terms.NONE;
        account(Map.of("sessions", "1"));
        var first = greeted();
        assertTrue(logsIn(first).startsWith("+OK"));
        var second = greeted();
        assertTrue(logsIn(second).startsWith("-ERR [IN-USE]"));
        assertEquals(LOCKED_OUT, logsIn(second, "alice", "wrong"));
        quits(first);
        assertTrue(logsIn(second).startsWith("+OK"));
    }

    @Test
    void aLoginThatFailsBehindTheCountIsNotCounted() throws InterruptedException {
        account(Map.of("sessions", "1", "login-delay", "PT5M"));
        scene.store.beforeOpen =
                id -> {
                    throw Fault.temporary("away", null);
                };
        var client = greeted();
        assertTrue(logsIn(client).startsWith("-ERR [SYS/TEMP]"));
        scene.store.beforeOpen = id -> null;
        assertTrue(logsIn(client).startsWith("+OK"));
    }

    @Test
    @Tag("protocol-46")
    void aLoginWithinTheDelayIsToldSoIfThePasswordIsRight() throws InterruptedException {
        account(Map.of("login-delay", "PT5M"));
        var first = greeted();
        assertTrue(logsIn(first).startsWith("+OK"));
        quits(first);
        scene.pass(Duration.ofMinutes(5).minusNanos(1));
        var second = greeted();
        assertEquals("-ERR [LOGIN-DELAY] the last login is too short a time ago", logsIn(second));
        assertEquals(LOCKED_OUT, logsIn(second, "alice", "wrong"));
        assertTrue(logsIn(greeted(), "bob", Scene.SECRET).startsWith("+OK"), "another user");
        scene.pass(Duration.ofNanos(1));
        assertTrue(logsIn(second).startsWith("+OK"));
    }

    private static String capabilities(FakeConnection client) throws InterruptedException {
        client.says("CAPA\r\n");
        assertTrue(client.line().startsWith("+OK"));
        var all = new ArrayList<String>();
        for (var line = client.line(); !line.equals("."); line = client.line()) {
            all.add(line);
        }
        return all.stream()
                .filter(line -> line.startsWith("LOGIN-DELAY") || line.startsWith("EXPIRE"))
                .collect(Collectors.joining(", "));
    }

    @Test
    @Tag("protocol-80")
    @Tag("protocol-82")
    void theWorstIsAnnouncedToEverybodyAndTheTruthToTheUser() throws InterruptedException {
        account(Map.of("login-delay", "PT0.5S", "expire", "NEVER"));
        var client = greeted();
        assertEquals("LOGIN-DELAY 300 USER, EXPIRE 30 USER", capabilities(client));
        assertTrue(logsIn(client).startsWith("+OK"));
        assertEquals("LOGIN-DELAY 1, EXPIRE NEVER", capabilities(client));
        quits(client);
        // What was announced is what is kept to.
        scene.pass(Duration.ofMillis(999));
        var again = greeted();
        assertTrue(logsIn(again).startsWith("-ERR [LOGIN-DELAY]"));
        scene.pass(Duration.ofMillis(1));
        assertTrue(logsIn(again).startsWith("+OK"));
    }

    @Test
    @Tag("protocol-80")
    void whoHasNoTermsOfTheirOwnHasTheRealms() throws InterruptedException {
        account(Map.of());
        var client = greeted();
        assertTrue(logsIn(client).startsWith("+OK"));
        assertEquals("LOGIN-DELAY 300, EXPIRE 30", capabilities(client));
    }

    @Test
    @Tag("protocol-82")
    void whereNothingIsKeptToNothingIsAnnounced() throws InterruptedException {
        scene.terms = Terms.NONE;
        account(Map.of());
        var client = greeted();
        assertEquals("", capabilities(client));
        assertTrue(logsIn(client).startsWith("+OK"));
        assertEquals("", capabilities(client));
        quits(client);
        assertTrue(logsIn(greeted()).startsWith("+OK"));
    }

    @Test
    @Tag("protocol-81")
    void mailThatMayExpireIsNotRemovedUnlessMarked() throws InterruptedException {
        account(Map.of());
        var client = greeted();
        assertTrue(logsIn(client).startsWith("+OK 2 "));
        client.says("RETR 1\r\n");
        while (!client.line().equals(".")) {}
        quits(client);
        scene.pass(Duration.ofDays(31));
        assertTrue(logsIn(greeted()).startsWith("+OK 2 "));
    }

    @Test
    @Tag("protocol-80")
    void ofSeveralRealmsTheWorstIsAnnounced() {
        var realms =
                new Realms(
                        List.of(
                                realm("a", new Terms(OptionalInt.of(5), OptionalInt.of(9))),
                                realm("b", new Terms(OptionalInt.empty(), OptionalInt.of(7)))),
                        Optional.empty());
        assertEquals(new Terms(OptionalInt.of(5), OptionalInt.of(7)), realms.terms());
        var silent =
                new Realms(List.of(realm("a", TERMS), realm("b", Terms.NONE)), Optional.empty());
        assertEquals(new Terms(OptionalInt.of(300), OptionalInt.empty()), silent.terms());
    }

    private Realm realm(String name, Terms terms) {
        PasswordDirectory nobody = (_, _) -> new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
        return new Realm(
                name,
                Set.of(name),
                List.of(nobody),
                scene.store,
                false,
                Set.of(),
                Set.of(),
                terms,
                Optional.empty());
    }

    @Test
    @Tag("protocol-141")
    void whoLostTheConnectionMayComeBackOnce() throws InterruptedException {
        account(Map.of("login-delay", "PT5M"));
        var lost = greeted();
        assertTrue(logsIn(lost).startsWith("+OK"));
        drops(lost);
        var again = greeted();
        assertTrue(logsIn(again).startsWith("+OK"));
        drops(again);
        assertTrue(logsIn(greeted()).startsWith("-ERR [LOGIN-DELAY]"));
        // The delay still runs from the first login.
        scene.pass(Duration.ofMinutes(5));
        assertTrue(logsIn(greeted()).startsWith("+OK"));
    }

    @Test
    void usersWhoseDelayIsOverAreForgottenAndTheOthersAreNot() throws InterruptedException {
        var now = new AtomicLong();
        var visits = new UserVisits(now::get);
        var none = OptionalInt.empty();
        try (var early = visits.begin("early", none)) {
            early.opened(Duration.ofSeconds(100));
            early.orderly();
        }
        for (var i = 0; i < 5_000; i++) {
            now.set(i);
            visits.begin("user" + i, none).close();
        }
        now.set(5_000);
        assertEquals(UserVisits.Answer.TOO_EARLY, visits.begin("early", none).answer());
    }

    /** A time that was read before another login's is no sign of a delay that still runs. */
    @Test
    void withoutADelayNobodyIsTooEarly() throws Exception {
        var visits = new UserVisits(System::nanoTime);
        var answers = new ConcurrentLinkedQueue<UserVisits.Answer>();
        var logins = new ArrayList<Thread>();
        for (var i = 0; i < 8; i++) {
            logins.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                for (var n = 0; n < 20_000; n++) {
                                    try (var one = visits.begin("alice", OptionalInt.empty())) {
                                        answers.add(one.answer());
                                        one.opened(Duration.ZERO);
                                        one.orderly();
                                    }
                                }
                            }));
        }
        for (var one : logins) {
            one.join();
        }
        assertEquals(Set.of(UserVisits.Answer.WELCOME), Set.copyOf(answers));
    }
}
