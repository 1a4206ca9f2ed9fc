package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.ScramKeys;
import io.postern.spi.auth.TokenDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The contracts let the good ones pass, and each kind of broken one fails the rule it breaks. */
class ContractProofTest {
    private static final Map<String, String> USERS = Map.of("alice", "tän staaf");

    @Test
    void goodOnesPass() {
        for (var good :
                List.of(
                        GoodDirectory.class,
                        GoodTokens.class,
                        GoodMechanism.class,
                        GoodServerFirstMechanism.class)) {
            var results = run(selectClass(good));
            assertTrue(results.size() > 5, () -> "the contract did not run: " + results);
            assertEquals(Set.of(), failed(results));
        }
    }

    @TestFactory
    Stream<DynamicTest> brokenOnesFailTheRuleTheyBreak() {
        return Map.<Class<?>, String>ofEntries(
                        Map.entry(AcceptsAnything.class, "aWrongPasswordIsRefusedAsWrong"),
                        Map.entry(AcceptsPrefixes.class, "aWrongPasswordIsRefusedAsWrong"),
                        Map.entry(
                                PassesTheTypedName.class, "anotherSpellingLeadsToTheCanonicalName"),
                        Map.entry(LeaksStrangers.class, "aStrangerCostsWhatAWrongPasswordCosts"),
                        Map.entry(LeaksTheBarred.class, "aBarredUserCostsWhatAnyoneCosts"),
                        Map.entry(CallsWrongUnknown.class, "aWrongPasswordIsRefusedAsWrong"),
                        Map.entry(ThrowsOnWrong.class, "aWrongPasswordIsRefusedAsWrong"),
                        Map.entry(ChokesOnNames.class, "noNameMakesItThrowOrLetsAnybodyIn"),
                        Map.entry(ReadsPatterns.class, "noNameMakesItThrowOrLetsAnybodyIn"),
                        Map.entry(TrimsNames.class, "aNameWithSomethingAroundItIsAnotherName"),
                        Map.entry(WipesTheCallers.class, "thePasswordStaysTheCallers"),
                        Map.entry(
                                RemembersTheLast.class,
                                "nothingIsRememberedFromOneAttemptToTheNext"),
                        Map.entry(NeedsAChannel.class, "withoutAChannelTheAnswersAreTheSame"),
                        Map.entry(MixesThreads.class, "manyThreadsGetTheirOwnAnswers"),
                        Map.entry(ShowsThePassword.class, "noAnswerHoldsThePassword"),
                        Map.entry(ShowsItself.class, "itsTextHoldsNoPassword"),
                        Map.entry(HandsOutItsOwn.class, "aWipedSecretIsWholeTheNextTime"),
                        Map.entry(HandsOutToAnybody.class, "aStrangerHasNoSecret"),
                        Map.entry(ChangesSalts.class, "aStrangerLooksLikeAUserAndStaysTheSame"),
                        Map.entry(OneSaltForAll.class, "aStrangerLooksLikeAUserAndStaysTheSame"),
                        Map.entry(ShortSalts.class, "aStrangerLooksLikeAUserAndStaysTheSame"),
                        Map.entry(KeysOfAnother.class, "theKeysAreThoseOfThePassword"),
                        Map.entry(KnowsEverybody.class, "aProvenNameThatIsNotKnownIsUnknown"),
                        Map.entry(TrimsTokens.class, "aTokenThatIsNotOneIsRefused"),
                        Map.entry(WipesTokens.class, "theTokenStaysTheCallers"),
                        Map.entry(
                                MechanismThatThrows.class, "garbageEndsInAVerdictAndLetsNobodyIn"),
                        Map.entry(
                                MechanismThatLetsIn.class, "garbageEndsInAVerdictAndLetsNobodyIn"),
                        Map.entry(
                                MechanismWithoutEnd.class, "garbageEndsInAVerdictAndLetsNobodyIn"),
                        Map.entry(
                                MechanismThatHidesFaults.class,
                                "aBrokenDirectoryIsAFaultAndNoRefusal"),
                        Map.entry(
                                MechanismThatKeepsResponses.class,
                                "responsesAndPasswordsAreWipedWhateverTheEnd"),
                        Map.entry(
                                MechanismThatKeepsSecrets.class,
                                "responsesAndPasswordsAreWipedWhateverTheEnd"),
                        Map.entry(MechanismThatClosesOnce.class, "closingIsIdempotentAtEveryPoint"),
                        Map.entry(
                                MechanismThatClaimsSecrecy.class,
                                "itSaysTruthfullyWhetherAReaderOfTheLineLearnsThePassword"),
                        Map.entry(MechanismThatSharesState.class, "exchangesAtTheSameTimeDoNotMix"),
                        Map.entry(
                                MechanismOfTheWrongCharset.class,
                                "aNameAndASecretOfUtf8AreAccepted"),
                        Map.entry(
                                MechanismForAnyDirectory.class,
                                "aDirectoryWithoutAbilitiesDoesNotServeIt"),
                        Map.entry(MechanismOfABadName.class, "itsNamesAreLegalAndStayTheSame"))
                .entrySet()
                .stream()
                .map(entry ->
                        DynamicTest.dynamicTest(
                                entry.getKey().getSimpleName(),
                                () ->
                                        assertEquals(
                                                Set.of(entry.getValue()),
                                                failed(
                                                        run(
                                                                selectMethod(
                                                                        entry.getKey(),
                                                                        entry.getValue()))))));
    }

    /** The result of each test, by its name. */
    private static Map<String, Status> run(DiscoverySelector tests) {
        var results = new TreeMap<String, Status>();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request().selectors(tests).build(),
                        new TestExecutionListener() {
                            @Override
                            public void executionFinished(
                                    TestIdentifier test, TestExecutionResult result) {
                                if (test.isTest()) {
                                    results.put(
                                            test.getDisplayName().replace("()", ""),
                                            result.getStatus());
                                }
                            }
                        });
        return results;
    }

    private static Set<String> failed(Map<String, Status> results) {
        return results.keySet().stream()
                .filter(name -> results.get(name) == Status.FAILED)
                .collect(Collectors.toSet());
    }

    /** Waits until everybody is here, so that what is shared is mixed for sure. */
    private static void await(CountDownLatch all) {
        all.countDown();
        try {
            assertTrue(all.await(10, TimeUnit.SECONDS), "fewer at once than thought");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    // Directories.

    static class GoodDirectory
            implements PasswordDirectoryContract,
                    SecretDirectoryContract,
                    ScramDirectoryContract,
                    NameDirectoryContract {
        @Override
        public MemoryUsers directory() {
            return new MemoryUsers(USERS);
        }

        @Override
        public OptionalLong work(PasswordDirectory directory) {
            return OptionalLong.of(((MemoryUsers) directory).comparisons());
        }
    }

    /** A contract run against a directory that departs from a good one in {@link #verify}. */
    abstract static class Departing implements PasswordDirectoryContract {
        final MemoryUsers good = new MemoryUsers(USERS);

        abstract Verdict verify(String name, Secret password) throws Fault;

        @Override
        public PasswordDirectory directory() {
            return new PasswordDirectory() {
                @Override
                public String name() {
                    return "departing";
                }

                @Override
                public Verdict verify(String name, Secret password) throws Fault {
                    return Departing.this.verify(name, password);
                }
            };
        }

        @Override
        public OptionalLong work(PasswordDirectory directory) {
            return OptionalLong.of(good.comparisons());
        }
    }

    static class AcceptsAnything extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            return new Verdict.Accepted(new User("alice"));
        }
    }

    static class AcceptsPrefixes extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            var known = USERS.getOrDefault(name, "").getBytes(UTF_8);
            var given = password.octets();
            return given.length <= known.length
                            && Arrays.equals(given, Arrays.copyOf(known, given.length))
                    ? new Verdict.Accepted(new User(name))
                    : good.verify(name, password);
        }
    }

    static class PassesTheTypedName extends Departing {
        @Override
        public Optional<String> otherSpelling() {
            return Optional.of("ALICE");
        }

        @Override
        Verdict verify(String name, Secret password) {
            var verdict = good.verify(name.toLowerCase(Locale.ROOT), password);
            return verdict instanceof Verdict.Accepted
                    ? new Verdict.Accepted(new User(name))
                    : verdict;
        }
    }

    static class LeaksStrangers extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            return USERS.containsKey(name)
                    ? good.verify(name, password)
                    : new Verdict.Refused(Reason.UNKNOWN_USER);
        }
    }

    static class LeaksTheBarred extends Departing {
        @Override
        public Optional<String> barredUser() {
            return Optional.of("bob");
        }

        @Override
        Verdict verify(String name, Secret password) {
            return name.equals("bob")
                    ? new Verdict.Refused(Reason.NOT_ALLOWED)
                    : good.verify(name, password);
        }
    }

    static class CallsWrongUnknown extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            var verdict = good.verify(name, password);
            return verdict instanceof Verdict.Refused
                    ? new Verdict.Refused(Reason.UNKNOWN_USER)
                    : verdict;
        }
    }

    static class ThrowsOnWrong extends Departing {
        @Override
        Verdict verify(String name, Secret password) throws Fault {
            var verdict = good.verify(name, password);
            if (verdict instanceof Verdict.Refused) {
                throw Fault.temporary("the server said no", null);
            }
            return verdict;
        }
    }

    static class ChokesOnNames extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            var user = new User(name);
            return good.verify(user.name(), password);
        }
    }

    static class ReadsPatterns extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            return good.verify(name.equals("*") ? "alice" : name, password);
        }
    }

    static class TrimsNames extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            return good.verify(name.strip(), password);
        }
    }

    static class WipesTheCallers extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            try (password) {
                return good.verify(name, password);
            }
        }
    }

    static class RemembersTheLast extends Departing {
        private volatile boolean let;

        @Override
        Verdict verify(String name, Secret password) {
            var verdict = good.verify(name, password);
            let |= verdict instanceof Verdict.Accepted;
            return let ? new Verdict.Accepted(new User("alice")) : verdict;
        }
    }

    static class NeedsAChannel extends Departing {
        @Override
        public PasswordDirectory directory() {
            return new PasswordDirectory() {
                @Override
                public Verdict verify(String name, Secret password) {
                    return new Verdict.Refused(Reason.NOT_ALLOWED);
                }

                @Override
                public Verdict verify(String name, Secret password, Channel channel) {
                    return good.verify(name, password);
                }
            };
        }

        @Override
        Verdict verify(String name, Secret password) {
            throw new AssertionError("its directory does not ask");
        }
    }

    static class MixesThreads extends Departing {
        private final CountDownLatch all = new CountDownLatch(3 * LOGINS_AT_ONCE);
        private volatile String last = "";

        @Override
        Verdict verify(String name, Secret password) {
            last = name;
            await(all);
            return good.verify(last, password);
        }
    }

    static class ShowsThePassword extends Departing {
        @Override
        Verdict verify(String name, Secret password) {
            var verdict = good.verify(name, password);
            return verdict instanceof Verdict.Accepted
                    ? new Verdict.Accepted(
                            new User(name, Map.of("hint", new String(password.chars()))))
                    : verdict;
        }
    }

    static class ShowsItself implements PasswordDirectoryContract {
        @Override
        public PasswordDirectory directory() {
            return new MemoryUsers(USERS) {
                @Override
                public String name() {
                    return "shows-itself";
                }

                @Override
                public String toString() {
                    return USERS.toString();
                }
            };
        }
    }

    static class GoodTokens implements TokenDirectoryContract {
        @Override
        public TokenDirectory directory() {
            return new MemoryTokens(Map.of("abc.def", "alice"));
        }

        @Override
        public String token() {
            return "abc.def";
        }
    }

    static class TrimsTokens extends GoodTokens {
        @Override
        public TokenDirectory directory() {
            var good = new MemoryTokens(Map.of("abc.def", "alice"));
            return new TokenDirectory() {
                @Override
                public Verdict verifyToken(Secret token) {
                    return good.verifyToken(Secret.of(new String(token.chars()).strip()));
                }
            };
        }
    }

    static class WipesTokens extends GoodTokens {
        @Override
        public TokenDirectory directory() {
            var good = new MemoryTokens(Map.of("abc.def", "alice"));
            return new TokenDirectory() {
                @Override
                public Verdict verifyToken(Secret token) {
                    try (token) {
                        return good.verifyToken(token);
                    }
                }
            };
        }
    }

    /** A contract run against a directory that departs from a good one in its keys. */
    abstract static class DepartingKeys implements ScramDirectoryContract {
        abstract ScramKeys keys(String name, ScramKeys good);

        @Override
        public ScramDirectory directory() {
            return new MemoryUsers(USERS) {
                @Override
                public Entry scram(String name, ScramHash hash) {
                    var good = super.scram(name, hash);
                    return new Entry(keys(name, good.keys()), good.verdict());
                }
            };
        }

        static ScramKeys salted(ScramKeys good, byte[] salt) {
            return new ScramKeys(salt, good.iterations(), good.storedKey(), good.serverKey());
        }
    }

    static class ChangesSalts extends DepartingKeys {
        private byte count;

        @Override
        ScramKeys keys(String name, ScramKeys good) {
            var salt = good.salt().clone();
            salt[0] = count++;
            return USERS.containsKey(name) ? good : salted(good, salt);
        }
    }

    static class OneSaltForAll extends DepartingKeys {
        @Override
        ScramKeys keys(String name, ScramKeys good) {
            return USERS.containsKey(name) ? good : salted(good, new byte[16]);
        }
    }

    static class ShortSalts extends DepartingKeys {
        @Override
        ScramKeys keys(String name, ScramKeys good) {
            return USERS.containsKey(name) ? good : salted(good, Arrays.copyOf(good.salt(), 8));
        }
    }

    static class KeysOfAnother extends DepartingKeys {
        @Override
        ScramKeys keys(String name, ScramKeys good) {
            return salted(good, new byte[16]);
        }
    }

    static class KnowsEverybody implements NameDirectoryContract {
        @Override
        public NameDirectory directory() {
            return new MemoryUsers(USERS) {
                @Override
                public Verdict lookUp(String name) {
                    return new Verdict.Accepted(new User("alice"));
                }
            };
        }
    }

    /** Hands out one and the same secret each time. */
    static class HandsOutItsOwn implements SecretDirectoryContract {
        @Override
        public OwnSecret directory() {
            return new OwnSecret();
        }
    }

    static final class OwnSecret extends MemoryUsers {
        private final Secret own = Secret.of(USERS.get("alice"));

        OwnSecret() {
            super(USERS);
        }

        @Override
        public Shared shared(String name) {
            return name.equals("alice")
                    ? Shared.of(new User(name), own)
                    : Shared.refused(Reason.UNKNOWN_USER);
        }
    }

    static class HandsOutToAnybody implements SecretDirectoryContract {
        @Override
        public ForAnybody directory() {
            return new ForAnybody();
        }
    }

    static final class ForAnybody extends MemoryUsers {
        ForAnybody() {
            super(USERS);
        }

        @Override
        public Shared shared(String name) {
            return Shared.of(new User("alice"), Secret.of(USERS.get("alice")));
        }
    }

    // Mechanisms: all speak like USER and PASS.

    /** A mechanism made of one function. */
    static class Plain implements AuthMechanism {
        private final Function<AuthContext, AuthExchange> begin;

        Plain(Function<AuthContext, AuthExchange> begin) {
            this.begin = begin;
        }

        @Override
        public String name() {
            return "plain";
        }

        @Override
        public String mechanism() {
            return "PLAIN";
        }

        @Override
        public boolean plaintext() {
            return true;
        }

        @Override
        public boolean servedBy(UserDirectory directory) {
            return directory instanceof PasswordDirectory;
        }

        @Override
        public AuthExchange begin(AuthContext context) {
            return begin.apply(context);
        }

        static Verdict check(AuthContext context, byte[] response)
                throws Fault, InterruptedException {
            try {
                var nul = nul(response);
                if (nul < 0) {
                    return new Verdict.Refused(Reason.MALFORMED);
                }
                try (var password = Secret.of(response, nul + 1, response.length)) {
                    return context.checkPassword(new String(response, 0, nul, UTF_8), password);
                }
            } finally {
                Arrays.fill(response, (byte) 0);
            }
        }

        static int nul(byte[] response) {
            for (int i = 0; i < response.length; i++) {
                if (response[i] == 0) {
                    return i;
                }
            }
            return -1;
        }
    }

    abstract static class Speaking implements AuthMechanismContract {
        abstract AuthExchange begin(AuthContext context);

        @Override
        public AuthMechanism mechanism() {
            return new Plain(this::begin);
        }

        @Override
        public Client client(String name, String secret, AuthContext connection) {
            return challenge -> (name + "\0" + secret).getBytes(UTF_8);
        }
    }

    static class GoodMechanism extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return response -> Plain.check(context, response);
        }
    }

    static class GoodServerFirstMechanism extends GoodMechanism {
        @Override
        public AuthMechanism mechanism() {
            return new Plain(Asking::new) {
                @Override
                public boolean serverFirst() {
                    return true;
                }
            };
        }
    }

    private static final class Asking implements AuthExchange {
        private final AuthContext context;
        private boolean asked;

        Asking(AuthContext context) {
            this.context = context;
        }

        @Override
        public AuthStep next(byte[] response) throws Fault, InterruptedException {
            if (!asked) {
                asked = true;
                return new AuthStep.Challenge("who?".getBytes(UTF_8));
            }
            return Plain.check(context, response);
        }
    }

    static class MechanismThatThrows extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return response -> {
                if (Plain.nul(response) < 0) {
                    throw new ArrayIndexOutOfBoundsException("no NUL");
                }
                return Plain.check(context, response);
            };
        }
    }

    static class MechanismThatLetsIn extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return response ->
                    Plain.nul(response) == 0
                            ? new Verdict.Accepted(new User("anonymous"))
                            : Plain.check(context, response);
        }
    }

    static class MechanismWithoutEnd extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return response ->
                    Plain.check(context, response) instanceof Verdict.Accepted accepted
                            ? accepted
                            : new AuthStep.Challenge("again".getBytes(UTF_8));
        }
    }

    static class MechanismThatHidesFaults extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return response -> {
                try {
                    return Plain.check(context, response);
                } catch (Fault e) {
                    return new Verdict.Refused(Reason.WRONG_PROOF);
                }
            };
        }
    }

    static class MechanismThatKeepsResponses extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return response -> Plain.check(context, response.clone());
        }
    }

    static class MechanismThatKeepsSecrets extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return response -> {
                var nul = Plain.nul(response);
                if (nul < 0) {
                    return new Verdict.Refused(Reason.MALFORMED);
                }
                var name = new String(response, 0, nul, UTF_8);
                var password = Secret.of(response, nul + 1, response.length);
                Arrays.fill(response, (byte) 0);
                return context.checkPassword(name, password);
            };
        }
    }

    static class MechanismThatClosesOnce extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return new AuthExchange() {
                private boolean closed;

                @Override
                public AuthStep next(byte[] response) throws Fault, InterruptedException {
                    return Plain.check(context, response);
                }

                @Override
                public void close() {
                    if (closed) {
                        throw new IllegalStateException("closed already");
                    }
                    closed = true;
                }
            };
        }
    }

    static class MechanismThatClaimsSecrecy extends GoodMechanism {
        @Override
        public AuthMechanism mechanism() {
            return new Plain(this::begin) {
                @Override
                public boolean plaintext() {
                    return false;
                }
            };
        }
    }

    static class MechanismThatSharesState extends Speaking {
        private final CountDownLatch all = new CountDownLatch(2 * LOGINS_AT_ONCE);
        private volatile String name = "";

        @Override
        AuthExchange begin(AuthContext context) {
            return response -> {
                var nul = Plain.nul(response);
                name = new String(response, 0, nul, UTF_8);
                await(all);
                try (var password = Secret.of(response, nul + 1, response.length)) {
                    return context.checkPassword(name, password);
                }
            };
        }
    }

    static class MechanismOfTheWrongCharset extends Speaking {
        @Override
        AuthExchange begin(AuthContext context) {
            return response -> {
                for (byte octet : response) {
                    if (octet < 0) {
                        return new Verdict.Refused(Reason.MALFORMED);
                    }
                }
                return Plain.check(context, response);
            };
        }
    }

    static class MechanismForAnyDirectory extends GoodMechanism {
        @Override
        public AuthMechanism mechanism() {
            return new Plain(this::begin) {
                @Override
                public boolean servedBy(UserDirectory directory) {
                    return true;
                }
            };
        }
    }

    static class MechanismOfABadName extends GoodMechanism {
        @Override
        public AuthMechanism mechanism() {
            return new Plain(this::begin) {
                @Override
                public String mechanism() {
                    return "plain text";
                }
            };
        }
    }
}
