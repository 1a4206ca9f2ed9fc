package io.postern.auth.stored;

import io.postern.spi.auth.Standing;

import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.concurrent.Semaphore;

/**
 * Places for work that keeps a processor busy. Who waits gets one by {@link Standing}, and in the
 * order of coming among equals; but every fourth goes to the one who has waited longest, so that
 * nobody waits for ever. Any thread.
 */
final class Turns {
    private static final int EVERY = 4;

    /** Who waits: woken through a place of its own. */
    private static final class Waiter extends Semaphore {
        private static final long serialVersionUID = 1;
        private final Standing standing;

        Waiter(Standing standing) {
            super(0);
            this.standing = standing;
        }
    }

    // Guarded by this.
    private final SequencedSet<Waiter> waiting = new LinkedHashSet<>();
    private int free;
    private int handed;

    /**
     * @param places at least 1
     */
    Turns(int places) {
        free = places;
    }

    /** Waits for a place, which {@link #release} gives back. */
    void acquire(Standing standing) throws InterruptedException {
        var self = new Waiter(standing);
        synchronized (this) {
            if (free > 0) {
                free--;
                return;
            }
            waiting.add(self);
        }
        try {
            self.acquire();
        } catch (InterruptedException e) {
            leave(self);
            throw e;
        }
    }

    /** Hands a place to the next one. */
    synchronized void release() {
        if (waiting.isEmpty()) {
            free++;
            return;
        }
        handed++;
        var next =
                handed % EVERY == 0
                        ? waiting.getFirst()
                        : waiting.stream()
                                .min(Comparator.comparing(it -> it.standing))
                                .orElseThrow();
        waiting.remove(next);
        next.release();
    }

    private synchronized void leave(Waiter interrupted) {
        if (!waiting.remove(interrupted)) {
            release(); // it had got a place in this moment
        }
    }

    /** How many wait. */
    synchronized int waiting() {
        return waiting.size();
    }
}
