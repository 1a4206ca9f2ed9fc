package io.postern.call;

import io.postern.spi.Fault;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * A call of a plugin that must end in time. It runs on a thread of its own, which is left behind
 * where it does not: interrupted, and with nobody who waits for it any more.
 */
public final class Bounded {
    private enum Outcome {
        TAKEN,
        LEFT_BEHIND
    }

    private Bounded() {}

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
        var outcome = new AtomicReference<Outcome>();
        Callable<T> call =
                () -> {
                    T answer = null;
                    try {
                        answer = question.answer();
                        return answer;
                    } finally {
                        if (!outcome.compareAndSet(null, Outcome.TAKEN)) {
                            if (answer != null) {
                                tooLate.accept(answer);
                            }
                            left.run();
                        }
                    }
                };
        var task = new FutureTask<>(call);
        var worker = thread.start(task);
        try {
            var answer = task.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            if (Thread.interrupted()) {
                throw new InterruptedException("the answer came with an interrupt");
            }
            return answer;
        } catch (TimeoutException e) {
            if (outcome.compareAndSet(null, Outcome.LEFT_BEHIND)) {
                worker.interrupt();
                throw e;
            }
            // It has ended in this moment, so its answer is to be had, and must not be lost.
            return ended(task);
        } catch (InterruptedException e) {
            if (outcome.compareAndSet(null, Outcome.LEFT_BEHIND)) {
                worker.interrupt();
            } else {
                letGo(task, tooLate, left);
            }
            throw e;
        }
    }

    /** What the thread would have done, had it known that nobody takes the answer. */
    private static <T> void letGo(FutureTask<T> task, Consumer<T> tooLate, Runnable left) {
        try {
            var answer = ended(task);
            if (answer != null) {
                tooLate.accept(answer);
            }
        } catch (ExecutionException _) {
            // There is no answer, and nobody who asks why.
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

    private static <T> T ended(FutureTask<T> task) throws ExecutionException {
        var interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
