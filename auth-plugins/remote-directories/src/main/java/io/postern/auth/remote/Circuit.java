package io.postern.auth.remote;

import io.postern.spi.Fault;
import io.postern.spi.SettingException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/**
 * The way to one server. A question has an end, is put once more where that is safe, and is not put
 * at all for a while after several in a row had no answer: whoever logs in then hears at once that
 * it is an outage, and the server can recover. Any number of threads.
 */
public final class Circuit {
    private static final Logger log = LoggerFactory.getLogger(Circuit.class);

    /** This many questions in a row without an answer open the circuit. */
    static final int FAILURES = 5;

    /** How long it is then open; afterwards one question tries. */
    static final Duration PAUSE = Duration.ofSeconds(10);

    private final String server;
    private final Duration limit;
    private final LongSupplier nanoTime;

    private final Object lock = new Object();
    private int failures;
    private long openUntil;

    /** Null after an answer. */
    private Outage last;

    /** What is asked. */
    @FunctionalInterface
    public interface Question<T> {
        /** Runs on a thread of its own, which nobody interrupts. */
        T ask() throws Outage, Fault;
    }

    /**
     * @param server by which the log calls it
     * @param limit how long one question may take, with its repetition
     */
    public Circuit(String server, Duration limit) {
        this(server, limit, System::nanoTime);
    }

    Circuit(String server, Duration limit, LongSupplier nanoTime) {
        this.server = server;
        this.limit = limit;
        this.nanoTime = nanoTime;
    }

    /**
     * Puts a question.
     *
     * @throws Fault that may pass, if there is no answer; or the question's own
     * @throws InterruptedException if the caller is told to stop; the question then ends by itself
     */
    public <T> T call(Question<T> question) throws Fault, InterruptedException {
        enter();
        try {
            var answer = apart(question);
            answered();
            return answer;
        } catch (Outage e) {
            failed(e);
            throw e.mistake().isPresent()
                    ? Fault.permanent(words(e), e)
                    : Fault.temporary(words(e), e);
        } catch (Fault e) {
            answered();
            throw e;
        }
    }

    /**
     * Puts a question when the directory starts, so that the operator hears early what is wrong. A
     * server that gives no answer may start later than this one: the log tells, and the directory
     * starts all the same.
     *
     * @throws SettingException if a setting has to be mended: that of the outage, or the cause of
     *     the question's own fault
     * @throws Fault the question's own
     */
    public void first(Question<?> question) throws Fault, InterruptedException {
        try {
            var _ = call(question);
        } catch (Fault e) {
            if (e.getCause() instanceof SettingException mistake) {
                throw mistake;
            }
            if (!(e.getCause() instanceof Outage outage)) {
                throw e;
            }
            if (outage.mistake().isPresent()) {
                throw outage.mistake().get();
            }
            log.warn(
                    "{} cannot be asked yet, and is asked again at each login: {}",
                    server,
                    Fault.words(outage));
            log.debug("{} cannot be asked yet", server, e);
        }
    }

    /** What a directory says of its health: empty while the last question had an answer. */
    public Optional<String> trouble() {
        synchronized (lock) {
            return Optional.ofNullable(last).map(this::words);
        }
    }

    private void enter() throws Fault {
        synchronized (lock) {
            if (failures < FAILURES) {
                return;
            }
            long left = openUntil - nanoTime.getAsLong();
            if (left > 0) {
                throw new Fault(
                        last.mistake().isPresent() ? Fault.Kind.PERMANENT : Fault.Kind.TEMPORARY,
                        words(last)
                                + "; after "
                                + failures
                                + " times in a row it is left alone for "
                                + Duration.ofNanos(left).truncatedTo(ChronoUnit.MILLIS));
            }
            // This one tries; the others wait for what comes of it.
            openUntil = nanoTime.getAsLong() + Math.max(PAUSE.toNanos(), limit.toNanos());
        }
    }

    private void answered() {
        synchronized (lock) {
            if (failures >= FAILURES) {
                log.info("{} answers again", server);
            }
            failures = 0;
            last = null;
        }
    }

    private void failed(Outage outage) {
        synchronized (lock) {
            failures++;
            last = outage;
            openUntil = nanoTime.getAsLong() + PAUSE.toNanos();
            if (failures == FAILURES) {
                log.warn(
                        "{}; after {} times in a row it is left alone for {}",
                        words(outage),
                        failures,
                        PAUSE);
            }
        }
    }

    /** The outage and what is behind it. */
    private String words(Outage outage) {
        return outage.mistake().isPresent()
                ? Fault.words(outage)
                : server + " gave no answer: " + Fault.words(outage);
    }

    /** An interrupt would close a connection, or a database's file, in the middle of its work. */
    private <T> T apart(Question<T> question) throws Outage, Fault, InterruptedException {
        var task =
                new FutureTask<T>(() -> {
                    try {
                        return question.ask();
                    } catch (Outage e) {
                        if (!e.again()) {
                            throw e;
                        }
                        log.debug("{} is asked once more", server, e);
                        return question.ask();
                    }
                });
        Thread.ofVirtual().name("directory").start(task);
        try {
            return task.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            throw new Outage("it took longer than " + limit, false, null);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Outage failed -> throw failed;
                case Fault failed -> throw failed;
                case RuntimeException failed -> throw failed;
                case Error failed -> throw failed;
                case Throwable failed -> throw new IllegalStateException(failed);
            }
        }
    }
}
