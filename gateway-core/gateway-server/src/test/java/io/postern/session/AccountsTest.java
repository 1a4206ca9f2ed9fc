package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.engine.Offer;
import io.postern.engine.Terms;
import io.postern.limit.Gate;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.ScramKeys;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.TokenDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.HostileDirectory;
import io.postern.testkit.auth.MemoryTokens;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Several directories of several abilities, as one mechanism sees them. */
class AccountsTest {
    private static final Verdict ALICE = new Verdict.Accepted(new User("alice"));

    private final MemoryUsers first = new MemoryUsers(Map.of("alice", "one"));
    private final MemoryUsers second = new MemoryUsers(Map.of("bob", "two"));

    @Test
    @Tag("protocol-40")
    void aRefusalCostsTheSameWhicheverDirectoryItComesFrom() throws Exception {
        var accounts = accounts(first, second);
        for (var name : List.of("alice", "bob", "mallory")) {
            var before = first.comparisons() + second.comparisons();
            assertTrue(password(accounts, name, "wrong") instanceof Verdict.Refused);
            assertEquals(before + 2, first.comparisons() + second.comparisons(), name);
        }
    }

    @Test
    @Tag("protocol-40")
    void theDirectoriesBehindSeeNeitherTheNameNorThePassword() throws Exception {
        var seen = new ArrayList<String>();
        PasswordDirectory curious =
                (name, password) -> {
                    seen.add(name + " " + new String(password.chars()));
                    return ALICE;
                };
        assertEquals(
                new Verdict.Refused(Reason.WRONG_PROOF),
                password(accounts(first, curious), "alice", "almost one"));
        assertEquals(1, seen.size());
        assertFalse(seen.getFirst().startsWith("alice"), "the name");
        assertFalse(seen.getFirst().contains("almost one"), "the password");
    }

    @Test
    void aDirectoryLearnsWhereTheClientIs() throws Exception {
        var heard = new ArrayList<String>();
        var asked =
                new PasswordDirectory() {
                    @Override
                    public Verdict verify(String name, Secret password) {
                        return new Verdict.Refused(Reason.UNKNOWN_USER);
                    }

                    @Override
                    public Verdict verify(String name, Secret password, Channel channel) {
                        heard.add(
                                channel.clientAddress().getHostAddress()
                                        + (channel.encrypted() ? " encrypted" : " in the clear"));
                        return ALICE;
                    }
                };
        var from = connection().by(Gate.open(), InetAddress.getByName("192.0.2.7"));
        var accounts = Scene.accounts(realms(asked), from, Scene.NOTHING);
        assertEquals(ALICE, password(accounts, "alice", "one"));
        assertEquals(List.of("192.0.2.7 in the clear"), heard);
    }

    @Test
    void aDirectoryBehindThatIsBrokenChangesNoRefusal() throws Exception {
        PasswordDirectory broken =
                (name, password) -> {
                    throw Fault.temporary("away", null);
                };
        var accounts = accounts(first, broken);
        assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), password(accounts, "alice", "wrong"));
        assertTrue(accounts.fault().isEmpty());
        assertThrows(Fault.class, () -> password(accounts, "mallory", "wrong"));
    }

    @Test
    @Tag("protocol-40")
    void aSharedSecretOfTheFirstIsLookedForInAllUnlessItFits() throws Exception {
        var asked = new ArrayList<String>();
        SecretDirectory counting =
                name -> {
                    asked.add(name);
                    return SecretDirectory.Shared.refused(Reason.UNKNOWN_USER);
                };
        var accounts = accounts(first, counting);
        assertEquals(ALICE, accounts.checkShared("alice", _ -> true));
        assertEquals(0, asked.size());
        accounts.checkShared("alice", _ -> false);
        accounts.checkShared("mallory", _ -> false);
        assertEquals(2, asked.size());
        assertFalse(asked.getFirst().equals("alice"));
    }

    @Test
    void whoIsBarredInOneDirectoryIsNotLookedForInTheNext() throws Exception {
        for (var reason : Reason.values()) {
            SecretDirectory refusing = _ -> SecretDirectory.Shared.refused(reason);
            assertEquals(
                    reason == Reason.UNKNOWN_USER ? ALICE : new Verdict.Refused(reason),
                    accounts(refusing, first).checkShared("alice", _ -> true));
        }
    }

    @Test
    @Tag("protocol-73")
    void theKeysOfTheFirstThatKnowsTheUserAreTaken() throws Exception {
        var accounts = accounts(first, second);
        var bob = accounts.scram("bob", ScramHash.SHA_256);
        assertEquals(new Verdict.Accepted(new User("bob")), bob.verdict());
        assertArrayEquals(
                second.scram("bob", ScramHash.SHA_256).keys().storedKey(), bob.keys().storedKey());
    }

    @Test
    @Tag("protocol-73")
    void whoIsNobodyAnywhereHasKeysThatStayTheSame() throws Exception {
        var place = new Realm("org", Set.of("example.org"), List.of(first), store(), true);
        var realms = new Realms(List.of(place), Optional.empty());
        for (var name : List.of("mallory@example.org", "alice@elsewhere.org", "", "@example.org")) {
            var one = accounts(realms).scram(name, ScramHash.SHA_1);
            var other = accounts(realms).scram(name, ScramHash.SHA_1);
            assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), one.verdict());
            assertArrayEquals(one.keys().salt(), other.keys().salt());
            assertEquals(ScramKeys.MIN_ITERATIONS, one.keys().iterations());
        }
    }

    @Test
    void aTokenIsCheckedByTheDirectoryThatKnowsIt() throws Exception {
        TokenDirectory foreign = _ -> new Verdict.Refused(Reason.UNKNOWN_USER);
        var accounts = accounts(first, foreign, new MemoryTokens(Map.of("t0ken", "alice")));
        assertEquals(ALICE, token(accounts, "", "t0ken"));
        assertEquals(ALICE, token(accounts, "alice", "t0ken"));
        assertEquals(ALICE, token(accounts, "Alice", "t0ken"));
        assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), token(accounts, "alice", "other"));
        assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), token(accounts, "alice", ""));
    }

    @Test
    @Tag("protocol-66")
    void theTokenOfSomebodyElseIsRefused() throws Exception {
        var accounts = accounts(new MemoryTokens(Map.of("t0ken", "alice")));
        assertEquals(new Verdict.Refused(Reason.NOT_ALLOWED), token(accounts, "bob", "t0ken"));
        assertEquals(new Verdict.Refused(Reason.NOT_ALLOWED), token(accounts, "alicf", "t0ken"));
    }

    @Test
    void aTokenMayCallItsUserByTheNameInTheRealm() throws Exception {
        var tokens = new MemoryTokens(Map.of("t0ken", "alice"));
        var place = new Realm("org", Set.of("example.org"), List.of(tokens), store(), true);
        var realms = new Realms(List.of(place), Optional.empty());
        assertEquals(ALICE, token(accounts(realms), "alice@example.org", "t0ken"));
        assertEquals(
                new Verdict.Refused(Reason.UNKNOWN_USER),
                token(accounts(realms), "alice@example.com", "t0ken"));
    }

    @Test
    void aProvenNameIsLookedUpInOrder() throws Exception {
        NameDirectory bars = name -> new Verdict.Refused(Reason.NOT_ALLOWED);
        assertEquals(ALICE, accounts(second, first, bars).checkName("alice"));
        assertEquals(
                new Verdict.Refused(Reason.NOT_ALLOWED),
                accounts(second, bars, first).checkName("alice"));
        assertEquals(
                new Verdict.Refused(Reason.UNKNOWN_USER), accounts(first, second).checkName(""));
    }

    @Test
    void aBrokenDirectoryOfAnyAbilityIsAFault() {
        ScramDirectory noKeys = (name, hash) -> null;
        assertThrows(Fault.class, () -> accounts(noKeys).scram("alice", ScramHash.SHA_1));
        TokenDirectory noAnswer = _ -> null;
        assertThrows(Fault.class, () -> token(accounts(noAnswer), "alice", "t0ken"));
        NameDirectory throwing =
                name -> {
                    throw new IllegalStateException("bug");
                };
        assertThrows(Fault.class, () -> accounts(throwing).checkName("alice"));
    }

    @Test
    void aMechanismHearsWhatElseIsOffered() {
        var offer = new Offer("", false, List.of(new Offer.Sasl("PLAIN", false)), false);
        AuthContext context = Scene.accounts(realms(first), connection(), offer);
        assertTrue(context.offers("PLAIN"));
        assertFalse(context.offers("LOGIN"));
    }

    @Test
    void behindADirectoryThatStopsNobodyIsAskedForTheUser() throws Exception {
        var realm = realm(Set.of(first), Set.of());
        assertEquals(ALICE, password(accounts(realm), "alice", "one"));
        var accounts = accounts(realm);
        assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), password(accounts, "bob", "two"));
        assertEquals(
                new Verdict.Refused(Reason.UNKNOWN_USER), accounts.checkShared("bob", _ -> true));
        assertEquals(
                new Verdict.Refused(Reason.UNKNOWN_USER),
                accounts.scram("bob", ScramHash.SHA_1).verdict());
        assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), accounts.checkName("bob"));
    }

    @Test
    void forADirectoryWithoutAnAnswerAnotherCanStandIn() throws Exception {
        var down = new HostileDirectory(HostileDirectory.Lie.TEMPORARY_FAULT);
        var realm = realm(Set.of(), Set.of(down), down, first);
        var accounts = accounts(realm);
        assertEquals(ALICE, password(accounts, "alice", "one"));
        assertEquals(Optional.empty(), accounts.fault());
        assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), password(accounts, "alice", "x"));
        assertEquals(Optional.empty(), accounts.fault());
        assertEquals(ALICE, accounts.checkShared("alice", _ -> true));
    }

    @Test
    @Tag("protocol-40")
    void aUserWithoutASecretIsKnownAndCostsWhatAStrangerCosts() throws Exception {
        var asked = new ArrayList<String>();
        SecretDirectory hashed =
                name -> {
                    asked.add(name);
                    return SecretDirectory.Shared.refused(
                            name.equals("carol") ? Reason.NO_SECRET : Reason.UNKNOWN_USER);
                };
        var accounts = accounts(hashed, first);
        for (var name : List.of("carol", "mallory")) {
            var tested = new ArrayList<Secret>();
            asked.clear();
            assertEquals(
                    new Verdict.Refused(
                            name.equals("carol") ? Reason.NO_SECRET : Reason.UNKNOWN_USER),
                    accounts.checkShared(
                            name,
                            secret -> {
                                tested.add(secret);
                                return true;
                            }));
            assertEquals(1, tested.size(), "proofs that were checked");
            assertEquals(List.of(name), asked);
        }
    }

    @Test
    @Tag("protocol-66")
    void anIdentityNamesTheUserInEverySpellingAndNobodyElse() throws Exception {
        var users = new MemoryUsers(Map.of("alice", "one", "bob", "two"));
        var here = realmOf("here", users, "example.org", "example.net");
        var there = realmOf("there", users, "example.com");
        var accounts = accounts(new Realms(List.of(here, there), Optional.of(here)));
        assertEquals(ALICE, password(accounts, "alice@example.org", "one"));
        var alice = new User("alice");
        for (var same :
                List.of(
                        "",
                        "alice",
                        "ALICE",
                        "alice@example.org",
                        "Alice@Example.ORG",
                        "alice@example.net")) {
            assertTrue(accounts.names(same, alice), same);
        }
        for (var other :
                List.of(
                        "bob",
                        "alice@example.com",
                        "alice@elsewhere.test",
                        "alice@",
                        "@example.org",
                        " alice",
                        "alic\u0131",
                        "alice\0",
                        "bob@example.org")) {
            assertFalse(accounts.names(other, alice), other);
        }
    }

    @Test
    void withUtf8AnIdentityIsPreparedAsNamesAre() throws Exception {
        var users = new MemoryUsers(Map.of("z\u00f6e", "one"));
        var realms = realms(users);
        var utf8 = new Offer("", true, List.of(), false, Terms.NONE, true);
        var accounts = Scene.accounts(realms, connection(), utf8);
        var zoe = new User("z\u00f6e");
        assertEquals(new Verdict.Accepted(zoe), password(accounts, "zo\u0308e", "one"));
        assertTrue(accounts.names("z\u00f6e", zoe));
        assertTrue(accounts.names("zo\u0308e", zoe));
        assertFalse(accounts.names("z\u00f6e\u0007", zoe), "what SASLprep forbids names nobody");
    }

    private static Realm realmOf(String name, UserDirectory users, String... domains) {
        return new Realm(name, Set.of(domains), List.of(users), store(), true);
    }

    @Test
    void whoIsUnknownToThoseThatAnswerMayBeKnownToTheOneThatDoesNot() {
        var down = new HostileDirectory(HostileDirectory.Lie.TEMPORARY_FAULT);
        for (var realms :
                List.of(
                        realm(Set.of(), Set.of(down), down, first),
                        realm(Set.of(), Set.of(down), first, down),
                        realm(Set.of(first), Set.of(down), down, first))) {
            var accounts = accounts(realms);
            var fault = assertThrows(Fault.class, () -> password(accounts, "bob", "two"));
            assertEquals(Optional.of(fault), accounts.fault());
            assertThrows(Fault.class, () -> accounts.checkShared("bob", _ -> true));
        }
    }

    @Test
    void oneThatMustAnswerIsAFaultWhereverItStands() {
        var down = new HostileDirectory(HostileDirectory.Lie.TEMPORARY_FAULT);
        var accounts = accounts(realm(Set.of(), Set.of(first), down, first));
        var fault = assertThrows(Fault.class, () -> password(accounts, "alice", "one"));
        assertEquals(Optional.of(fault), accounts.fault());
    }

    private Realms realm(
            Set<UserDirectory> stop, Set<UserDirectory> next, UserDirectory... directories) {
        var all =
                directories.length == 0
                        ? List.<UserDirectory>of(first, second)
                        : List.of(directories);
        var realm =
                new Realm(
                        "all",
                        Set.of(),
                        all,
                        store(),
                        false,
                        stop,
                        next,
                        Terms.NONE,
                        Optional.empty());
        return new Realms(List.of(realm), Optional.of(realm));
    }

    private static Accounts accounts(UserDirectory... directories) {
        return accounts(realms(directories));
    }

    private static Accounts accounts(Realms realms) {
        return Scene.accounts(realms, connection(), Scene.NOTHING);
    }

    private static Realms realms(UserDirectory... directories) {
        var all = new Realm("all", Set.of(), List.of(directories), store(), false);
        return new Realms(List.of(all), Optional.of(all));
    }

    private static TestStore store() {
        return new TestStore(new ArrayList<>());
    }

    private static FakeConnection connection() {
        return new FakeConnection(new ArrayList<>());
    }

    private static Verdict password(Accounts accounts, String name, String text) throws Exception {
        try (var password = Secret.of(text)) {
            return accounts.checkPassword(name, password);
        }
    }

    private static Verdict token(Accounts accounts, String name, String text) throws Exception {
        try (var token = Secret.of(text)) {
            return accounts.checkToken(name, token);
        }
    }
}
