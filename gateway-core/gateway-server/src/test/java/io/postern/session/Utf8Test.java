package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.engine.Offer;
import io.postern.engine.Terms;
import io.postern.session.Counters.Violation;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.spi.store.Listing;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntToLongFunction;

/** RFC 6856 as a session and its login keep it. */
class Utf8Test {
    private static final String MAIL =
            "From: J\u00c3\u00bcrgen <j@example.org>\nSubject: \u00c3\u00bc\n\n.\u00c3\u00bc\n";

    private static final Verdict ALICE = new Verdict.Accepted(new User("alice"));
    private static final Verdict MALFORMED = new Verdict.Refused(Reason.MALFORMED);

    // Messages

    @Test
    @Tag("protocol-92")
    @Tag("protocol-127")
    void theListedSizeIsThatOfWhatIsSent() throws InterruptedException {
        var scene = new Scene(MAIL, Scene.ONE);
        scene.utf8 = true;
        var client = scene.loggedIn();
        client.says("LIST\r\nRETR 1\r\nTOP 1 0\r\nQUIT\r\n");
        var header =
                List.of(
                        "From: =?utf-8?B?SsO8cmdlbg==?= <j@example.org>",
                        "Subject: =?utf-8?B?w7w=?=",
                        "");
        var octets = String.join("", header).length() + 3 * 2 + ".\u00c3\u00bc\r\n".length();
        var other = Scene.ONE.replace("\n", "\r\n").length();
        assertEquals(
                Scene.lines(
                        "+OK 2 messages, " + (octets + other) + " octets",
                        "1 " + octets,
                        "2 " + other,
                        ".",
                        "+OK " + octets + " octets",
                        String.join("\r\n", header),
                        "..\u00c3\u00bc",
                        ".",
                        "+OK top of message",
                        String.join("\r\n", header),
                        ".",
                        "+OK bye"),
                client.rest());
        assertEquals(0, scene.count(Violation.SIZE));
    }

    @Test
    @Tag("protocol-92")
    @Tag("protocol-126")
    void afterUtf8TheMessageIsSentAsItIs() throws InterruptedException {
        var scene = new Scene(MAIL);
        scene.utf8 = true;
        var client = scene.greeted();
        client.says("UTF8\r\nUSER alice\r\nPASS " + Scene.SECRET + "\r\nRETR 1\r\nQUIT\r\n");
        var said = client.rest();
        var octets = MAIL.replace("\n", "\r\n").length();
        assertTrue(
                said.endsWith(
                        "+OK "
                                + octets
                                + " octets\r\n"
                                + MAIL.replace("\n.", "\n..").replace("\n", "\r\n")
                                + ".\r\n+OK bye\r\n"),
                said);
    }

    @Test
    @Tag("protocol-127")
    void aStoreThatTellsNoSurrogatesHasItsMailSentAsItIs() throws InterruptedException {
        var scene = new Scene(MAIL);
        scene.utf8 = true;
        scene.store.listing = real -> telling(real, real::octets);
        var client = scene.loggedIn();
        client.says("RETR 1\r\nQUIT\r\n");
        assertTrue(client.rest().contains("\r\nSubject: \u00c3\u00bc\r\n"));
    }

    @Test
    @Tag("protocol-92")
    void aSurrogateOfAnotherSizeCutsTheConnectionAndIsToldToTheStore() throws InterruptedException {
        var scene = new Scene(MAIL);
        scene.utf8 = true;
        scene.store.listing = real -> telling(real, number -> real.surrogateOctets(number) + 1);
        var client = scene.loggedIn();
        client.says("RETR 1\r\nQUIT\r\n");
        assertTrue(!client.rest().endsWith(".\r\n"));
        Scene.over(client);
        assertEquals(1, scene.count(Violation.SIZE));
    }

    private static Listing telling(Listing real, IntToLongFunction surrogateOctets) {
        return new Listing() {
            @Override
            public int count() {
                return real.count();
            }

            @Override
            public long octets(int number) {
                return real.octets(number);
            }

            @Override
            public long surrogateOctets(int number) {
                return surrogateOctets.applyAsLong(number);
            }

            @Override
            public String uniqueId(int number) {
                return real.uniqueId(number);
            }
        };
    }

    // Names and passwords

    /** U+FF41 is a wide "a", U+00AD is shown by nobody, U+FB01 is "fi" in one character. */
    @Test
    @Tag("protocol-130")
    void namesAndPasswordsAreQueryStrings() throws Exception {
        var users = new MemoryUsers(Map.of("alice", "five", "zo\u00e9", "\u00e9t\u00e9"));
        assertEquals(ALICE, password(true, users, "\uFF41lice", "five"));
        assertEquals(ALICE, password(true, users, "al\u00ADice", "\uFB01ve"));
        assertEquals(
                new Verdict.Accepted(new User("zo\u00e9")),
                password(true, users, "zoe\u0301", "e\u0301te\u0301"));
        assertEquals(
                new Verdict.Refused(Reason.WRONG_PROOF), password(true, users, "alice", "Five"));
        // Not assigned in Unicode 3.2, which a query may have (RFC 3454 §7).
        assertEquals(
                new Verdict.Refused(Reason.WRONG_PROOF),
                password(true, users, "alice", "\uD83D\uDCEE"));
    }

    @Test
    @Tag("protocol-130")
    void whatSaslPrepForbidsIsRefusedBeforeAnybodyIsAsked() throws Exception {
        var users = new MemoryUsers(Map.of("alice", "five"));
        for (var forbidden :
                List.of("a\u0007", "\uE000", "\u06271", "\uFFFD", "\u2028", "\u00AD")) {
            assertEquals(MALFORMED, password(true, users, "alice", forbidden), forbidden);
            assertEquals(MALFORMED, password(true, users, forbidden, "five"), forbidden);
            assertEquals(
                    MALFORMED, accounts(true, users).checkShared(forbidden, _ -> true), forbidden);
        }
        assertEquals(MALFORMED, octets(true, users, "alice", "caf\u00e9"));
        assertEquals(0, users.comparisons());
    }

    /** Nobody who logs in today is kept out because the password changes under SASLprep. */
    @Test
    @Tag("protocol-130")
    void aPasswordThatIsKeptAsItWasTypedFitsAsWell() throws Exception {
        var users = new MemoryUsers(Map.of("alice", "\uFB01ve"));
        assertEquals(ALICE, password(true, users, "alice", "\uFB01ve"));
        assertEquals(
                new Verdict.Refused(Reason.WRONG_PROOF), password(true, users, "alice", "five"));
    }

    @Test
    @Tag("protocol-40")
    void aSecondComparisonIsMadeForStrangersToo() throws Exception {
        for (var name : List.of("alice", "mallory")) {
            var users = new MemoryUsers(Map.of("alice", "right"));
            assertTrue(password(true, users, name, "\uFB01ve") instanceof Verdict.Refused);
            assertEquals(2, users.comparisons(), name);
        }
        for (var name : List.of("alice", "mallory")) {
            var users = new MemoryUsers(Map.of("alice", "right"));
            assertTrue(password(true, users, name, "five") instanceof Verdict.Refused);
            assertEquals(1, users.comparisons(), name);
        }
    }

    @Test
    @Tag("protocol-130")
    void aSecretIsAStoredString() throws Exception {
        var accounts = accounts(true, new MemoryUsers(Map.of("alice", "\uFB01ve")));
        for (var proof : List.of("five", "\uFB01ve")) {
            assertEquals(
                    ALICE,
                    accounts.checkShared(
                            "\uFF41lice",
                            secret -> secret.matches(proof.getBytes(StandardCharsets.UTF_8))));
        }
        assertTrue(
                accounts.checkShared("alice", secret -> secret.matches(new byte[0]))
                        instanceof Verdict.Refused);
    }

    @Test
    @Tag("protocol-130")
    void withoutUtf8PasswordsAreOctets() throws Exception {
        PasswordDirectory latin1 =
                (name, password) ->
                        password.matches("caf\u00e9".getBytes(StandardCharsets.ISO_8859_1))
                                ? new Verdict.Accepted(new User(name))
                                : new Verdict.Refused(Reason.WRONG_PROOF);
        var accounts = accounts(false, latin1);
        try (var password = Secret.of("caf\u00e9".getBytes(StandardCharsets.ISO_8859_1))) {
            assertEquals(ALICE, accounts.checkPassword("alice", password));
        }
        var users = new MemoryUsers(Map.of("alice", "five"));
        assertTrue(password(false, users, "alice", "\uFB01ve") instanceof Verdict.Refused);
    }

    private static Verdict password(boolean utf8, MemoryUsers users, String name, String password)
            throws Exception {
        try (var secret = Secret.of(password)) {
            return accounts(utf8, users).checkPassword(name, secret);
        }
    }

    private static Verdict octets(boolean utf8, MemoryUsers users, String name, String latin1)
            throws Exception {
        try (var secret = Secret.of(latin1.getBytes(StandardCharsets.ISO_8859_1))) {
            return accounts(utf8, users).checkPassword(name, secret);
        }
    }

    private static Accounts accounts(boolean utf8, UserDirectory directory) {
        var scene = new Scene();
        var all = new Realm("all", Set.of(), List.of(directory), scene.store, false);
        var realms = new Realms(List.of(all), Optional.of(all));
        var offer = new Offer("", true, List.of(), false, Terms.NONE, utf8);
        return Scene.accounts(realms, new FakeConnection(scene.journal), offer);
    }
}
