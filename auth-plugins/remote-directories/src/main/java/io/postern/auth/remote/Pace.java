package io.postern.auth.remote;

import io.postern.spi.Fault;
import io.postern.spi.auth.Verdict;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Holds the answer about a stranger back for as long as one about a user takes: the server may be
 * quicker where it has no password to look at (RFC 1939 §13). Any number of threads.
 */
public final class Pace {
    private static final Verdict UNKNOWN = new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);

    /** How many of the last answers about users are remembered. */
    private static final int REMEMBERED = 64;

    private final long[] nanos = new long[REMEMBERED];
    private int count;

    /** How an answer is found out. */
    @FunctionalInterface
    public interface Question {
        Verdict ask() throws Fault, InterruptedException;
    }

    /** Asks, and waits where the answer is that nobody is known. */
    public Verdict even(Question question) throws Fault, InterruptedException {
        long begun = System.nanoTime();
        var verdict = question.ask();
        long taken = System.nanoTime() - begun;
        if (!verdict.equals(UNKNOWN)) {
            remember(taken);
            return verdict;
        }
        long left = usual() - taken;
        if (left > 0) {
            Thread.sleep(Duration.ofNanos(left));
        }
        return verdict;
    }

    private synchronized void remember(long taken) {
        nanos[count++ % REMEMBERED] = taken;
        count = count == 2 * REMEMBERED ? REMEMBERED : count;
    }

    /** What one of the last answers about a user took, nanoseconds: any of them. */
    private synchronized long usual() {
        return count == 0
                ? 0
                : nanos[ThreadLocalRandom.current().nextInt(Math.min(count, REMEMBERED))];
    }
}
