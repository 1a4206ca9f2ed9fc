package io.postern.call;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/** One plugin's calls: counted, and told where they are slow or do not end. Any thread. */
final class Tally {
    /** Of the stack of a thread that is left behind, so many frames are told. */
    private static final int FRAMES = 8;

    final String name;
    private final Duration slow;
    private final Duration quiet;
    private final LongSupplier nanoTime;

    /** Calls that are left behind and have not ended; written with the monitor held. */
    private volatile int left;

    // Guarded by this.
    private long calls;
    private long failures;
    private long slowest;
    private String slowestDoing = "";
    private final Rarely slowCalls = new Rarely();
    private final Rarely leftCalls = new Rarely();

    /** Says a thing once in a while, and how often it has happened since. */
    private final class Rarely {
        private long untold;
        private long toldAt;
        private boolean told;

        /** How many are to be told now; 0 for silence. */
        long oneMore() {
            untold++;
            var now = nanoTime.getAsLong();
            if (told && now - toldAt < quiet.toNanos()) {
                return 0;
            }
            told = true;
            toldAt = now;
            var telling = untold;
            untold = 0;
            return telling;
        }
    }

    /**
     * @param slow a call that takes longer is told
     * @param quiet for so long, nothing of the same kind is told
     */
    Tally(String name, Duration slow, Duration quiet, LongSupplier nanoTime) {
        this.name = name;
        this.slow = slow;
        this.quiet = quiet;
        this.nanoTime = nanoTime;
    }

    /** Calls that are left behind and have not ended. */
    int left() {
        return left;
    }

    /** A call has ended. */
    void add(String doing, long nanos, boolean failed) {
        var telling = 0L;
        synchronized (this) {
            calls++;
            failures += failed ? 1 : 0;
            if (nanos > slowest) {
                slowest = nanos;
                slowestDoing = doing;
            }
            if (nanos >= slow.toNanos()) {
                telling = slowCalls.oneMore();
            }
        }
        if (telling > 0) {
            PluginCalls.log(name)
                    .warn(
                            "slow: {} took {}{}",
                            doing,
                            millis(nanos),
                            telling == 1
                                    ? ""
                                    : "; " + (telling - 1) + " more calls were slow before");
        }
    }

    /**
     * A call is left behind.
     *
     * @param thread that of the call; null where it has not begun
     */
    void leftBehind(String doing, Thread thread) {
        long telling;
        synchronized (this) {
            left++;
            telling = leftCalls.oneMore();
        }
        if (thread != null && !thread.isVirtual()) {
            thread.setName(name + " " + doing + " (left behind)");
        }
        if (telling > 0) {
            PluginCalls.log(name)
                    .warn(
                            "does not end: {}; {} not ended now{}{}",
                            doing,
                            calls(left) + (left == 1 ? " has" : " have"),
                            telling == 1
                                    ? ""
                                    : ", " + telling + " were left behind since this was told last",
                            thread == null ? "" : ". It is at\n" + stack(thread));
        }
    }

    private static String stack(Thread thread) {
        return Arrays.stream(thread.getStackTrace())
                .limit(FRAMES)
                .map(frame -> "    " + frame)
                .collect(Collectors.joining("\n"));
    }

    /** Nobody waits any more for a call that has not ended: its client is gone. */
    synchronized void forsaken() {
        left++;
    }

    /** A call that was left behind has ended. */
    synchronized void ended() {
        left--;
    }

    @Override
    public synchronized String toString() {
        return calls == 0 && left == 0 ? "no calls" : counts();
    }

    private String counts() {
        return String.format(
                        Locale.ROOT,
                        "%d calls, %d failed, slowest %s (%s)",
                        calls,
                        failures,
                        millis(slowest),
                        slowestDoing)
                + (left == 0 ? "" : "; " + calls(left) + " left behind and not ended");
    }

    private static String calls(int number) {
        return number == 1 ? "1 call" : number + " calls";
    }

    private static String millis(long nanos) {
        return nanos / 1_000_000 + " ms";
    }
}
