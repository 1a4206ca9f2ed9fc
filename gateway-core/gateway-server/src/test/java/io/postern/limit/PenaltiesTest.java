package io.postern.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

class PenaltiesTest {
    private static final InetAddress ATTACKER = Networks.address("203.0.113.66");
    private static final InetAddress HOME = Networks.address("198.51.100.7");
    private static final InetAddress WEBMAIL = Networks.address("127.0.0.1");
    private static final Duration MOST = Duration.ofSeconds(16);

    private final AtomicLong clock = new AtomicLong(-5);
    private final Penalties penalties = penalties(8192);
    private int guesses;

    private Penalties penalties(int sets) {
        return new Penalties(
                Duration.ofSeconds(1), MOST, Networks.parse("127.0.0.0/8"), clock::get, sets);
    }

    /** A wrong password that nobody has tried before. */
    private void guess(InetAddress client, String account) {
        guess(client, account, "guess" + ++guesses);
    }

    private void guess(InetAddress client, String account, String password) {
        var digest = penalties.digest(account, password.getBytes(StandardCharsets.UTF_8));
        penalties.failed(client, account, digest);
    }

    private long seconds(InetAddress client, String account) {
        return penalties.delay(client, account).toSeconds();
    }

    @Test
    void theDelayOfAnAccountDoublesUpToTheMost() {
        var delays = new ArrayList<Long>();
        for (var failures = 0; failures < 9; failures++) {
            delays.add(seconds(HOME, "alice"));
            guess(InetAddress.ofLiteral("203.0.113." + failures), "alice");
        }
        assertEquals(List.of(0L, 0L, 1L, 2L, 4L, 8L, 16L, 16L, 16L), delays);
        assertEquals(0, seconds(HOME, "bob"));
    }

    @Test
    void anAddressHasMoreFreeFailuresForPeopleShareIt() {
        for (var user = 0; user < Penalties.FREE_BY_ADDRESS; user++) {
            guess(ATTACKER, "user" + user);
        }
        assertEquals(0, seconds(ATTACKER, "alice"));
        guess(ATTACKER, "another");
        assertEquals(1, seconds(ATTACKER, "alice"));
        assertEquals(0, seconds(HOME, "alice"));
    }

    @Test
    void anIpv6NetworkOf64BitsIsOneAddress() {
        for (var host = 1; host <= 20; host++) {
            guess(Networks.address("2001:db8:0:1::" + host), "user" + host);
        }
        assertEquals(16, seconds(Networks.address("2001:db8:0:1:abcd::"), "alice"));
        assertEquals(0, seconds(Networks.address("2001:db8:0:2::1"), "alice"));
    }

    @Test
    @Tag("protocol-40")
    void theDelayDoesNotAskWhetherTheUserExists() {
        for (var failures = 0; failures < 6; failures++) {
            assertEquals(seconds(HOME, "alice"), seconds(HOME, "no-such-user"));
            guess(ATTACKER, "alice", "pw" + failures);
            guess(ATTACKER, "no-such-user", "pw" + failures);
        }
        assertTrue(seconds(HOME, "alice") > 0);
    }

    @Test
    void theSameWrongPasswordIsCountedOnce() {
        for (var poll = 0; poll < 100; poll++) {
            guess(HOME, "alice", "the old one");
            guess(ATTACKER, "alice", "the old one");
        }
        assertEquals(0, seconds(HOME, "alice"));
        assertEquals(0, seconds(HOME, "carol"));
        guess(HOME, "alice", "a new one");
        assertEquals(1, seconds(HOME, "alice"));
    }

    @Test
    void aProofThatShowsNoPasswordIsAlwaysCounted() {
        penalties.failed(HOME, "alice", 0);
        penalties.failed(HOME, "alice", 0);
        assertEquals(1, seconds(HOME, "alice"));
    }

    @Test
    void aPasswordsDigestIsKeyedAndBelongsToItsAccount() {
        var password = "hunter2".getBytes(StandardCharsets.UTF_8);
        assertEquals(penalties.digest("alice", password), penalties.digest("alice", password));
        assertNotEquals(penalties.digest("alice", password), penalties.digest("bob", password));
        assertNotEquals(
                penalties.digest("alice", password),
                penalties(1).digest("alice", password),
                "another server has another key");
    }

    @Test
    void failuresAreForgivenOneByOne() {
        for (var failures = 0; failures < 6; failures++) {
            guess(ATTACKER, "alice");
        }
        assertEquals(16, seconds(HOME, "alice"));
        clock.addAndGet(Penalties.FORGIVEN.toNanos());
        assertEquals(8, seconds(HOME, "alice"));
        clock.addAndGet(Penalties.FORGIVEN.multipliedBy(4).toNanos());
        assertEquals(0, seconds(HOME, "alice"));
    }

    @Test
    void aSuccessTakesBackTheClientsOwnTypingErrors() {
        guess(HOME, "alice");
        guess(HOME, "alice");
        guess(HOME, "alice");
        assertEquals(2, seconds(HOME, "alice"));
        penalties.succeeded(HOME, "alice");
        assertEquals(0, seconds(HOME, "alice"));
        guess(ATTACKER, "alice");
        assertEquals(0, seconds(ATTACKER, "alice"), "nothing is left of the owner's errors");
    }

    @Test
    void whoHasLoggedInIsKnownAtThatAccountFromThereAndNowhereElse() {
        assertFalse(penalties.knows(HOME, "alice"));
        guess(HOME, "alice");
        assertFalse(penalties.knows(HOME, "alice"));
        penalties.succeeded(HOME, "alice");
        assertTrue(penalties.knows(HOME, "alice"));
        assertFalse(penalties.knows(HOME, "bob"));
        assertFalse(penalties.knows(ATTACKER, "alice"));
        assertFalse(penalties.knows(HOME, ""));
    }

    @Test
    void theOwnersLoginDoesNotMakeTheAttackerClean() {
        for (var failures = 0; failures < 5; failures++) {
            guess(ATTACKER, "alice");
        }
        assertEquals(8, seconds(HOME, "alice"));
        penalties.succeeded(HOME, "alice");
        assertEquals(0, seconds(HOME, "alice"), "who has logged in from here does not wait");
        assertEquals(8, seconds(ATTACKER, "alice"));
        assertEquals(8, seconds(Networks.address("198.51.100.8"), "alice"));
    }

    @Test
    void anAccountOfHisOwnDoesNotMakeAnAttackerClean() {
        for (var round = 0; round < 40; round++) {
            guess(ATTACKER, "victim" + round);
            guess(ATTACKER, "mallory");
            guess(ATTACKER, "mallory");
            penalties.succeeded(ATTACKER, "mallory");
        }
        assertEquals(16, seconds(ATTACKER, "alice"));
    }

    @Test
    void whoHasLoggedInFromAnOfficeDoesNotWaitForItsOthers() {
        penalties.succeeded(ATTACKER, "alice");
        for (var failures = 0; failures < 20; failures++) {
            guess(ATTACKER, "user" + failures);
        }
        assertEquals(16, seconds(ATTACKER, "bob"));
        assertEquals(0, seconds(ATTACKER, "alice"));
        guess(ATTACKER, "alice");
        guess(ATTACKER, "alice");
        assertEquals(1, seconds(ATTACKER, "alice"), "guessing at that account is slowed down");
    }

    @Test
    void aTrustedNetworkIsNotCountedByAddressAndCountsForNobodyElse() {
        for (var failures = 0; failures < Penalties.FREE_BY_TRUSTED; failures++) {
            guess(WEBMAIL, "alice");
            guess(WEBMAIL, "user" + failures);
        }
        assertEquals(0, seconds(WEBMAIL, "alice"));
        assertEquals(0, seconds(WEBMAIL, "bob"));
        assertEquals(0, seconds(HOME, "alice"));
        assertTrue(penalties.knows(WEBMAIL, "bob"));
    }

    @Test
    void guessesAtOneAccountFromATrustedNetworkHaveABound() {
        var delays = new ArrayList<Long>();
        for (var failures = 0; failures < 16; failures++) {
            delays.add(seconds(WEBMAIL, "alice"));
            guess(WEBMAIL, "alice");
        }
        assertEquals(List.of(0L, 1L, 2L, 4L, 8L, 16L, 16L), delays.subList(9, 16));
        assertEquals(0, seconds(WEBMAIL, "bob"), "the others do not wait");
        assertEquals(0, seconds(Networks.address("127.9.9.9"), "alice"), "nor another webmail");
        clock.addAndGet(Penalties.FORGIVEN.toNanos() * 24);
        assertEquals(0, seconds(WEBMAIL, "alice"));
    }

    @Test
    void guessesAtManyAccountsFromTrustedNetworksHaveABoundToo() {
        penalties.succeeded(WEBMAIL, "alice");
        for (var failures = 0; failures < Penalties.FREE_OF_ALL_TRUSTED; failures++) {
            guess(Networks.address("127.0.0." + failures % 9), "user" + failures);
        }
        assertEquals(0, seconds(WEBMAIL, "bob"));
        var delays = new ArrayList<Long>();
        for (var more = 0; more < 6 * Penalties.DOUBLED; more++) {
            guess(WEBMAIL, more % 2 == 0 ? "more" + more : "");
            delays.add(seconds(WEBMAIL, "bob"));
        }
        assertEquals(List.of(1L, 2L, 4L, 8L, 16L), delays.stream().distinct().toList());
        assertEquals(16, seconds(WEBMAIL, ""));
        assertEquals(0, seconds(WEBMAIL, "alice"), "she has logged in there before");
        assertEquals(0, seconds(HOME, "bob"));
        clock.addAndGet(Penalties.FORGIVEN_TO_TRUSTED.toNanos() * 6 * Penalties.DOUBLED);
        assertEquals(0, seconds(WEBMAIL, "bob"));
    }

    @Test
    void anOldPasswordInATrustedProgramIsCountedOnce() {
        for (var poll = 0; poll < 1000; poll++) {
            guess(WEBMAIL, "alice", "the old one");
        }
        assertEquals(0, seconds(WEBMAIL, "alice"));
        assertEquals(0, seconds(WEBMAIL, "bob"));
    }

    @Test
    void whoFillsTheTableDoesNotGetRidOfHisCount() {
        var small = penalties(4); // 32 places
        for (var failures = 0; failures < 20; failures++) {
            small.failed(ATTACKER, "victim" + failures, 0);
        }
        assertEquals(MOST, small.delay(ATTACKER, "alice"));
        for (var other = 0; other < 10_000; other++) {
            var network = "2001:db8:" + Integer.toHexString(other) + "::1";
            small.failed(Networks.address(network), "nobody" + other, 0);
        }
        // His entry stayed, or the count of what pushed it out is his once more.
        small.failed(ATTACKER, "victim", 0);
        assertEquals(MOST, small.delay(ATTACKER, "alice"));
    }

    @Test
    void whoGivesNoNameIsCountedByAddressAlone() {
        for (var failures = 0; failures < 20; failures++) {
            penalties.failed(ATTACKER, "", 0);
        }
        assertEquals(16, seconds(ATTACKER, ""));
        assertEquals(0, seconds(HOME, ""));
    }

    @Test
    void aDelayOfZeroTurnsItOff() {
        var off = new Penalties(Duration.ZERO, MOST, Networks.NONE, clock::get);
        for (var failures = 0; failures < 20; failures++) {
            off.failed(HOME, "alice", 0);
        }
        assertEquals(Duration.ZERO, off.delay(HOME, "alice"));
    }
}
