package io.postern.call;

import io.postern.spi.Fault;
import io.postern.spi.Plugin;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * A thread that calls plugins itself, one call after the other or one within the other, and whose
 * place is taken by another thread where a call does not end in time. So a call costs no change of
 * threads as long as plugins answer.
 *
 * <p>{@link Overdue}'s thread notifies the one that takes the place, while this one is still in the
 * plugin; it is interrupted then. When it comes back it gets {@link LeftBehind}. An object is one
 * thread's; {@link #hurry} may be called by any.
 */
public final class Supervised implements Overdue.Watched {
    /** How long a call may still take when nobody wants its answer any more. */
    private static final Duration HURRY = Duration.ofSeconds(1);

    private static final ThreadLocal<Supervised> CURRENT = new ThreadLocal<>();

    /** In place of a call, for ever: another thread has gone on. */
    private static final Call LEFT = new Call(null, "", Duration.ZERO);

    private final PluginCalls calls;
    private final Consumer<Fault> takeover;
    private final Thread thread = Thread.currentThread();

    /** The innermost call; null outside of all. */
    private final AtomicReference<Call> innermost = new AtomicReference<>();

    private volatile boolean takenOver;
    private volatile boolean hurried;
    private volatile long hurriedAt;

    /** One call, or a time in which the thread waits for others than plugins. */
    static final class Call {
        private final Plugin plugin;
        private final String doing;
        private final Duration limit;
        private final long begun = System.nanoTime();

        /** As System.nanoTime; changed only while a call within this one is the innermost. */
        private long deadline;

        /**
         * @param plugin null where the thread waits for others
         */
        Call(Plugin plugin, String doing, Duration limit) {
            this.plugin = plugin;
            this.doing = doing;
            this.limit = limit;
            deadline = begun + limit.toNanos();
        }

        Plugin plugin() {
            return plugin;
        }

        String doing() {
            return doing;
        }

        Duration limit() {
            return limit;
        }

        long deadline() {
            return deadline;
        }

        /** How long others have taken within it, nanoseconds. */
        long elsewhere() {
            return deadline - begun - limit.toNanos();
        }

        /** The time of a call within this one is not this one's. */
        private Call without(Call inner) {
            deadline += System.nanoTime() - inner.begun;
            return this;
        }
    }

    /** What a supervised thread does. */
    public interface Task {
        void run() throws LeftBehind;
    }

    Supervised(PluginCalls calls, Consumer<Fault> takeover) {
        this.calls = calls;
        this.takeover = takeover;
    }

    /** That of this thread; null where it has none, or has been left behind. */
    static Supervised current() {
        return CURRENT.get();
    }

    /** Does a task on this thread, which ends early where it has been left behind. */
    public void run(Task task) {
        CURRENT.set(this);
        try {
            task.run();
        } catch (LeftBehind _) {
            // Another thread has gone on in its place.
        } finally {
            CURRENT.remove();
        }
    }

    /** Nobody wants an answer any more: a call that does not end soon is left behind. */
    public void hurry() {
        hurriedAt = System.nanoTime();
        hurried = true;
    }

    /**
     * Calls a plugin.
     *
     * @param tooLate gets an answer that came too late, on this thread
     * @param left is run on this thread when a call has ended that was left behind
     */
    <T> T call(Call mine, PluginCalls.Question<T> question, Consumer<T> tooLate, Runnable left)
            throws Fault, InterruptedException {
        var outer = innermost.get();
        enter(outer, mine);
        T answer;
        try {
            answer = question.answer();
        } catch (Throwable e) {
            if (!leave(mine, outer)) {
                left.run();
                throw leftBehind();
            }
            throw e;
        }
        if (!leave(mine, outer)) {
            try {
                if (answer != null) {
                    tooLate.accept(answer);
                }
            } finally {
                left.run();
            }
            throw leftBehind();
        }
        return answer;
    }

    /** Does what waits for others, in a time that is no plugin's. */
    public static <T> T outside(PluginCalls.Question<T> question)
            throws Fault, InterruptedException {
        var current = current();
        return current == null || current.innermost.get() == null
                ? question.answer()
                : current.call(new Call(null, "", Duration.ZERO), question, _ -> {}, () -> {});
    }

    private void enter(Call outer, Call mine) throws LeftBehind {
        if (!innermost.compareAndSet(outer, mine)) {
            awaitTakenOver();
            throw leftBehind();
        }
        if (outer == null) {
            Overdue.watch(this);
        }
    }

    private boolean leave(Call mine, Call outer) {
        if (innermost.compareAndSet(mine, outer == null ? null : outer.without(mine))) {
            if (outer == null) {
                Overdue.forget(this);
            }
            return true;
        }
        awaitTakenOver();
        return false;
    }

    /** So that no interrupt meets what this thread does next. */
    private void awaitTakenOver() {
        while (!takenOver) {
            Thread.onSpinWait();
        }
        if (CURRENT.get() == this) {
            CURRENT.remove();
            calls.ended(this);
        }
        var _ = Thread.interrupted();
    }

    private static LeftBehind leftBehind() {
        return new LeftBehind("another thread has gone on");
    }

    @Override
    public void look(long now) {
        var call = innermost.get();
        if (call == null || call.plugin() == null) {
            return;
        }
        var over = hurried && now - hurriedAt >= HURRY.toNanos();
        if ((over || now - call.deadline() >= 0) && innermost.compareAndSet(call, LEFT)) {
            Overdue.forget(this);
            var fault = calls.leftBehind(this, call, thread);
            thread.interrupt();
            takenOver = true;
            takeover.accept(fault);
        }
    }
}
