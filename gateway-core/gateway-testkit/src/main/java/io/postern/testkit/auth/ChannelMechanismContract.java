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
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What a mechanism promises where the connection has proven who the client is, and no secret is
 * said: for those that {@link AuthMechanismContract} does not fit.
 */
public interface ChannelMechanismContract extends EveryMechanismContract {

    /** A connection that proves that the client is {@code alice}, and nobody else. */
    Channel proven();

    @Test
    default void itIsOfferedOnlyWhereTheConnectionProvesSomebody() throws Exception {
        try (var mechanism = mechanism()) {
            assertTrue(mechanism.fits(proven()));
            assertFalse(mechanism.fits(MemoryChannel.clear()));
            assertFalse(mechanism.fits(MemoryChannel.secure()));
        }
    }

    @Test
    default void whoIsProvenIsAcceptedWhetherNamedOrNot() throws Exception {
        try (var mechanism = mechanism()) {
            for (var identity : List.of("", "alice")) {
                assertEquals(
                        new Verdict.Accepted(new User("alice")), ask(mechanism, realm(), identity));
            }
        }
    }

    /** RFC 4422 §3.4.1: who may act for whom is the server's to say; here it is nobody. */
    @Test
    default void nobodyElseIsAccepted() throws Exception {
        try (var mechanism = mechanism()) {
            for (var identity : List.of("bob", "mallory", "alice ", " alice", "alice\0", "*")) {
                assertInstanceOf(
                        Verdict.Refused.class, ask(mechanism, realm(), identity), identity);
            }
        }
    }

    @Test
    default void whomNoDirectoryKnowsIsUnknown() throws Exception {
        try (var mechanism = mechanism()) {
            var others = MemoryRealm.of(Map.of("bob", "")).over(proven());
            assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), ask(mechanism, others, ""));
        }
    }

    @Test
    default void aConnectionThatProvesNobodyIsRefusedWithoutALook() throws Exception {
        try (var mechanism = mechanism()) {
            for (var channel : List.of(MemoryChannel.clear(), MemoryChannel.secure())) {
                for (var identity : List.of("", "alice")) {
                    var realm = realm().over(channel);
                    assertInstanceOf(Verdict.Refused.class, ask(mechanism, realm, identity));
                    assertEquals(List.of(), realm.verdicts(), "a directory was asked");
                }
            }
        }
    }

    @Test
    default void aBrokenDirectoryIsAFaultAndNoRefusal() throws Exception {
        try (var mechanism = mechanism()) {
            var fault = Fault.temporary("the directory is away", null);
            var realm = realm().failing(fault);
            assertSame(fault, assertThrows(Fault.class, () -> ask(mechanism, realm, "")));
        }
    }

    @Test
    default void itSaysTruthfullyThatNoSecretIsSaid() throws Exception {
        try (var mechanism = mechanism()) {
            assertFalse(mechanism.plaintext());
            var realm = realm();
            ask(mechanism, realm, "");
            assertEquals(List.of(), realm.shown(), "a directory was shown a secret");
        }
    }

    @Test
    default void closingIsIdempotentAtEveryPoint() throws Exception {
        try (var mechanism = mechanism()) {
            var unused = mechanism.begin(realm());
            unused.close();
            unused.close();
            var used = mechanism.begin(realm());
            used.next(new byte[0]);
            used.close();
            used.close();
        }
    }

    @Test
    default void garbageEndsInAVerdictAndLetsNobodyElseIn() throws Exception {
        try (var mechanism = mechanism()) {
            var random = new Random(4422);
            for (int round = 0; round < 5_000; round++) {
                var octets = new byte[random.nextInt(40)];
                random.nextBytes(octets);
                var realm = realm();
                var verdict =
                        assertDoesNotThrow(
                                () -> ask(mechanism, realm, octets.clone()),
                                "garbage is the client's fault, never the server's");
                if (verdict instanceof Verdict.Accepted) {
                    assertArrayEquals(new byte[0], octets, "garbage was taken for a name");
                }
            }
        }
    }

    private MemoryRealm realm() {
        return MemoryRealm.of(Map.of("alice", "", "bob", "")).over(proven());
    }

    private static Verdict ask(AuthMechanism mechanism, AuthContext realm, String identity)
            throws Fault, InterruptedException {
        return ask(mechanism, realm, identity.getBytes(UTF_8));
    }

    /** Such a mechanism takes one response. */
    private static Verdict ask(AuthMechanism mechanism, AuthContext realm, byte[] response)
            throws Fault, InterruptedException {
        try (var exchange = mechanism.begin(realm)) {
            AuthStep step = exchange.next(response);
            assertNotNull(step);
            return assertInstanceOf(Verdict.class, step);
        }
    }
}
