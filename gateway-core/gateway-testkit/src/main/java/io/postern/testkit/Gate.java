package io.postern.testkit;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Holds callers up until a test opens it; open for good after that. Safe for any thread. */
public final class Gate {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch opened = new CountDownLatch(1);

    /** Lets through whoever waits and whoever comes. */
    public void open() {
        opened.countDown();
    }

    /**
     * Waits until somebody stands at the gate.
     *
     * @throws AssertionError if nobody comes in that time
     */
    public void awaitReached(Duration atMost) throws InterruptedException {
        if (!reached.await(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("nobody came to the gate within " + atMost);
        }
    }

    void pass() throws InterruptedException {
        reached.countDown();
        opened.await();
    }

    /** For streams, which cannot throw {@link InterruptedException}. */
    void passReading() throws InterruptedIOException {
        try {
            pass();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted at a gate");
        }
    }
}
