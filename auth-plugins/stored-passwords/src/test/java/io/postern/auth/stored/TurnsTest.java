package io.postern.auth.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.auth.Standing;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;

@Timeout(60)
class TurnsTest {
    private final Turns turns = new Turns(1);
    private final LinkedBlockingQueue<String> came = new LinkedBlockingQueue<>();
    private final List<Thread> threads = new ArrayList<>();

    /** Comes, and stays until somebody gives the place back. */
    private Thread comes(String name, Standing standing) {
        var before = turns.waiting();
        var thread =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                turns.acquire(standing);
                                came.add(name);
                            } catch (InterruptedException e) {
                                came.add(name + " gave up");
                            }
                        });
        threads.add(thread);
        while (turns.waiting() == before && thread.isAlive()) {
            Thread.onSpinWait();
        }
        return thread;
    }

    private String next() throws InterruptedException {
        turns.release();
        return came.take();
    }

    @Test
    void thoseWhoAreKnownComeBeforeAHundredStrangers() throws InterruptedException {
        comes("first", Standing.STRANGER);
        assertEquals("first", came.take());
        comes("suspect", Standing.SUSPECT);
        for (var count = 0; count < 100; count++) {
            comes("stranger " + count, Standing.STRANGER);
        }
        comes("known", Standing.KNOWN);
        comes("another", Standing.KNOWN);
        assertEquals("known", next());
        assertEquals("another", next());
        assertEquals("stranger 0", next());
    }

    @Test
    void everyFourthPlaceGoesToTheOneWhoHasWaitedLongest() throws InterruptedException {
        comes("first", Standing.STRANGER);
        assertEquals("first", came.take());
        comes("suspect", Standing.SUSPECT);
        for (var count = 0; count < 5; count++) {
            comes("known " + count, Standing.KNOWN);
        }
        assertEquals("known 0", next());
        assertEquals("known 1", next());
        assertEquals("known 2", next());
        assertEquals("suspect", next());
        assertEquals("known 3", next());
    }

    @Test
    void whoIsInterruptedTakesNoPlaceWithIt() throws InterruptedException {
        comes("first", Standing.STRANGER);
        assertEquals("first", came.take());
        var waits = comes("second", Standing.KNOWN);
        waits.interrupt();
        assertEquals("second gave up", came.take());
        assertEquals(0, turns.waiting());
        turns.release();
        assertFalse(comes("third", Standing.SUSPECT).isInterrupted());
        assertEquals("third", came.take());
    }

    @Test
    void ofManyWhoComeAndGiveUpEachPlaceComesBack() throws InterruptedException {
        for (var round = 0; round < 2_000; round++) {
            var thread =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    turns.acquire(Standing.STRANGER);
                                    turns.release();
                                } catch (InterruptedException _) {
                                    // It has no place then.
                                }
                            });
            threads.add(thread);
            if (round % 3 == 0) {
                thread.interrupt();
            }
        }
        for (var thread : threads) {
            thread.join();
        }
        assertTrue(turns.waiting() == 0);
        comes("last", Standing.SUSPECT);
        assertEquals("last", came.take());
    }
}
