package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.ContractRun;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.util.Map;
import java.util.stream.Stream;

/** {@link ChannelMechanismContract} lets a good one pass, and broken ones fail what they break. */
class ChannelContractProofTest {

    @Test
    void aGoodOnePasses() {
        var run = ContractRun.of(Good.class);
        assertEquals(Map.of(), run.failed());
        assertTrue(run.passed().size() > 8, run.toString());
    }

    @TestFactory
    Stream<DynamicTest> brokenOnesFailTheRuleTheyBreak() {
        return Stream.of(
                Proof.of(
                        OfferedEverywhere.class, "itIsOfferedOnlyWhereTheConnectionProvesSomebody"),
                Proof.of(BelievesTheClient.class, "nobodyElseIsAccepted"),
                Proof.of(WantsNoName.class, "whoIsProvenIsAcceptedWhetherNamedOrNot"),
                Proof.of(NeedsNoProof.class, "aConnectionThatProvesNobodyIsRefusedWithoutALook"),
                Proof.of(HidesFaults.class, "aBrokenDirectoryIsAFaultAndNoRefusal"),
                Proof.of(CallsStrangersWrong.class, "whomNoDirectoryKnowsIsUnknown"),
                Proof.of(ChecksAPassword.class, "itSaysTruthfullyThatNoSecretIsSaid"),
                Proof.of(Chokes.class, "garbageEndsInAVerdictAndLetsNobodyElseIn"),
                Proof.of(ClosesOnce.class, "closingIsIdempotentAtEveryPoint"),
                Proof.of(ServesAnybody.class, "aDirectoryWithoutAbilitiesDoesNotServeIt"),
                Proof.of(OfABadName.class, "itsNamesAreLegalAndStayTheSame"));
    }

    /** Whose connection it is stands in a binding, so that no certificate is needed here. */
    private static class Proven implements AuthMechanism {
        @Override
        public String name() {
            return "proven";
        }

        @Override
        public String mechanism() {
            return "PROVEN";
        }

        @Override
        public boolean plaintext() {
            return false;
        }

        @Override
        public boolean servedBy(UserDirectory directory) {
            return directory instanceof NameDirectory;
        }

        @Override
        public boolean fits(Channel channel) {
            return channel.channelBinding("who").isPresent();
        }

        @Override
        public AuthExchange begin(AuthContext context) {
            return response -> check(context, new String(response, UTF_8));
        }

        AuthStep check(AuthContext context, String identity) throws Fault, InterruptedException {
            var who = context.channelBinding("who");
            if (who.isEmpty()) {
                return new Verdict.Refused(Reason.MALFORMED);
            }
            var name = new String(who.get(), UTF_8);
            return identity.isEmpty() || identity.equals(name)
                    ? context.checkName(name)
                    : new Verdict.Refused(Reason.NOT_ALLOWED);
        }
    }

    static class Good implements ChannelMechanismContract {
        @Override
        public AuthMechanism mechanism() {
            return new Proven();
        }

        @Override
        public Channel proven() {
            return MemoryChannel.bound("who", "alice".getBytes(UTF_8));
        }
    }

    static class OfferedEverywhere extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                public boolean fits(Channel channel) {
                    return true;
                }
            };
        }
    }

    static class BelievesTheClient extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                AuthStep check(AuthContext context, String identity)
                        throws Fault, InterruptedException {
                    return identity.isEmpty()
                            ? super.check(context, identity)
                            : context.checkName(identity);
                }
            };
        }
    }

    static class WantsNoName extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                AuthStep check(AuthContext context, String identity)
                        throws Fault, InterruptedException {
                    return identity.isEmpty()
                            ? super.check(context, identity)
                            : new Verdict.Refused(Reason.NOT_ALLOWED);
                }
            };
        }
    }

    static class NeedsNoProof extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                AuthStep check(AuthContext context, String identity)
                        throws Fault, InterruptedException {
                    return context.channelBinding("who").isPresent()
                            ? super.check(context, identity)
                            : context.checkName("alice");
                }
            };
        }
    }

    static class HidesFaults extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                AuthStep check(AuthContext context, String identity) throws InterruptedException {
                    try {
                        return super.check(context, identity);
                    } catch (Fault e) {
                        return new Verdict.Refused(Reason.WRONG_PROOF);
                    }
                }
            };
        }
    }

    static class CallsStrangersWrong extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                AuthStep check(AuthContext context, String identity)
                        throws Fault, InterruptedException {
                    return super.check(context, identity) instanceof Verdict.Accepted accepted
                            ? accepted
                            : new Verdict.Refused(Reason.WRONG_PROOF);
                }
            };
        }
    }

    static class ChecksAPassword extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                AuthStep check(AuthContext context, String identity)
                        throws Fault, InterruptedException {
                    try (var password = Secret.of("x")) {
                        return context.checkPassword("alice", password);
                    }
                }
            };
        }
    }

    static class Chokes extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                AuthStep check(AuthContext context, String identity)
                        throws Fault, InterruptedException {
                    if (identity.contains("\ufffd")) {
                        throw new IllegalArgumentException("not UTF-8");
                    }
                    return super.check(context, identity);
                }
            };
        }
    }

    static class ClosesOnce extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                public AuthExchange begin(AuthContext context) {
                    return new AuthExchange() {
                        private boolean closed;

                        @Override
                        public AuthStep next(byte[] response) throws Fault, InterruptedException {
                            return check(context, new String(response, UTF_8));
                        }

                        @Override
                        public void close() {
                            if (closed) {
                                throw new IllegalStateException("closed twice");
                            }
                            closed = true;
                        }
                    };
                }
            };
        }
    }

    static class ServesAnybody extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                public boolean servedBy(UserDirectory directory) {
                    return true;
                }
            };
        }
    }

    static class OfABadName extends Good {
        @Override
        public AuthMechanism mechanism() {
            return new Proven() {
                @Override
                public String mechanism() {
                    return "proven by the line";
                }
            };
        }
    }
}
