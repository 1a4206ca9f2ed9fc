package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

class RealmsTest {
    private final List<String> journal = new ArrayList<>();
    private final TestStore store = new TestStore(journal);

    private Realm realm(String name, boolean strip, UserDirectory directory, String... domains) {
        return new Realm(name, Set.of(domains), List.of(directory), store, strip);
    }

    private PasswordDirectory saying(String who, Verdict verdict) {
        return (name, password) -> {
            journal.add(who + " " + name);
            return verdict;
        };
    }

    private static Realms only(Realm realm) {
        return new Realms(List.of(realm), Optional.empty());
    }

    private static Realms all(Realm realm) {
        return new Realms(List.of(realm), Optional.of(realm));
    }

    private static final Verdict UNKNOWN = new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
    private static final Verdict WRONG = new Verdict.Refused(Verdict.Reason.WRONG_PROOF);

    private Verdict check(Realms realms, String name) throws Fault, InterruptedException {
        try (var password = Secret.of("secret")) {
            return Scene.accounts(realms, new FakeConnection(journal), Scene.NOTHING)
                    .checkPassword(name, password);
        }
    }

    @Test
    @Tag("protocol-143")
    void theDomainBehindTheLastAtPicksTheRealmInAnyAsciiCase() {
        var directory = saying("x", UNKNOWN);
        var org = realm("org", true, directory, "Example.ORG", "kelvin.org");
        var others = realm("others", true, directory);
        var realms = new Realms(List.of(org, others), Optional.of(others));

        assertEquals(new Realms.Place(org, "a@b"), realms.place("a@b@eXAMPLE.org").orElseThrow());
        assertEquals(new Realms.Place(org, ""), realms.place("@example.org").orElseThrow());
        assertEquals(new Realms.Place(others, "alice"), realms.place("alice").orElseThrow());
        assertEquals(
                new Realms.Place(others, "a@example.com"),
                realms.place("a@example.com").orElseThrow());
        assertEquals(
                others, realms.place("a@\u212Aelvin.org").orElseThrow().realm(), "Kelvin sign");
    }

    @Test
    void aRealmThatStripsNothingShowsTheNameAsItWasTyped() {
        var org = realm("org", false, saying("x", UNKNOWN), "example.org");
        var realms = new Realms(List.of(org), Optional.empty());

        assertEquals(
                new Realms.Place(org, "a@Example.org"),
                realms.place("a@Example.org").orElseThrow());
        assertTrue(realms.place("alice").isEmpty());
    }

    @Test
    void aNameOfNoRealmIsUnknown() throws Fault, InterruptedException {
        var realms = only(realm("org", false, saying("x", WRONG), "example.org"));
        assertEquals(UNKNOWN, check(realms, "alice"));
        assertEquals(List.of(), journal);
    }

    @Test
    void theNextDirectoryIsAskedOnlyForAnUnknownUser() throws Fault, InterruptedException {
        var accepted = new Verdict.Accepted(new User("alice"));
        var directories =
                List.<UserDirectory>of(
                        saying("first", UNKNOWN),
                        saying("second", WRONG),
                        saying("third", accepted));
        var realms = all(new Realm("all", Set.of(), directories, store, false));

        assertEquals(WRONG, check(realms, "alice"));
        // The third is asked only for the time that takes, and not about alice.
        assertEquals(List.of("first alice", "second alice", "third \0alice"), journal);
    }

    @Test
    void aStrippedNameThatIsEmptyReachesNoDirectory() throws Fault, InterruptedException {
        var realms = only(realm("org", true, saying("x", WRONG), "example.org"));
        assertEquals(UNKNOWN, check(realms, "@example.org"));
        assertEquals(List.of(), journal);
    }

    @Test
    @Tag("protocol-40")
    void aProofForNobodyIsCheckedAgainstARandomSecret() throws Fault, InterruptedException {
        var realms = all(realm("all", false, new MemoryUsers(Map.of("alice", "secret"))));
        var lengths = new ArrayList<Integer>();
        var verdict =
                Scene.accounts(realms, new FakeConnection(journal), Scene.NOTHING)
                        .checkShared("nobody", secret -> lengths.add(secret.length()));

        assertEquals(UNKNOWN, verdict);
        assertEquals(1, lengths.size());
        assertFalse(lengths.contains(0));
    }

    @Test
    void contradictionsAreRefused() {
        var directory = saying("x", UNKNOWN);
        var one = realm("one", false, directory, "example.org");
        var two = realm("two", false, directory, "EXAMPLE.org");
        assertThrows(
                IllegalArgumentException.class,
                () -> new Realms(List.of(one, two), Optional.of(one)));
        assertThrows(IllegalArgumentException.class, () -> new Realms(List.of(), Optional.empty()));
    }
}
