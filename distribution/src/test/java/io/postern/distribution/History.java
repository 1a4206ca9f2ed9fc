package io.postern.distribution;

import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the clients of several servers did and saw, by one clock. Any number of threads write it.
 * {@link HistoryChecker} says whether it may be.
 */
final class History {
    private final Queue<Event> events = new ConcurrentLinkedQueue<>();
    private final AtomicInteger sessions = new AtomicInteger();

    /**
     * One line of it. Every {@code at} is a {@link System#nanoTime}: before the request where the
     * client acts, after the reply where it hears.
     */
    sealed interface Event {
        long at();
    }

    /** What one session did or heard. */
    sealed interface InSession extends Event {
        int session();
    }

    /** A message is in a maildrop, whole, and every later login must see it. */
    record Delivered(long at, String maildrop, String message) implements Event {}

    /** A client is about to send the PASS that asks for a maildrop. */
    record Asked(long at, int session, int server, String maildrop) implements InSession {}

    /** {@code +OK} to that. */
    record Locked(long at, int session) implements InSession {}

    /** {@code -ERR} to that. */
    record Refused(long at, int session, String reply) implements InSession {}

    /** The answer to UIDL, in its order. */
    record Listed(long at, int session, List<String> uniqueIds) implements InSession {}

    /**
     * A message came whole.
     *
     * @param message which of those delivered it is; if it is none of them, what it looks like
     */
    record Retrieved(long at, int session, String uniqueId, String message) implements InSession {}

    /** {@code +OK} to DELE. */
    record Marked(long at, int session, String uniqueId) implements InSession {}

    /** A client is about to send QUIT. */
    record Quitting(long at, int session) implements InSession {}

    /** The answer to QUIT. */
    record Quit(long at, int session, boolean ok) implements InSession {}

    /** A client closes the connection without an answer to QUIT, or has found it closed. */
    record Left(long at, int session) implements InSession {}

    /** A server's process is stopped from now on. */
    record Stopped(long at, int server) implements Event {}

    /** It is about to go on. */
    record Continued(long at, int server) implements Event {}

    /** It is about to be killed. */
    record Killed(long at, int server) implements Event {}

    /** A server said in its log, some time, that it lost the lock of a maildrop by time. */
    record SaidLost(long at, int server, String maildrop) implements Event {}

    void add(Event event) {
        events.add(event);
    }

    /** A number that no other session has. */
    int newSession() {
        return sessions.incrementAndGet();
    }

    /** All of it, in the order of time. */
    List<Event> events() {
        return events.stream().sorted(Comparator.comparingLong(Event::at)).toList();
    }
}
