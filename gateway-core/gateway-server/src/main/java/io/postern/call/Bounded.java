package io.postern.call;

import io.postern.spi.Fault;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A call of a plugin that must end in time. It runs on a thread of its own, which is left behind
 * where it does not: interrupted, and with nobody who waits for it any more.
 *
 * <p>An object is one call. Who has asked looks for its end with {@link #answer}; {@link Overdue}
 * wakes it when the time is over.
 *
 * @param <T> the answer
 */
public final class Bounded<T> {
    private enum Outcome {
        ENDED,
        LEFT_BEHIND
    }

    private final Question<T> question;
    private final Consumer<T> tooLate;
    private final Runnable left;
    private final LongSupplier elsewhere;
    private final Thread asking = Thread.currentThread();
    private final AtomicReference<Outcome> outcome = new AtomicReference<>();

    // Written before the outcome.
    private T answer;
    private Throwable failure;

    private volatile boolean overdue;

    private Bounded(
            Question<T> question, Consumer<T> tooLate, Runnable left, LongSupplier elsewhere) {
        this.question = question;
        this.tooLate = tooLate;
        this.left = left;
        this.elsewhere = elsewhere;
    }

    /**
     * What is asked.
     *
     * @param <T> the answer
     */
    public interface Question<T> {
        T answer() throws Exception;
    }

    /** Asks on a virtual thread. */
    public static <T> T ask(String thread, Duration limit, Question<T> question)
            throws TimeoutException, ExecutionException, InterruptedException {
        return ask(Thread.ofVirtual().name(thread), limit, question, _ -> {}, () -> {});
    }

    /**
     * Asks, and waits within the limit.
     *
     * @param thread on which the question is put
     * @param limit it may take up to {@link Overdue#LOOK} more
     * @param tooLate gets an answer that comes after nobody waits any more
     * @param left is run when the question has ended and nobody waits any more
     * @throws TimeoutException when the time is over; the thread was interrupted
     * @throws ExecutionException with what the question has thrown
     * @throws InterruptedException if the caller was interrupted, also where an answer was there:
     *     it goes the way of one that is too late
     */
    public static <T> T ask(
            Thread.Builder thread,
            Duration limit,
            Question<T> question,
            Consumer<T> tooLate,
            Runnable left)
            throws TimeoutException, ExecutionException, InterruptedException {
        return ask(thread, limit, question, tooLate, left, () -> 0);
    }

    /**
     * Asks as above, for a question that waits for others.
     *
     * @param elsewhere how long it has waited for those who keep limits of their own, nanoseconds:
     *     so much longer than the limit it may take. Asked by another thread; must not block
     */
    public static <T> T ask(
            Thread.Builder thread,
            Duration limit,
            Question<T> question,
            Consumer<T> tooLate,
            Runnable left,
            LongSupplier elsewhere)
            throws TimeoutException, ExecutionException, InterruptedException {
        var call = new Bounded<>(question, tooLate, left, elsewhere);
        var worker = thread.unstarted(call::run);
        Overdue.watch(call, limit);
        try {
            worker.start();
            return call.answer(worker, limit);
        } finally {
            Overdue.forget(call);
        }
    }

    /** How much longer it may take, nanoseconds, than its limit says. */
    long elsewhere() {
        return elsewhere.getAsLong();
    }

    /** The one who asks has waited for long enough. Any thread. */
    void overdue() {
        overdue = true;
        LockSupport.unpark(asking);
    }

    private void run() {
        try {
            answer = question.answer();
        } catch (Throwable e) {
            failure = e;
        }
        if (outcome.compareAndSet(null, Outcome.ENDED)) {
            LockSupport.unpark(asking);
        } else {
            letGo();
        }
    }

    private T answer(Thread worker, Duration limit)
            throws TimeoutException, ExecutionException, InterruptedException {
        while (outcome.get() == null) {
            if (Thread.interrupted()) {
                throw leaves(worker, new InterruptedException("while a plugin was asked"));
            }
            if (overdue) {
                // It may have ended in this moment: then its answer is there, and is not lost.
                if (outcome.compareAndSet(null, Outcome.LEFT_BEHIND)) {
                    worker.interrupt();
                    throw new TimeoutException("no answer within " + limit);
                }
            } else {
                LockSupport.park(this);
            }
        }
        if (Thread.interrupted()) {
            throw leaves(worker, new InterruptedException("the answer came with an interrupt"));
        }
        if (failure != null) {
            throw new ExecutionException(failure);
        }
        return answer;
    }

    private InterruptedException leaves(Thread worker, InterruptedException why) {
        if (outcome.compareAndSet(null, Outcome.LEFT_BEHIND)) {
            worker.interrupt();
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
