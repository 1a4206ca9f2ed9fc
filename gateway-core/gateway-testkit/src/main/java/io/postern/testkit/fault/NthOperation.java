package io.postern.testkit.fault;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lets one operation fail: the nth of those that can fail that way. A test raises n from 1 until a
 * run meets no fault any more.
 *
 * <pre>{@code
 * for (var n = 1; ; n++) {
 *     var nth = new NthOperation(n, Outcome.DISK_FULL);
 *     disk.faults(nth);
 *     ... // do it, then mend the disk and check that nothing is lost
 *     if (!nth.happened()) {
 *         break;
 *     }
 * }
 * }</pre>
 */
public final class NthOperation implements DiskFaults {
    private final long n;
    private final Outcome outcome;
    private final AtomicLong met = new AtomicLong();

    /**
     * @param n from 1
     */
    public NthOperation(long n, Outcome outcome) {
        this.n = n;
        this.outcome = outcome;
    }

    @Override
    public Outcome on(Operation operation, Path path) {
        return outcome.fits(operation) && met.incrementAndGet() == n ? outcome : Outcome.WORKS;
    }

    /** Whether there was an nth operation. */
    public boolean happened() {
        return met.get() >= n;
    }
}
