package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.store.Listing;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;

class LoginTest {
    private static final String PASS = "USER alice\r\nPASS " + Scene.SECRET + "\r\n";

    private final Scene scene = Scene.usual();

    /** Logs in, and says what PASS was answered. */
    private String answer() throws InterruptedException {
        return answer(PASS);
    }

    private String answer(String login) throws InterruptedException {
        var client = scene.greeted();
        client.says(login);
        assertEquals("+OK send PASS", client.line());
        return client.line();
    }

    private void refusedAndFree(String start, String answer) {
        assertTrue(answer.startsWith(start), answer);
        assertTrue(scene.locks.free());
        assertEquals(scene.locks.acquired(), scene.locks.released());
    }

    @Test
    @Tag("protocol-30")
    void authenticatesThenLocksThenOpensThenSaysOk() throws InterruptedException {
        var answer = answer();

        assertTrue(answer.startsWith("+OK 2 messages"), answer);
        assertEquals(
                List.of("locate", "acquire", "open", "write " + answer),
                scene.journal.subList(scene.journal.size() - 4, scene.journal.size()));
    }

    @Test
    @Tag("protocol-45")
    void aWrongPasswordIsRefusedBeforeTheLockIsLookedAt() throws InterruptedException {
        scene.loggedIn();
        scene.journal.clear();

        var answer = answer("USER alice\r\nPASS wrong\r\n");

        assertTrue(answer.startsWith("-ERR [AUTH]"), answer);
        assertFalse(scene.journal.contains("locate"));
        assertFalse(scene.journal.contains("acquire"));
    }

    @Test
    @Tag("protocol-45")
    void aSecondSessionHearsInUseOnlyWithTheRightPassword() throws InterruptedException {
        var first = scene.loggedIn();

        var answer = answer();
        assertTrue(answer.startsWith("-ERR [IN-USE]"), answer);

        first.says("QUIT\r\n");
        assertTrue(first.line().startsWith("+OK"));
        assertTrue(answer().startsWith("+OK"));
    }

    @Test
    @Tag("protocol-40")
    void unknownUserAndWrongPasswordAreAnsweredAlike() throws InterruptedException {
        assertEquals(
                answer("USER alice\r\nPASS wrong\r\n"), answer("USER nobody\r\nPASS wrong\r\n"));
    }

    @Test
    @Tag("protocol-31")
    void aFailedOpenReleasesTheLockBeforeTheAnswer() throws InterruptedException {
        scene.store.beforeOpen =
                id -> {
                    throw Fault.temporary("the disk is away", null);
                };

        var answer = answer();

        refusedAndFree("-ERR [SYS/TEMP]", answer);
        assertEquals(
                List.of("acquire", "open", "release", "write " + answer),
                scene.journal.subList(scene.journal.size() - 4, scene.journal.size()));
    }

    @Test
    @Tag("protocol-31")
    void anIllegalListingClosesTheMaildropThenReleasesThenAnswers() throws InterruptedException {
        scene.store.listing = it -> listing(2, it::octets, number -> "same");

        var answer = answer();

        refusedAndFree("-ERR [SYS/TEMP]", answer);
        assertEquals(
                List.of("open", "close maildrop", "release", "write " + answer),
                scene.journal.subList(scene.journal.size() - 4, scene.journal.size()));
        assertEquals(1, scene.count(Violation.LISTING));
    }

    @Test
    @Tag("protocol-32")
    void afterAFailedLoginUserIsForgottenAndTheClientMayTryAgain() throws InterruptedException {
        var first = scene.loggedIn();
        var client = scene.greeted();
        client.says(PASS);
        assertTrue(client.line().startsWith("+OK"));
        assertTrue(client.line().startsWith("-ERR [IN-USE]"));
        client.says("PASS " + Scene.SECRET + "\r\n");
        assertTrue(client.line().startsWith("-ERR"));

        first.drops();
        Scene.over(first);
        client.says(PASS);
        assertTrue(client.line().startsWith("+OK"));
        assertTrue(client.line().startsWith("+OK"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"temporary", "permanent", "runtime", "error", "null"})
    @Tag("protocol-48")
    void aBrokenDirectoryIsNeverAWrongPassword(String how) throws InterruptedException {
        PasswordDirectory broken =
                (name, password) ->
                        switch (how) {
                            case "temporary" -> throw Fault.temporary("away", null);
                            case "permanent" -> throw Fault.permanent("misconfigured", null);
                            case "runtime" -> throw new IllegalStateException("bug");
                            case "error" -> throw new NoClassDefFoundError("gone");
                            default -> null;
                        };
        scene.directories = List.of(broken);

        var answer = answer();

        refusedAndFree(how.equals("permanent") ? "-ERR [SYS/PERM]" : "-ERR [SYS/TEMP]", answer);
    }

    @Test
    @Tag("protocol-48")
    void aMechanismThatSwallowsAFaultCannotTurnItIntoAWrongPassword() throws InterruptedException {
        PasswordDirectory broken =
                (name, password) -> {
                    throw Fault.permanent("misconfigured", null);
                };
        scene.directories = List.of(broken);
        scene.ways =
                List.of(
                        new Scene.Passwords() {
                            @Override
                            public AuthExchange begin(AuthContext context) {
                                var honest = super.begin(context);
                                return response -> {
                                    try {
                                        return honest.next(response);
                                    } catch (Fault e) {
                                        return new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
                                    }
                                };
                            }
                        });

        refusedAndFree("-ERR [SYS/PERM]", answer());
    }

    /** Everything that can go wrong behind the password. */
    enum Trouble {
        LOCATE_FAULT,
        LOCATE_NULL,
        LOCATE_BUG,
        LOCK_NULL,
        LOCK_BUG,
        LOCK_UNAVAILABLE,
        OPEN_NULL,
        OPEN_BUG,
        OPEN_ERROR,
        OPEN_INTERRUPTED,
        LISTING_NULL,
        LISTING_BUG,
        NEGATIVE_COUNT,
        COUNT_TOO_HIGH,
        NEGATIVE_SIZE,
        NULL_ID,
        LONG_ID,
        SPACE_IN_ID,
        CLOSE_BUG_AFTER_BAD_LISTING
    }

    @ParameterizedTest
    @EnumSource(Trouble.class)
    @Tag("protocol-31")
    @Tag("protocol-48")
    @Tag("protocol-108")
    void whateverFailsAfterThePasswordIsOursAndLeavesNoLock(Trouble trouble)
            throws InterruptedException {
        make(trouble);

        refusedAndFree(
                trouble == Trouble.LOCATE_FAULT ? "-ERR [SYS/PERM]" : "-ERR [SYS/TEMP]", answer());
    }

    private void make(Trouble trouble) {
        var store = scene.store;
        switch (trouble) {
            case LOCATE_FAULT ->
                    store.locate =
                            user -> {
                                throw Fault.permanent("outside of the folder", null);
                            };
            case LOCATE_NULL -> store.locate = user -> null;
            case LOCATE_BUG ->
                    store.locate =
                            user -> {
                                throw new IllegalStateException("bug");
                            };
            case LOCK_NULL -> scene.locks.instead = () -> null;
            case LOCK_BUG ->
                    scene.locks.instead =
                            () -> {
                                throw new IllegalStateException("bug");
                            };
            case LOCK_UNAVAILABLE ->
                    scene.locks.instead = () -> new Acquisition.Unavailable("no quorum", null);
            case OPEN_NULL -> store.opened = it -> null;
            case OPEN_BUG ->
                    store.beforeOpen =
                            id -> {
                                throw new IllegalStateException("bug");
                            };
            case OPEN_ERROR ->
                    store.beforeOpen =
                            id -> {
                                throw new NoClassDefFoundError("gone");
                            };
            case OPEN_INTERRUPTED ->
                    store.beforeOpen =
                            id -> {
                                throw new InterruptedException("by nobody");
                            };
            case LISTING_NULL -> store.listing = it -> null;
            case LISTING_BUG ->
                    store.listing =
                            it -> {
                                throw new IllegalStateException("bug");
                            };
            case NEGATIVE_COUNT -> store.listing = it -> listing(-1, it::octets, it::uniqueId);
            case COUNT_TOO_HIGH -> store.listing = it -> listing(3, it::octets, it::uniqueId);
            case NEGATIVE_SIZE -> store.listing = it -> listing(2, number -> -1, it::uniqueId);
            case NULL_ID -> store.listing = it -> listing(2, it::octets, number -> null);
            case LONG_ID ->
                    store.listing = it -> listing(2, it::octets, number -> number + "x".repeat(70));
            case SPACE_IN_ID ->
                    store.listing = it -> listing(2, it::octets, number -> "a " + number);
            case CLOSE_BUG_AFTER_BAD_LISTING -> {
                store.listing = it -> null;
                store.beforeClose =
                        () -> {
                            throw new IllegalStateException("bug");
                        };
            }
        }
    }

    private static Listing listing(int count, IntToLongFunction octets, IntFunction<String> ids) {
        return new Listing() {
            @Override
            public int count() {
                return count;
            }

            @Override
            public long octets(int number) {
                return octets.applyAsLong(number);
            }

            @Override
            public String uniqueId(int number) {
                return ids.apply(number);
            }
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"begin", "begin-null", "next", "next-null", "next-error"})
    @Tag("protocol-48")
    void aBrokenMechanismIsOurs(String how) throws InterruptedException {
        scene.ways =
                List.of(
                        new Scene.Passwords() {
                            @Override
                            public AuthExchange begin(AuthContext context) {
                                return switch (how) {
                                    case "begin" -> throw new IllegalStateException("bug");
                                    case "begin-null" -> null;
                                    default ->
                                            response ->
                                                    switch (how) {
                                                        case "next-null" -> null;
                                                        case "next" ->
                                                                throw new IllegalStateException(
                                                                        "bug");
                                                        default -> throw new NoClassDefFoundError();
                                                    };
                                };
                            }
                        });

        refusedAndFree("-ERR [SYS/TEMP]", answer());
        assertEquals(1, scene.count(Violation.PLUGIN));
    }

    @Test
    @Tag("protocol-47")
    void aMalformedMessageOfAMechanismCarriesNoCode() throws InterruptedException {
        var client = scene.greeted();
        client.says("AUTH ASKING\r\n");
        client.line();
        client.says(base64("alice"));
        client.line();
        client.says("\r\n");
        var answer = client.line();
        assertTrue(answer.startsWith("-ERR ") && !answer.contains("["), answer);
    }

    @Test
    void aConversationOfThreeStepsEndsInTheMaildrop() throws InterruptedException {
        var asking = new Scene.Asking();
        scene.ways = List.of(asking);
        var client = scene.greeted();
        client.says("AUTH asking\r\n");
        assertEquals("+ " + base64("name?").strip(), client.line());
        client.says(base64("alice"));
        assertEquals("+ " + base64("password?").strip(), client.line());
        client.says(base64(Scene.SECRET));
        assertTrue(client.line().startsWith("+OK 2 messages"));
        assertEquals(1, asking.closed);
    }

    @Test
    @Tag("protocol-57")
    @Tag("protocol-59")
    void aCancelledConversationIsClosedAndUserPassMayFollow() throws InterruptedException {
        var asking = new Scene.Asking();
        scene.ways = List.of(asking, new Scene.Passwords());
        var client = scene.greeted();
        client.says("AUTH ASKING\r\n");
        client.line();
        client.says("*\r\n");
        assertTrue(client.line().startsWith("-ERR"));
        assertEquals(1, asking.closed);
        client.says(PASS);
        assertTrue(client.line().startsWith("+OK"));
        assertTrue(client.line().startsWith("+OK 2 messages"));
    }

    @Test
    void aDropInAConversationClosesTheExchange() throws InterruptedException {
        var asking = new Scene.Asking();
        scene.ways = List.of(asking);
        var client = scene.greeted();
        client.says("AUTH ASKING\r\n");
        client.line();
        client.drops();
        Scene.over(client);
        assertEquals(1, asking.closed);
    }

    @Test
    @Tag("protocol-42")
    void apopGoesToTheDirectoryThatSharesSecrets() throws InterruptedException {
        var client = scene.greeted();
        client.says("APOP alice " + Scene.SECRET + "\r\n");
        assertTrue(client.line().startsWith("+OK 2 messages"));
    }

    @Test
    @Tag("protocol-48")
    void aFailingSecretDirectoryIsOurs() throws InterruptedException {
        SecretDirectory broken =
                new SecretDirectory() {
                    @Override
                    public Shared shared(String name) {
                        return Shared.of(new User("alice"), null);
                    }
                };
        scene.directories = List.of(broken);
        var client = scene.greeted();
        client.says("APOP alice digest\r\n");
        assertTrue(client.line().startsWith("-ERR [SYS/TEMP]"));
    }

    @Test
    @Tag("protocol-39")
    void anEmptyPasswordNeverReachesADirectory() throws InterruptedException {
        PasswordDirectory anonymous = (name, password) -> new Verdict.Accepted(new User("alice"));
        scene.directories = List.of(anonymous);
        var accounts =
                Scene.accounts(
                        scene.sessions().enter().realms,
                        new FakeConnection(scene.journal),
                        Scene.NOTHING);
        try (var nothing = Secret.of("")) {
            assertRefused(accounts, "alice", nothing);
        }
        try (var something = Secret.of("x")) {
            assertRefused(accounts, "", something);
        }
    }

    private static void assertRefused(Accounts accounts, String name, Secret password) {
        try {
            assertTrue(accounts.checkPassword(name, password) instanceof Verdict.Refused);
        } catch (Fault | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @Tag("protocol-26")
    void aDropWhileADirectoryThinksInterruptsIt() throws InterruptedException {
        var gate = new Scene.Gate();
        PasswordDirectory slow =
                (name, password) -> {
                    gate.pass();
                    return new Verdict.Accepted(new User(name));
                };
        scene.directories = List.of(slow);
        var client = scene.greeted();
        client.says(PASS);
        gate.reached();

        client.drops();

        Scene.over(client);
        assertFalse(scene.journal.contains("acquire"));
    }

    @Test
    @Tag("protocol-26")
    void aDropWhileTheMaildropOpensLeavesNoLock() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeOpen =
                id -> {
                    gate.pass();
                    return null;
                };
        var client = scene.greeted();
        client.says(PASS);
        gate.reached();
        assertFalse(scene.locks.free());

        client.drops();

        Scene.over(client);
        Scene.until(scene.locks::free);
    }

    @Test
    @Tag("protocol-26")
    void aDropWhileAStoreDeafToInterruptsOpensClosesWhatItOpened() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeOpen =
                id -> {
                    gate.passDeaf();
                    return null;
                };
        var client = scene.greeted();
        client.says(PASS);
        gate.reached();
        client.drops();
        assertFalse(scene.locks.free());
        gate.open();

        Scene.over(client);
        Scene.until(scene.locks::free); // by the thread that was left behind
        var journal = scene.journal;
        assertEquals(
                List.of("close maildrop", "release"),
                journal.subList(journal.size() - 2, journal.size()));
    }

    @Test
    @Tag("protocol-34")
    void theListingIsAskedOnceAndKept() throws InterruptedException {
        var asked = new int[1];
        scene.store.listing =
                it ->
                        listing(
                                2,
                                it::octets,
                                number -> {
                                    asked[0]++;
                                    return "id" + number + "." + asked[0];
                                });
        var client = scene.loggedIn();
        client.says("UIDL 1\r\nUIDL 1\r\nDELE 1\r\nRSET\r\nUIDL 2\r\n");
        assertEquals(client.line(), client.line());
        client.line();
        client.line();
        assertEquals("+OK 2 id2.2", client.line());
        assertEquals(2, asked[0]);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII))
                + "\r\n";
    }
}
