package io.postern.session;

import java.util.function.LongSupplier;

/**
 * How long one login attempt has been with others than its mechanism: the policy, the directories,
 * those who wait for their turn. Each of them has a limit of its own, so that time does not count
 * for the mechanism. Any thread.
 */
final class Elsewhere {
    private final LongSupplier nanoTime;

    // Guarded by this.
    private long past;
    private long since;
    private int visits;

    /** Ends with the visit. */
    interface Visit extends AutoCloseable {
        @Override
        void close();
    }

    Elsewhere(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Begins a visit. Those that overlap count once. */
    synchronized Visit visit() {
        if (visits++ == 0) {
            since = nanoTime.getAsLong();
        }
        return this::back;
    }

    /** Nanoseconds of all visits, one that lasts included. */
    synchronized long nanos() {
        return visits == 0 ? past : past + nanoTime.getAsLong() - since;
    }

    private synchronized void back() {
        if (--visits == 0) {
            past += nanoTime.getAsLong() - since;
        }
    }
}
