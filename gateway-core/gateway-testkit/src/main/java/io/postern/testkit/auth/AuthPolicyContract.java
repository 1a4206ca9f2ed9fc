package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.postern.spi.User;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.AuthPolicy.Attempt;
import io.postern.spi.auth.AuthPolicy.Delay;
import io.postern.spi.auth.AuthPolicy.Refuse;
import io.postern.spi.auth.AuthPolicy.Ruling;
import io.postern.spi.auth.Verdict;
import io.postern.testkit.SkippedRules;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * What every {@link AuthPolicy} promises. A test class of yours implements this and runs all of it.
 */
@ExtendWith(SkippedRules.class)
public interface AuthPolicyContract {

    /** Longest that the server waits where a policy says {@link Delay}. */
    Duration LONGEST_DELAY = Duration.ofMinutes(1);

    /** Longest reason that a line of the log is still read with, characters. */
    int LONGEST_REASON = 200;

    /** How many attempts of each kind are made at the same time. */
    int ATTEMPTS_AT_ONCE = 64;

    /** A started policy. A new one each time; the contract closes it. */
    AuthPolicy policy() throws Exception;

    /** An attempt that the policy has nothing against, with a verdict that lets the user in. */
    Attempt welcome() throws Exception;

    /** An attempt that the policy refuses before anybody is asked, if there is one. */
    default Optional<Attempt> unwelcome() throws Exception {
        return Optional.empty();
    }

    /** A policy that refuses everybody, or makes everybody wait, is no part of a server. */
    @Test
    default void anOrdinaryLoginGoesOn() throws Exception {
        try (var policy = policy()) {
            for (var time = 1; time <= 3; time++) {
                goesOn(policy.before(welcome()));
                goesOn(policy.after(welcome(), accepted()));
            }
        }
    }

    @Test
    default void anAttemptThatItIsAgainstIsRefusedEachTime() throws Exception {
        assumeTrue(
                unwelcome().isPresent(),
                "not run: override unwelcome() where the policy refuses an attempt by what it is");
        try (var policy = policy()) {
            for (var time = 1; time <= 3; time++) {
                refuses(policy.before(unwelcome().orElseThrow()));
            }
            goesOn(policy.before(welcome()));
        }
    }

    /** The name, the session's and the mechanism's are what a stranger sends; none is trusted. */
    @Test
    default void whateverAClientSendsHasARuling() throws Exception {
        try (var policy = policy()) {
            for (var attempt : strangeAttempts()) {
                legal(policy.before(attempt));
                for (var verdict : verdicts()) {
                    legal(policy.after(attempt, verdict));
                }
            }
            goesOn(policy.before(welcome()));
        }
    }

    /** A connection may end at any time, and another login of the same name is under way. */
    @Test
    default void anAttemptWhoseEndIsNeverToldDoesNoHarm() throws Exception {
        try (var policy = policy()) {
            for (var time = 0; time < ATTEMPTS_AT_ONCE; time++) {
                goesOn(policy.before(welcome()));
            }
            goesOn(policy.after(welcome(), accepted()));
        }
    }

    /** A mechanism may refuse what a client sent before the policy was asked about it. */
    @Test
    default void aVerdictWithoutAQuestionBeforeHasARuling() throws Exception {
        try (var policy = policy()) {
            for (var verdict : verdicts()) {
                legal(policy.after(welcome(), verdict));
            }
        }
    }

    @Test
    default void attemptsAtTheSameTimeDoNotMix() throws Exception {
        try (var policy = policy();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var good = welcome();
            var bad = unwelcome();
            var going = new ArrayList<Future<Ruling>>();
            var refused = new ArrayList<Future<Ruling>>();
            for (var one = 0; one < ATTEMPTS_AT_ONCE; one++) {
                going.add(threads.submit(() -> policy.before(good)));
                bad.ifPresent(it -> refused.add(threads.submit(() -> policy.before(it))));
                going.add(threads.submit(() -> policy.after(good, accepted())));
            }
            for (var ruling : going) {
                goesOn(ruling.get(1, TimeUnit.MINUTES));
            }
            for (var ruling : refused) {
                refuses(ruling.get(1, TimeUnit.MINUTES));
            }
        }
    }

    @Test
    default void itsNameIsAWordOfLowerCaseLettersDigitsAndHyphens() throws Exception {
        try (var policy = policy()) {
            assertTrue(policy.name().matches("[a-z0-9]+(-[a-z0-9]+)*"), policy.name());
            assertEquals(policy.name(), policy.name());
        }
    }

    @Test
    default void itNamesEachSettingOnceAndSaysWhatItMeans() throws Exception {
        try (var policy = policy()) {
            var seen = new HashSet<String>();
            for (var setting : policy.settings()) {
                assertTrue(seen.add(setting.name()), setting.name() + " stands there twice");
                assertFalse(setting.meaning().isBlank(), setting.name() + " has no meaning");
            }
        }
    }

    private Verdict accepted() throws Exception {
        return new Verdict.Accepted(new User(welcome().name()));
    }

    private List<Verdict> verdicts() throws Exception {
        var all = new ArrayList<Verdict>();
        all.add(accepted());
        for (var reason : Verdict.Reason.values()) {
            all.add(new Verdict.Refused(reason));
        }
        return all;
    }

    private List<Attempt> strangeAttempts() throws Exception {
        var good = welcome();
        var all = new ArrayList<Attempt>();
        var names = new ArrayList<>(UserDirectoryContract.hostileNames());
        names.add("");
        for (var name : names) {
            all.add(with(good, name, good.client(), good.mechanism(), good.encrypted()));
        }
        for (var address :
                List.of(
                        "127.0.0.1",
                        "0.0.0.0",
                        "255.255.255.255",
                        "::1",
                        "::",
                        "fe80::1",
                        "2001:db8::1")) {
            var client = InetAddress.ofLiteral(address);
            all.add(with(good, good.name(), client, good.mechanism(), true));
            all.add(with(good, good.name(), client, good.mechanism(), false));
        }
        for (var mechanism : List.of("USER", "APOP", "PLAIN", "XOAUTH2", "X-NEVER-SEEN")) {
            all.add(with(good, good.name(), good.client(), mechanism, good.encrypted()));
        }
        return all;
    }

    private static Attempt with(
            Attempt like, String name, InetAddress client, String mechanism, boolean encrypted) {
        return new Attempt(like.session(), name, client, mechanism, encrypted);
    }

    private static void goesOn(Ruling ruling) {
        legal(ruling);
        assertFalse(ruling instanceof Refuse, () -> "an ordinary login ends: " + ruling);
    }

    private static void refuses(Ruling ruling) {
        legal(ruling);
        assertInstanceOf(Refuse.class, ruling);
    }

    private static void legal(Ruling ruling) {
        assertNotNull(ruling, "a ruling of null");
        if (ruling instanceof Delay(var time)) {
            assertTrue(time.compareTo(LONGEST_DELAY) <= 0, "the server waits no " + time);
        }
        if (ruling instanceof Refuse(var reason)) {
            assertFalse(reason.isBlank(), "a refusal without a reason");
            assertTrue(reason.length() <= LONGEST_REASON, () -> "a long reason: " + reason);
            assertTrue(
                    reason.chars().noneMatch(Character::isISOControl),
                    () -> "a control character in the reason: " + reason);
        }
    }
}
