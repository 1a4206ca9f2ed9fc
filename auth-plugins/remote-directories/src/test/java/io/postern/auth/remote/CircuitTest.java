package io.postern.auth.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.SettingException;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

class CircuitTest {
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
    private final AtomicInteger asked = new AtomicInteger();
    private final Circuit circuit = new Circuit("the server", Duration.ofMinutes(1), nanos::get);

    private String down(boolean again) throws Outage {
        asked.incrementAndGet();
        throw new Outage("down", again, null);
    }

    private Fault fault(boolean again) {
        return assertThrows(Fault.class, () -> circuit.call(() -> down(again)));
    }

    @Test
    void anAnswerIsHandedOn() throws Exception {
        assertEquals("yes", circuit.call(() -> "yes"));
    }

    @Test
    void noAnswerIsAFaultThatMayPass() {
        var fault = fault(false);
        assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        assertEquals("the server gave no answer: down", fault.getMessage());
        assertEquals(1, asked.get());
    }

    @Test
    void aQuestionIsPutOnceMoreWhereThatIsSafe() throws Exception {
        fault(true);
        assertEquals(2, asked.get());
        assertEquals("yes", circuit.call(() -> asked.incrementAndGet() == 3 ? down(true) : "yes"));
    }

    @Test
    void theQuestionsOwnFaultIsAnAnswer() {
        var own = Fault.permanent("no such table", null);
        for (int i = 0; i < 2 * Circuit.FAILURES; i++) {
            assertSame(
                    own,
                    assertThrows(
                            Fault.class,
                            () ->
                                    circuit.call(() -> {
                                        throw own;
                                    })));
        }
    }

    @Test
    void itIsUnwellUntilTheNextAnswer() throws Exception {
        assertEquals(Optional.empty(), circuit.trouble());
        fault(false);
        fault(false);
        assertEquals(Optional.of("the server gave no answer: down"), circuit.trouble());
        assertEquals("yes", circuit.call(() -> "yes"));
        assertEquals(Optional.empty(), circuit.trouble());
    }

    @Test
    void theCauseOfTheCauseIsTold() {
        var cause = new IOException("timed out", new IOException("password authentication failed"));
        var fault =
                assertThrows(
                        Fault.class,
                        () ->
                                circuit.call(() -> {
                                    throw new Outage("no connection", false, cause);
                                }));
        var words =
                "the server gave no answer: no connection: timed out: password authentication failed";
        assertEquals(words, fault.getMessage());
        assertEquals(Optional.of(words), circuit.trouble());
    }

    @Test
    void aServerThatRefusesThisOneIsToldAsThatAndNotAskedForEver() {
        for (int i = 0; i < 2 * Circuit.FAILURES; i++) {
            var fault =
                    assertThrows(
                            Fault.class,
                            () ->
                                    circuit.call(() -> {
                                        asked.incrementAndGet();
                                        throw refusal();
                                    }));
            assertEquals(Fault.Kind.PERMANENT, fault.kind(), "waiting does not help");
            assertTrue(
                    fault.getMessage().startsWith("it refuses this server. Give the password"),
                    fault.getMessage());
        }
        assertEquals(Circuit.FAILURES, asked.get(), "more could lock the account");
        assertEquals(Optional.of("it refuses this server. Give the password"), circuit.trouble());
    }

    private static Outage refusal() {
        return new Outage(
                new SettingException("password", "it refuses this server", "Give the password."));
    }

    @Test
    void atTheStartOnlyWhatHasToBeMendedStops() throws Exception {
        circuit.first(() -> "yes");
        circuit.first(() -> down(false)); // it may come later
        var own = Fault.permanent("no such table", null);
        assertSame(
                own,
                assertThrows(
                        Fault.class,
                        () ->
                                circuit.first(() -> {
                                    throw own;
                                })));
        var mistake =
                assertThrows(
                        SettingException.class,
                        () ->
                                circuit.first(() -> {
                                    throw refusal();
                                }));
        assertEquals("password", mistake.setting());
    }

    @Test
    void aDefectIsNotHidden() {
        assertThrows(
                IllegalStateException.class,
                () ->
                        circuit.call(() -> {
                            throw new IllegalStateException("defect");
                        }));
    }

    @Test
    void afterSeveralFailuresNobodyAsksForAWhileAndThenOneTries() throws Exception {
        for (int i = 0; i < Circuit.FAILURES; i++) {
            fault(false);
        }
        asked.set(0);
        var fault = fault(false);
        assertEquals(0, asked.get(), "asked while the circuit is open");
        assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        assertTrue(fault.getMessage().contains("is left alone for PT10S"), fault.getMessage());

        nanos.addAndGet(Circuit.PAUSE.toNanos());
        fault(false);
        assertEquals(1, asked.get(), "one tries");
        fault(false);
        assertEquals(1, asked.get(), "and the circuit is open again");

        nanos.addAndGet(Circuit.PAUSE.toNanos());
        assertEquals("yes", circuit.call(() -> "yes"));
        fault(false);
        assertEquals(2, asked.get(), "closed again: one failure is one failure");
    }

    @Test
    void whileOneTriesTheOthersAreToldAtOnce() throws Exception {
        for (int i = 0; i < Circuit.FAILURES; i++) {
            fault(false);
        }
        nanos.addAndGet(Circuit.PAUSE.toNanos());
        assertEquals(
                "yes",
                circuit.call(() -> {
                    assertThrows(Fault.class, () -> circuit.call(() -> "meanwhile"));
                    return "yes";
                }));
        assertEquals("yes", circuit.call(() -> "yes"));
    }

    @Test
    void aQuestionWithoutEndIsAnOutageAndIsNotInterrupted() throws Exception {
        var impatient = new Circuit("the server", Duration.ofMillis(20), nanos::get);
        var go = new CountDownLatch(1);
        var done = new CountDownLatch(1);
        var fault =
                assertThrows(
                        Fault.class,
                        () ->
                                impatient.call(() -> {
                                    try {
                                        go.await();
                                        done.countDown();
                                    } catch (InterruptedException e) {
                                        throw new IllegalStateException(e);
                                    }
                                    return "late";
                                }));
        assertTrue(fault.getMessage().contains("longer than PT0.02S"), fault.getMessage());
        go.countDown();
        done.await();
    }

    @Test
    void whoeverIsToldToStopStops() throws Exception {
        var go = new CountDownLatch(1);
        Thread.currentThread().interrupt();
        assertThrows(
                InterruptedException.class,
                () ->
                        circuit.call(() -> {
                            try {
                                go.await();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                            return "late";
                        }));
        go.countDown();
        assertEquals("yes", circuit.call(() -> "yes"));
    }
}
