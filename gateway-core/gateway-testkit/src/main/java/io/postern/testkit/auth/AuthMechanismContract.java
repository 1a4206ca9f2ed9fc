package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * What every {@link AuthMechanism} promises. A test class of yours implements this and runs all of
 * it.
 */
public interface AuthMechanismContract extends EveryMechanismContract {

    /** More steps than any mechanism takes. */
    int MANY_STEPS = 20;

    /** How many right and how many wrong logins run at the same time. */
    int LOGINS_AT_ONCE = 64;

    /** A client that plays by the rules, for one login. */
    Client client(String name, String secret, AuthContext connection);

    /**
     * A secret that is not ASCII, to SASLprep (RFC 4013) too; one that is ASCII for a mechanism
     * whose secrets are.
     */
    default String secretOfUtf8() {
        return "p\u00e4ss \u2603";
    }

    /** The connection that clients log in over. */
    default Channel channel() {
        return MemoryChannel.secure();
    }

    /** The client's side of one exchange. */
    @FunctionalInterface
    interface Client {
        /**
         * @param challenge what the server sent; empty for the first response of a mechanism where
         *     the client speaks first
         * @return the octets of the response, before base64
         */
        byte[] respond(byte[] challenge);
    }

    @Test
    default void theRightProofIsAccepted() throws Exception {
        try (var mechanism = mechanism()) {
            var realm = realm();
            var verdict = login(mechanism, realm, client("alice", "tanstaaf", realm));
            assertEquals("alice", accepted(verdict));
        }
    }

    @Test
    default void aNameAndASecretOfUtf8AreAccepted() throws Exception {
        try (var mechanism = mechanism()) {
            var realm = realm();
            var verdict = login(mechanism, realm, client("z\u00f6e", secretOfUtf8(), realm));
            assertEquals("z\u00f6e", accepted(verdict));
        }
    }

    @Test
    default void aWrongProofIsRefusedAsWrong() throws Exception {
        try (var mechanism = mechanism()) {
            for (var wrong : List.of("tanstaa", "tanstaaff", "TANSTAAF", " tanstaaf", "x")) {
                var realm = realm();
                assertEquals(
                        new Verdict.Refused(Reason.WRONG_PROOF),
                        login(mechanism, realm, client("alice", wrong, realm)));
            }
        }
    }

    @Test
    default void aStrangerIsRefusedAsUnknown() throws Exception {
        try (var mechanism = mechanism()) {
            var realm = realm();
            assertEquals(
                    new Verdict.Refused(Reason.UNKNOWN_USER),
                    login(mechanism, realm, client("mallory", "tanstaaf", realm)));
        }
    }

    @Test
    default void aBrokenDirectoryIsAFaultAndNoRefusal() throws Exception {
        try (var mechanism = mechanism()) {
            var fault = Fault.temporary("the directory is away", null);
            var realm = realm().failing(fault);
            var seen =
                    assertThrows(
                            Fault.class,
                            () -> login(mechanism, realm, client("alice", "tanstaaf", realm)));
            assertSame(fault, seen);
        }
    }

    @Test
    default void responsesAndPasswordsAreWipedWhateverTheEnd() throws Exception {
        try (var mechanism = mechanism()) {
            var good = realm();
            var broken = realm().failing(Fault.permanent("broken", null));
            for (var realm : List.of(good, broken)) {
                for (var secret : List.of("tanstaaf", "wrong")) {
                    var client = client("alice", secret, realm);
                    var sent = new ArrayList<byte[]>();
                    try {
                        login(
                                mechanism,
                                realm,
                                challenge -> {
                                    var response = client.respond(challenge);
                                    sent.add(response);
                                    return response;
                                });
                    } catch (Fault e) {
                        assertSame(broken, realm, "no fault was asked for");
                    }
                    assertFalse(sent.isEmpty());
                    for (var response : sent) {
                        assertArrayEquals(new byte[response.length], response, "not wiped");
                    }
                }
                for (Secret shown : realm.shown()) {
                    assertThrows(IllegalStateException.class, shown::octets, "not wiped");
                }
            }
        }
    }

    @Test
    default void itSaysTruthfullyWhetherAReaderOfTheLineLearnsThePassword() throws Exception {
        try (var mechanism = mechanism()) {
            var realm = realm();
            var client = client("alice", "tanstaaf", realm);
            var line = new StringBuilder();
            login(
                    mechanism,
                    realm,
                    challenge -> {
                        var response = client.respond(challenge);
                        line.append(new String(response, UTF_8)).append('\n');
                        return response;
                    });
            assertEquals(mechanism.plaintext(), line.toString().contains("tanstaaf"));
        }
    }

    @Test
    default void closingIsIdempotentAtEveryPoint() throws Exception {
        try (var mechanism = mechanism()) {
            var realm = realm();
            var unused = mechanism.begin(realm);
            unused.close();
            unused.close();
            var used = mechanism.begin(realm);
            play(mechanism, used, client("alice", "tanstaaf", realm));
            used.close();
            used.close();
            var begun = mechanism.begin(realm);
            begun.next(
                    mechanism.serverFirst()
                            ? new byte[0]
                            : client("alice", "tanstaaf", realm).respond(new byte[0]));
            begun.close();
            begun.close();
        }
    }

    @Test
    default void anExchangeShowsNoPasswordAsText() throws Exception {
        try (var mechanism = mechanism()) {
            var realm = realm();
            try (var exchange = mechanism.begin(realm)) {
                var verdict = play(mechanism, exchange, client("alice", "tanstaaf", realm));
                assertFalse((exchange + " " + verdict + mechanism).contains("tanstaaf"));
            }
        }
    }

    @Test
    default void exchangesAtTheSameTimeDoNotMix() throws Exception {
        var secrets = new HashMap<String, String>();
        for (int i = 0; i < LOGINS_AT_ONCE; i++) {
            secrets.put("user" + i, "secret" + i);
        }
        try (var mechanism = mechanism();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var realm = MemoryRealm.of(secrets).over(channel());
            var right = new HashMap<String, Future<Verdict>>();
            var wrong = new ArrayList<Future<Verdict>>();
            secrets.forEach((name, secret) -> {
                Callable<Verdict> good = () -> login(mechanism, realm, client(name, secret, realm));
                Callable<Verdict> bad = () -> login(mechanism, realm, client(name, "wrong", realm));
                right.put(name, threads.submit(good));
                wrong.add(threads.submit(bad));
            });
            for (var entry : right.entrySet()) {
                assertEquals(entry.getKey(), accepted(entry.getValue().get(1, TimeUnit.MINUTES)));
            }
            for (var verdict : wrong) {
                assertEquals(
                        new Verdict.Refused(Reason.WRONG_PROOF), verdict.get(1, TimeUnit.MINUTES));
            }
        }
    }

    @Test
    default void garbageEndsInAVerdictAndLetsNobodyIn() throws Exception {
        try (var mechanism = mechanism()) {
            var random = new Random(1939);
            for (int round = 0; round < 5_000; round++) {
                var realm = realm();
                var polite = client("alice", "tanstaaf", realm);
                Client rude =
                        challenge ->
                                random.nextBoolean()
                                        ? noise(random)
                                        : bent(polite.respond(challenge), random);
                var verdict =
                        assertDoesNotThrow(
                                () -> login(mechanism, realm, rude),
                                "garbage is the client's fault, never the server's");
                assertTrue(
                        verdict instanceof Verdict.Refused || realm.verdicts().contains(verdict),
                        "let in without the directory's word");
            }
        }
    }

    @Test
    default void anEmptyResponseIsNoProof() throws Exception {
        try (var mechanism = mechanism()) {
            var realm = realm();
            var verdict = login(mechanism, realm, challenge -> new byte[0]);
            assertInstanceOf(Verdict.Refused.class, verdict);
        }
    }

    private MemoryRealm realm() {
        return MemoryRealm.of(Map.of("alice", "tanstaaf", "z\u00f6e", secretOfUtf8()))
                .over(channel());
    }

    private static String accepted(Verdict verdict) {
        return assertInstanceOf(Verdict.Accepted.class, verdict).user().name();
    }

    private static Verdict login(AuthMechanism mechanism, AuthContext realm, Client client)
            throws Fault, InterruptedException {
        try (var exchange = mechanism.begin(realm)) {
            return play(mechanism, exchange, client);
        }
    }

    private static Verdict play(AuthMechanism mechanism, AuthExchange exchange, Client client)
            throws Fault, InterruptedException {
        var response = mechanism.serverFirst() ? new byte[0] : client.respond(new byte[0]);
        for (int i = 0; i < MANY_STEPS; i++) {
            AuthStep step = exchange.next(response);
            assertNotNull(step);
            switch (step) {
                case AuthStep.Challenge(var octets) -> response = client.respond(octets);
                case Verdict verdict -> {
                    return verdict;
                }
            }
        }
        throw new AssertionError("no verdict after " + MANY_STEPS + " steps");
    }

    private static byte[] noise(Random random) {
        var octets = new byte[random.nextInt(8) == 0 ? random.nextInt(5_000) : random.nextInt(40)];
        random.nextBytes(octets);
        if (random.nextBoolean()) {
            // Mostly separators and letters, so that the parser gets further.
            for (int i = 0; i < octets.length; i++) {
                octets[i] = (byte) "\0\0 ,=aeil".charAt(octets[i] & 7);
            }
        }
        return octets;
    }

    private static byte[] bent(byte[] response, Random random) {
        if (response.length == 0) {
            return noise(random);
        }
        var at = random.nextInt(response.length);
        return switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(response, at);
            case 1 -> Arrays.copyOfRange(response, at, response.length);
            case 2 -> Arrays.copyOf(response, response.length + 1 + random.nextInt(300));
            default -> {
                var changed = response.clone();
                changed[at] = (byte) random.nextInt(256);
                yield changed;
            }
        };
    }
}
