package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.postern.spi.Fault;
import io.postern.spi.Setting;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.Verdict;
import io.postern.testkit.ContractRun;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** The contract of policies lets good ones pass, and finds each kind of broken one. */
class PolicyContractProofTest {

    @Test
    void goodOnesPass() {
        for (var good : List.of(Good.class, Slow.class)) {
            var run = ContractRun.of(good);
            assertEquals(Map.of(), run.failed());
            assertEquals(8, run.passed().size(), run.toString());
        }
        var run = ContractRun.of(Silent.class);
        assertEquals(Map.of(), run.failed());
        assertEquals(Set.of("anAttemptThatItIsAgainstIsRefusedEachTime"), run.skipped().keySet());
    }

    @TestFactory
    Stream<DynamicTest> brokenOnesFailTheRuleTheyBreak() {
        return Stream.of(
                Proof.of(RefusesAll.class, "anOrdinaryLoginGoesOn"),
                Proof.of(RefusesAfterwards.class, "anOrdinaryLoginGoesOn"),
                Proof.of(WaitsForEver.class, "anOrdinaryLoginGoesOn"),
                Proof.of(RefusesOnce.class, "anAttemptThatItIsAgainstIsRefusedEachTime"),
                Proof.of(NamesThePeer.class, "whateverAClientSendsHasARuling"),
                Proof.of(OnlyOldAddresses.class, "whateverAClientSendsHasARuling"),
                Proof.of(NoUnknownMechanism.class, "whateverAClientSendsHasARuling"),
                Proof.of(SaysNothing.class, "whateverAClientSendsHasARuling"),
                Proof.of(CountsOpenOnes.class, "anAttemptWhoseEndIsNeverToldDoesNoHarm"),
                Proof.of(WantsTheQuestionFirst.class, "aVerdictWithoutAQuestionBeforeHasARuling"),
                Proof.of(SharesState.class, "attemptsAtTheSameTimeDoNotMix"),
                Proof.of(BadName.class, "itsNameIsAWordOfLowerCaseLettersDigitsAndHyphens"),
                Proof.of(TwoSettings.class, "itNamesEachSettingOnceAndSaysWhatItMeans"));
    }

    /** Refuses mallory. */
    static class Good implements AuthPolicyContract {
        @Override
        public AuthPolicy policy() {
            return new Mallory();
        }

        @Override
        public AuthPolicy.Attempt welcome() {
            return attempt("alice");
        }

        @Override
        public Optional<AuthPolicy.Attempt> unwelcome() {
            return Optional.of(attempt("mallory"));
        }

        private static AuthPolicy.Attempt attempt(String name) {
            var client = InetAddress.ofLiteral("192.0.2.7");
            return new AuthPolicy.Attempt("session", name, client, "PLAIN", true);
        }
    }

    static class Mallory implements AuthPolicy {
        @Override
        public Ruling before(Attempt attempt) throws Fault {
            return attempt.name().equals("mallory") ? new Refuse("not mallory") : new Allow();
        }
    }

    static class Slow extends Good {
        @Override
        public AuthPolicy policy() {
            return new Mallory() {
                @Override
                public Ruling after(Attempt attempt, Verdict verdict) {
                    return new Delay(Duration.ofSeconds(2));
                }

                @Override
                public String name() {
                    return "slow";
                }
            };
        }
    }

    static class Silent extends Good {
        @Override
        public Optional<AuthPolicy.Attempt> unwelcome() {
            return Optional.empty();
        }
    }

    static class RefusesAll extends Good {
        @Override
        public AuthPolicy policy() {
            return _ -> new AuthPolicy.Refuse("closed");
        }
    }

    static class RefusesAfterwards extends Good {
        @Override
        public AuthPolicy policy() {
            return new Mallory() {
                @Override
                public Ruling after(Attempt attempt, Verdict verdict) {
                    return new Refuse("too late");
                }
            };
        }
    }

    static class WaitsForEver extends Good {
        @Override
        public AuthPolicy policy() {
            return _ -> new AuthPolicy.Delay(Duration.ofHours(1));
        }
    }

    static class RefusesOnce extends Good {
        @Override
        public AuthPolicy policy() {
            var known = ConcurrentHashMap.<String>newKeySet();
            return attempt ->
                    attempt.name().equals("mallory") && known.add(attempt.name())
                            ? new AuthPolicy.Refuse("the first time")
                            : new AuthPolicy.Allow();
        }
    }

    static class NamesThePeer extends Good {
        @Override
        public AuthPolicy policy() {
            return attempt ->
                    attempt.name().equals("alice")
                            ? new AuthPolicy.Allow()
                            : new AuthPolicy.Refuse("not " + attempt.name());
        }
    }

    static class OnlyOldAddresses extends Good {
        @Override
        public AuthPolicy policy() {
            return new Mallory() {
                @Override
                public Ruling before(Attempt attempt) throws Fault {
                    var client = (Inet4Address) attempt.client();
                    return client.isMulticastAddress() ? new Refuse("many") : super.before(attempt);
                }
            };
        }
    }

    static class NoUnknownMechanism extends Good {
        @Override
        public AuthPolicy policy() {
            return new Mallory() {
                @Override
                public Ruling before(Attempt attempt) throws Fault {
                    if (attempt.mechanism().startsWith("X-")) {
                        throw Fault.permanent("unknown", null);
                    }
                    return super.before(attempt);
                }
            };
        }
    }

    static class SaysNothing extends Good {
        @Override
        public AuthPolicy policy() {
            return attempt -> attempt.name().isBlank() ? null : new Mallory().before(attempt);
        }
    }

    static class CountsOpenOnes extends Good {
        @Override
        public AuthPolicy policy() {
            var open = new AtomicInteger();
            return new Mallory() {
                @Override
                public Ruling before(Attempt attempt) throws Fault {
                    return open.incrementAndGet() > 40
                            ? new Refuse("too many")
                            : super.before(attempt);
                }

                @Override
                public Ruling after(Attempt attempt, Verdict verdict) {
                    open.decrementAndGet();
                    return new Allow();
                }
            };
        }
    }

    static class WantsTheQuestionFirst extends Good {
        @Override
        public AuthPolicy policy() {
            var asked = ConcurrentHashMap.<String>newKeySet();
            return new Mallory() {
                @Override
                public Ruling before(Attempt attempt) throws Fault {
                    asked.add(attempt.name());
                    return super.before(attempt);
                }

                @Override
                public Ruling after(Attempt attempt, Verdict verdict) {
                    if (!asked.contains(attempt.name())) {
                        throw new IllegalStateException("who is that?");
                    }
                    return new Allow();
                }
            };
        }
    }

    static class SharesState extends Good {
        @Override
        public AuthPolicy policy() {
            return new Mallory() {
                private final AtomicReference<Attempt> current = new AtomicReference<>();

                @Override
                public Ruling before(Attempt attempt) throws Fault {
                    current.compareAndSet(null, attempt);
                    return super.before(current.get());
                }
            };
        }
    }

    static class BadName extends Good {
        @Override
        public AuthPolicy policy() {
            return new Mallory() {
                @Override
                public String name() {
                    return "Mallory!";
                }
            };
        }
    }

    static class TwoSettings extends Good {
        @Override
        public AuthPolicy policy() {
            return new Mallory() {
                @Override
                public List<Setting> settings() {
                    var one = Setting.optional("file", Setting.Kind.PATH, "Of names.");
                    return List.of(one, one);
                }
            };
        }
    }
}
