package io.postern.call;

import io.postern.spi.Fault;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A call of a plugin that must end in time. It runs on a thread of its own, which is left behind
 * where it does not: interrupted, and with nobody who waits for it any more.
 *
 * <p>An object is one call. Who has asked looks for its end with {@link #answer}; {@link Overdue}
 * wakes it when the time is over.
 *
 * @param <T> the answer
 */
public final class Bounded<T> implements Overdue.Watched {
    private enum Outcome {
        ENDED,
        LEFT_BEHIND
    }

    private final Question<T> question;
    private final Consumer<T> tooLate;
    private final Runnable left;
    private final long until;
    private final Thread asking = Thread.currentThread();
    private final AtomicReference<Outcome> outcome = new AtomicReference<>();

    // Written before the outcome.
    private T answer;
    private Throwable failure;

    private volatile boolean overdue;

    /** That of the question, once it has begun. */
    private volatile Thread worker;

    private volatile boolean interrupted;

    private Bounded(Question<T> question, Consumer<T> tooLate, Runnable left, Duration limit) {
        this.question = question;
        this.tooLate = tooLate;
        this.left = left;
        this.until = System.nanoTime() + limit.toNanos();
    }

    /**
     * What is asked.
     *
     * @param <T> the answer
     */
    public interface Question<T> {
        T answer() throws Exception;
    }

    /**
     * Asks on one of {@link Workers}, and waits within the limit.
     *
     * @param limit it may take up to {@link Overdue#LOOK} more
     * @param tooLate gets an answer that comes after nobody waits any more
     * @param left is run when the question has ended and nobody waits any more
     * @throws TimeoutException when the time is over; the thread was interrupted
     * @throws ExecutionException with what the question has thrown
     * @throws InterruptedException if the caller was interrupted, also where an answer was there:
     *     it goes the way of one that is too late
     */
    public static <T> T ask(
            Duration limit, Question<T> question, Consumer<T> tooLate, Runnable left)
            throws TimeoutException, ExecutionException, InterruptedException {
        return ask(Workers::run, limit, question, tooLate, left);
    }

    /**
     * Asks as above, on a thread of its own.
     *
     * @param thread on which the question is put
     */
    public static <T> T ask(
            Thread.Builder thread,
            Duration limit,
            Question<T> question,
            Consumer<T> tooLate,
            Runnable left)
            throws TimeoutException, ExecutionException, InterruptedException {
        return ask(task -> thread.start(task), limit, question, tooLate, left);
    }

    private static <T> T ask(
            Executor threads,
            Duration limit,
            Question<T> question,
            Consumer<T> tooLate,
            Runnable left)
            throws TimeoutException, ExecutionException, InterruptedException {
        var call = new Bounded<>(question, tooLate, left, limit);
        Overdue.watch(call);
        try {
            threads.execute(call::run);
            return call.answer(limit);
        } finally {
            Overdue.forget(call);
        }
    }

    /** Wakes the one who asks, where that one has waited for long enough. */
    @Override
    public void look(long now) {
        if (now - until >= 0) {
            overdue = true;
            LockSupport.unpark(asking);
        }
    }

    private void run() {
        worker = Thread.currentThread();
        if (outcome.get() == Outcome.LEFT_BEHIND) {
            worker.interrupt(); // nobody waited for it to begin
        }
        try {
            answer = question.answer();
        } catch (Throwable e) {
            failure = e;
        }
        if (outcome.compareAndSet(null, Outcome.ENDED)) {
            LockSupport.unpark(asking);
        } else {
            // So that the interrupt does not meet what this thread does next.
            while (!interrupted) {
                Thread.onSpinWait();
            }
            var _ = Thread.interrupted();
            letGo();
        }
    }

    private T answer(Duration limit)
            throws TimeoutException, ExecutionException, InterruptedException {
        while (outcome.get() == null) {
            if (Thread.interrupted()) {
                throw leaves(new InterruptedException("while a plugin was asked"));
            }
            if (overdue) {
                // It may have ended in this moment: then its answer is there, and is not lost.
                if (outcome.compareAndSet(null, Outcome.LEFT_BEHIND)) {
                    interrupt();
                    throw new TimeoutException("no answer within " + limit);
                }
            } else {
                LockSupport.park(this);
            }
        }
        if (Thread.interrupted()) {
            throw leaves(new InterruptedException("the answer came with an interrupt"));
        }
        if (failure != null) {
            throw new ExecutionException(failure);
        }
        return answer;
    }

    private void interrupt() {
        var thread = worker;
        if (thread != null) { // else it has not begun, and hears of it as soon as it has ended
            thread.interrupt();
        }
        interrupted = true;
    }

    private InterruptedException leaves(InterruptedException why) {
        if (outcome.compareAndSet(null, Outcome.LEFT_BEHIND)) {
            interrupt();
        } else {
            letGo();
        }
        return why;
    }

    /** What is done where nobody takes the answer. */
    private void letGo() {
        try {
            if (answer != null) {
                tooLate.accept(answer);
            }
        } finally {
            left.run();
        }
    }

    /**
     * Throws what a question has thrown, as itself.
     *
     * @return never
     */
    public static Fault rethrown(ExecutionException e) throws Fault, InterruptedException {
        switch (e.getCause()) {
            case Fault fault -> throw fault;
            case InterruptedException interrupted -> throw interrupted;
            case RuntimeException defect -> throw defect;
            case Error error -> throw error;
            case null, default ->
                    throw new IllegalStateException("no plugin may throw this", e.getCause());
        }
    }
}
