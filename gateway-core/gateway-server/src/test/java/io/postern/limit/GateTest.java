package io.postern.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.postern.limit.Gate.Admission;
import io.postern.spi.auth.Standing;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

class GateTest {
    private static final InetAddress ONE = Networks.address("192.0.2.1");
    private static final InetAddress OTHER = Networks.address("192.0.2.2");
    private static final InetAddress TRUSTED = Networks.address("127.0.0.1");

    private final Refusals refusals = new Refusals(new AtomicLong()::get);

    private Gate gate(int connections, int perAddress, int logins) {
        return new Gate(
                "[::]:110",
                new ListenerLimits(connections, perAddress, 2, 1, logins, 1, 1, 1, 1),
                Networks.parse("127.0.0.0/8"),
                refusals,
                Duration.ZERO);
    }

    @Test
    void connectionsInAllAreLimitedAndAPlaceBecomesFreeAgain() {
        var gate = gate(2, 9, 1);
        var first = gate.admit(ONE);
        gate.admit(TRUSTED);
        var third = gate.admit(OTHER);
        assertEquals(Admission.ADMITTED, first.admission());
        assertEquals(Admission.TURNED_AWAY, third.admission());
        third.close();
        assertEquals(Admission.TURNED_AWAY, gate.admit(OTHER).admission());
        first.close();
        first.close();
        assertEquals(Admission.ADMITTED, gate.admit(OTHER).admission());
        assertEquals(Admission.TURNED_AWAY, gate.admit(OTHER).admission());
        assertEquals(2, gate.connections());
        assertEquals(3, refusals.value(Limit.CONNECTIONS));
        assertEquals("connections=3", refusals.toString());
    }

    @Test
    void connectionsOfAnAddressAreLimitedAndThoseOfOthersAreNot() {
        var gate = gate(99, 2, 1);
        gate.admit(ONE);
        var second = gate.admit(ONE);
        assertEquals(Admission.TURNED_AWAY, gate.admit(ONE).admission());
        assertEquals(Admission.ADMITTED, gate.admit(OTHER).admission());
        second.close();
        assertEquals(Admission.ADMITTED, gate.admit(ONE).admission());
        assertEquals(1, refusals.value(Limit.CONNECTIONS_PER_ADDRESS));
    }

    @Test
    void anIpv6NetworkOf64BitsIsOneAddress() {
        var gate = gate(99, 1, 1);
        gate.admit(Networks.address("2001:db8::1"));
        assertEquals(
                Admission.TURNED_AWAY, gate.admit(Networks.address("2001:db8::2")).admission());
        assertEquals(
                Admission.ADMITTED, gate.admit(Networks.address("2001:db8:0:1::2")).admission());
    }

    @Test
    void trustedNetworksAreNotLimitedByAddress() {
        var gate = gate(99, 1, 1);
        gate.admit(TRUSTED);
        assertEquals(Admission.ADMITTED, gate.admit(TRUSTED).admission());
    }

    @Test
    void inAFloodMostAreClosedWithoutAnAnswer() {
        var gate = gate(1, 1, 1);
        gate.admit(ONE);
        var answered = new ArrayList<Gate.Entry>();
        Gate.Entry entry = gate.admit(ONE);
        while (entry.admission() == Admission.TURNED_AWAY) {
            answered.add(entry);
            entry = gate.admit(ONE);
        }
        assertEquals(64, answered.size());
        assertEquals(Admission.SHUT_OUT, entry.admission());
        entry.close();
        assertEquals(Admission.SHUT_OUT, gate.admit(ONE).admission());
        answered.getFirst().close();
        assertEquals(Admission.TURNED_AWAY, gate.admit(ONE).admission());
    }

    @Test
    void loginsAreJudgedOnlySoManyAtATime() throws InterruptedException {
        var gate = gate(9, 9, 2);
        var first = gate.turn(ONE, Standing.KNOWN);
        assertNotNull(gate.turn(ONE, Standing.KNOWN));
        assertNull(gate.turn(OTHER, Standing.KNOWN));
        first.close();
        assertNotNull(gate.turn(OTHER, Standing.KNOWN));
        assertEquals(1, refusals.value(Limit.LOGINS));
    }

    @Test
    void strangersLeaveAQuarterOfThePlacesToThoseWhoAreKnown() throws InterruptedException {
        var gate = gate(9, 9, 4);
        for (var count = 0; count < 3; count++) {
            assertNotNull(gate.turn(ONE, Standing.STRANGER));
        }
        assertNull(gate.turn(OTHER, Standing.STRANGER));
        assertNull(gate.turn(OTHER, Standing.SUSPECT));
        assertNotNull(gate.turn(OTHER, Standing.KNOWN));
        assertNull(gate.turn(OTHER, Standing.KNOWN));
    }

    @Test
    void suspectsDoNotTakeAllThePlaces() throws InterruptedException {
        var gate = gate(9, 9, 2);
        var suspect = gate.turn(ONE, Standing.SUSPECT);
        assertNotNull(suspect);
        assertNull(gate.turn(ONE, Standing.SUSPECT));
        assertNotNull(gate.turn(OTHER, Standing.KNOWN));
        assertNull(gate.turn(OTHER, Standing.KNOWN));
        suspect.close();
        assertNotNull(gate.turn(ONE, Standing.SUSPECT));
    }

    @Test
    void sessionsOfAUserAreLimitedInAllAndByAddress() {
        var limits = new ListenerLimits(9, 9, 2, 1, 1, 1, 1, 1, 1);
        var sessions = new UserSessions();
        assertEquals(Optional.empty(), sessions.enter("main/alice", ONE, limits));
        assertEquals(
                Optional.of(Limit.SESSIONS_PER_USER_AND_ADDRESS),
                sessions.enter("main/alice", ONE, limits));
        assertEquals(Optional.empty(), sessions.enter("main/alice", OTHER, limits));
        assertEquals(
                Optional.of(Limit.SESSIONS_PER_USER),
                sessions.enter("main/alice", TRUSTED, limits));
        assertEquals(Optional.empty(), sessions.enter("main/bob", ONE, limits));
        sessions.leave("main/alice", ONE);
        assertEquals(Optional.empty(), sessions.enter("main/alice", TRUSTED, limits));
    }
}
