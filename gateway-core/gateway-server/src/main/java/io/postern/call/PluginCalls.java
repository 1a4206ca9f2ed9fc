package io.postern.call;

import io.postern.spi.Fault;
import io.postern.spi.Plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The calls that sessions make of plugins: counted, timed, and ended where they take too long. What
 * is said of a plugin goes to the logger {@code postern.plugin.} and its name. Any thread.
 */
public final class PluginCalls {
    /** A call that takes longer than this is told. */
    private static final Duration SLOW = Duration.ofSeconds(5);

    /** For so long, no other slow call of the same plugin is told. */
    private static final Duration QUIET = Duration.ofMinutes(1);

    private final Map<Plugin, Tally> tallies = Collections.synchronizedMap(new IdentityHashMap<>());
    private final Duration limit;
    private final Duration slow;
    private final LongSupplier nanoTime;

    /**
     * @param limit how long a call may take that a login waits for; more than zero
     */
    public PluginCalls(Duration limit) {
        this(limit, SLOW, System::nanoTime);
    }

    PluginCalls(Duration limit, Duration slow, LongSupplier nanoTime) {
        this.limit = limit;
        this.slow = slow;
        this.nanoTime = nanoTime;
    }

    /**
     * What is asked of a plugin.
     *
     * @param <T> the answer
     */
    public interface Question<T> {
        T answer() throws Fault, InterruptedException;
    }

    /** The logger for what the server says of a plugin. */
    public static Logger log(String plugin) {
        return LoggerFactory.getLogger("postern.plugin." + plugin);
    }

    /** How long a call may take that a login waits for. */
    public Duration limit() {
        return limit;
    }

    /**
     * Asks on this thread, for as long as it takes.
     *
     * @param doing what is asked, in a word or two
     */
    public <T> T ask(Plugin plugin, String doing, Question<T> question)
            throws Fault, InterruptedException {
        return ask(plugin, doing, question, () -> 0, () -> false);
    }

    /**
     * Asks a plugin that asks others in turn.
     *
     * @param elsewhere nanoseconds that others have taken so far: what they take of this call does
     *     not count
     * @param othersFault whether it was another who failed, where the call fails
     */
    public <T> T ask(
            Plugin plugin,
            String doing,
            Question<T> question,
            LongSupplier elsewhere,
            BooleanSupplier othersFault)
            throws Fault, InterruptedException {
        var begun = nanoTime.getAsLong() - elsewhere.getAsLong();
        var failed = true;
        try {
            var answer = question.answer();
            failed = false;
            return answer;
        } catch (InterruptedException e) {
            failed = false; // The session has ended: that is not the plugin's doing.
            throw e;
        } finally {
            var taken = nanoTime.getAsLong() - elsewhere.getAsLong() - begun;
            count(plugin, doing, taken, failed && !othersFault.getAsBoolean());
        }
    }

    /**
     * Asks, and waits within the limit.
     *
     * @throws Fault temporary, if the time is over
     */
    public <T> T askInTime(Plugin plugin, String doing, Question<T> question)
            throws Fault, InterruptedException {
        return askInTime(plugin, doing, limit, question, _ -> {}, () -> {});
    }

    /**
     * Asks, and waits within a limit. An interrupt of this thread leaves the call behind, too.
     *
     * @param tooLate gets an answer for which nobody waits any more
     * @param left is run when a call has ended for which nobody waits any more
     */
    public <T> T askInTime(
            Plugin plugin,
            String doing,
            Duration longest,
            Question<T> question,
            Consumer<T> tooLate,
            Runnable left)
            throws Fault, InterruptedException {
        return ask(
                plugin,
                doing,
                () -> {
                    try {
                        return Bounded.ask(
                                Thread.ofVirtual().name(plugin.name() + " " + doing),
                                longest,
                                question::answer,
                                tooLate,
                                left);
                    } catch (TimeoutException e) {
                        throw Fault.temporary(
                                plugin.name() + " did not " + doing + " within " + longest, e);
                    } catch (ExecutionException e) {
                        throw Bounded.rethrown(e);
                    }
                });
    }

    /** What a plugin has done so far, in words. */
    public String shown(Plugin plugin) {
        var tally = tallies.get(plugin);
        return tally == null ? "no calls" : tally.toString();
    }

    /** Lets go of a plugin that is called no more. */
    public void forget(Plugin plugin) {
        tallies.remove(plugin);
    }

    private void count(Plugin plugin, String doing, long nanos, boolean failed) {
        var tally = tallies.computeIfAbsent(plugin, _ -> new Tally());
        var unsaid = tally.add(doing, nanos, failed);
        if (unsaid > 0) {
            log(plugin.name())
                    .warn(
                            "slow: {} took {}{}",
                            doing,
                            millis(nanos),
                            unsaid == 1
                                    ? ""
                                    : "; " + (unsaid - 1) + " more calls were slow before");
        }
    }

    private static String millis(long nanos) {
        return nanos / 1_000_000 + " ms";
    }

    /** One plugin's. */
    private final class Tally {
        // Guarded by this.
        private long calls;
        private long failures;
        private long slowest;
        private String slowestDoing = "";
        private long slowUntold;
        private long toldAt;
        private boolean told;

        /** Says how many slow calls are to be told now; 0 for silence. */
        synchronized long add(String doing, long nanos, boolean failed) {
            calls++;
            failures += failed ? 1 : 0;
            if (nanos > slowest) {
                slowest = nanos;
                slowestDoing = doing;
            }
            if (nanos < slow.toNanos()) {
                return 0;
            }
            slowUntold++;
            var now = nanoTime.getAsLong();
            if (told && now - toldAt < QUIET.toNanos()) {
                return 0;
            }
            told = true;
            toldAt = now;
            var telling = slowUntold;
            slowUntold = 0;
            return telling;
        }

        @Override
        public synchronized String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d calls, %d failed, slowest %s (%s)",
                    calls,
                    failures,
                    millis(slowest),
                    slowestDoing);
        }
    }
}
