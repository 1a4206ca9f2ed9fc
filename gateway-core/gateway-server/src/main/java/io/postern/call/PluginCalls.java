package io.postern.call;

import io.postern.spi.Fault;
import io.postern.spi.Plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
    private static final Logger LOG = LoggerFactory.getLogger(PluginCalls.class);

    /** A call that takes longer than this is told. */
    private static final Duration SLOW = Duration.ofSeconds(5);

    /** For so long, no other slow call of the same plugin is told. */
    private static final Duration QUIET = Duration.ofMinutes(1);

    /**
     * So many calls of one plugin may be left behind, and more where there are many processors.
     * After that it is asked no more until one of them ends.
     */
    private static final int MOST_LEFT =
            Math.max(16, 4 * Runtime.getRuntime().availableProcessors());

    /** How long a plugin may take for its name. */
    private static final Duration LONGEST_NAME = Duration.ofSeconds(5);

    private final Map<Plugin, Tally> tallies = Collections.synchronizedMap(new IdentityHashMap<>());

    /** Those that have not ended since they were left behind, by who made them. */
    private final Map<Object, Tally> behind = new ConcurrentHashMap<>();

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
     * Watches what this thread will call: see {@link Supervised}.
     *
     * @param takeover called by another thread when this one has been left behind, with what the
     *     plugin has failed in; must not block
     */
    public Supervised supervised(Consumer<Fault> takeover) {
        return new Supervised(this, takeover);
    }

    /**
     * Asks on this thread, for as long as it takes.
     *
     * @param doing what is asked, in a word or two
     * @param longest after this time it is counted and logged as a call that does not end
     */
    public <T> T ask(Plugin plugin, String doing, Duration longest, Question<T> question)
            throws Fault, InterruptedException {
        var lasting = new Lasting(new Supervised.Call(plugin, doing, longest));
        Overdue.watch(lasting);
        try {
            return counted(tally(plugin), lasting.call, harmless(question), () -> false);
        } finally {
            lasting.ended();
        }
    }

    /** A call that is waited for. */
    private final class Lasting implements Overdue.Watched {
        private final Supervised.Call call;
        private final Thread thread = Thread.currentThread();

        // Guarded by this.
        private boolean over;
        private boolean counted;

        Lasting(Supervised.Call call) {
            this.call = call;
        }

        @Override
        public synchronized void look(long now) {
            if (!over && !counted && now - call.deadline() >= 0) {
                counted = true;
                var _ = PluginCalls.this.leftBehind(this, call, thread);
            }
        }

        synchronized void ended() {
            over = true;
            Overdue.forget(this);
            if (counted) {
                PluginCalls.this.ended(this);
            }
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
     * Asks within a limit: on this thread where it is {@link Supervised}, else on another one.
     *
     * @param tooLate gets an answer for which nobody waits any more
     * @param left is run when a call has ended for which nobody waits any more
     * @throws Fault temporary, if the time is over, or too many calls of the plugin have not ended
     * @throws LeftBehind if this thread was left behind
     */
    public <T> T askInTime(
            Plugin plugin,
            String doing,
            Duration longest,
            Question<T> question,
            Consumer<T> tooLate,
            Runnable left)
            throws Fault, InterruptedException {
        return inTime(open(plugin), plugin, doing, longest, question, tooLate, left, () -> false);
    }

    /**
     * Asks a plugin that asks others in turn, within the limit: on this thread where it is {@link
     * Supervised}, else on another one. What others take of the call does not count.
     *
     * @param tooLate gets an answer for which nobody waits any more
     * @param othersFault whether it was another who failed, where the call fails
     * @throws Fault temporary, if the time is over, or too many calls of the plugin have not ended
     * @throws LeftBehind if this thread was left behind
     */
    public <T> T askInTime(
            Plugin plugin,
            String doing,
            Question<T> question,
            Consumer<T> tooLate,
            BooleanSupplier othersFault)
            throws Fault, InterruptedException {
        return inTime(open(plugin), plugin, doing, limit, question, tooLate, () -> {}, othersFault);
    }

    private <T> T inTime(
            Tally tally,
            Plugin plugin,
            String doing,
            Duration longest,
            Question<T> question,
            Consumer<T> tooLate,
            Runnable left,
            BooleanSupplier othersFault)
            throws Fault, InterruptedException {
        var current = Supervised.current();
        if (current == null) {
            return aside(tally, plugin, doing, longest, question, tooLate, left);
        }
        var call = new Supervised.Call(plugin, doing, longest);
        return counted(
                tally,
                call,
                () -> current.call(call, harmless(question), tooLate, left),
                othersFault);
    }

    /**
     * Has a plugin close something within the limit, however many of its calls have not ended.
     *
     * @throws Fault temporary, if the time is over
     * @throws LeftBehind if this thread was left behind
     */
    public void closeInTime(Plugin plugin, String doing, Runnable closing)
            throws Fault, InterruptedException {
        Question<Boolean> question =
                () -> {
                    closing.run();
                    return true;
                };
        var _ =
                inTime(
                        tally(plugin),
                        plugin,
                        doing,
                        limit,
                        question,
                        _ -> {},
                        () -> {},
                        () -> false);
    }

    /** Asks on another thread, where this one has something to do when there is no answer. */
    public <T> T askAside(Plugin plugin, String doing, Question<T> question)
            throws Fault, InterruptedException {
        return askAside(plugin, doing, limit, question);
    }

    /** Asks on another thread, within a limit. */
    public <T> T askAside(Plugin plugin, String doing, Duration longest, Question<T> question)
            throws Fault, InterruptedException {
        return aside(open(plugin), plugin, doing, longest, question, _ -> {}, () -> {});
    }

    private <T> T aside(
            Tally tally,
            Plugin plugin,
            String doing,
            Duration longest,
            Question<T> question,
            Consumer<T> tooLate,
            Runnable left)
            throws Fault, InterruptedException {
        var call = new Supervised.Call(plugin, doing, longest);
        var asked = new Asked();
        return Supervised.outside(() ->
                counted(
                        tally,
                        call,
                        () -> {
                            try {
                                return Bounded.ask(
                                        longest,
                                        () -> {
                                            asked.thread = Thread.currentThread();
                                            return harmless(question).answer();
                                        },
                                        tooLate,
                                        () -> {
                                            asked.ended = true;
                                            ended(asked);
                                            left.run();
                                        });
                            } catch (TimeoutException _) {
                                throw leftBehind(asked, call, asked.thread);
                            } catch (ExecutionException e) {
                                throw Bounded.rethrown(e);
                            } catch (InterruptedException e) {
                                behind.put(asked, tally);
                                tally.forsaken();
                                if (asked.ended) {
                                    ended(asked);
                                }
                                throw e;
                            }
                        },
                        () -> false));
    }

    /** What a plugin throws is made harmless while its time runs. */
    private static <T> Question<T> harmless(Question<T> question) {
        return () -> {
            try {
                return question.answer();
            } catch (Throwable e) {
                throw Thrown.again(e);
            }
        };
    }

    /** Who made a call on another thread. */
    private static final class Asked {
        volatile Thread thread;
        volatile boolean ended;
    }

    /**
     * Counts and tells that a call is left behind.
     *
     * @param caller says when it ends with {@link #ended}
     * @param thread that of the call; null where it has not begun
     * @return what the client is to be told of it
     */
    Fault leftBehind(Object caller, Supervised.Call call, Thread thread) {
        var tally = tally(call.plugin());
        behind.put(caller, tally);
        tally.leftBehind(call.doing(), thread);
        return Fault.temporary(
                tally.name + " did not " + call.doing() + " within " + call.limit(), null);
    }

    /** A call that was left behind has ended. */
    void ended(Object caller) {
        var tally = behind.remove(caller);
        if (tally != null) {
            tally.ended();
        }
    }

    private <T> T counted(
            Tally tally, Supervised.Call call, Question<T> question, BooleanSupplier othersFault)
            throws Fault, InterruptedException {
        var begun = nanoTime.getAsLong();
        var failed = true;
        try {
            var answer = question.answer();
            failed = false;
            return answer;
        } catch (LeftBehind e) {
            throw e;
        } catch (InterruptedException e) {
            failed = false; // The session has ended: that is not the plugin's doing.
            throw e;
        } finally {
            tally.add(
                    call.doing(),
                    nanoTime.getAsLong() - begun - call.elsewhere(),
                    failed && !othersFault.getAsBoolean());
        }
    }

    /** A plugin's tally, if it may be asked. */
    private Tally open(Plugin plugin) throws Fault {
        var tally = tally(plugin);
        if (tally.left() >= MOST_LEFT) {
            throw Fault.temporary(
                    tally.name
                            + " is not asked: "
                            + MOST_LEFT
                            + " of its calls have not ended, see what they wait for or compute,"
                            + " and restart the server",
                    null);
        }
        return tally;
    }

    private Tally tally(Plugin plugin) {
        var tally = tallies.get(plugin);
        return tally != null ? tally : tallies.computeIfAbsent(plugin, it -> forName(named(it)));
    }

    /** What a plugin is called, by itself or, where it takes too long for that, by its class. */
    public String name(Plugin plugin) {
        return tally(plugin).name;
    }

    /** Has a plugin called by the name that it was found by. */
    public void name(Plugin plugin, String name) {
        tallies.putIfAbsent(plugin, forName(name));
    }

    private static String named(Plugin plugin) {
        try {
            return Bounded.ask(LONGEST_NAME, plugin::name, _ -> {}, () -> {});
        } catch (TimeoutException | ExecutionException e) {
            LOG.warn("{} does not say its name", plugin.getClass().getName(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return plugin.getClass().getSimpleName();
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

    private Tally forName(String name) {
        return new Tally(name, slow, QUIET, nanoTime);
    }
}
