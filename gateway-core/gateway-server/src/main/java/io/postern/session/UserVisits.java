package io.postern.session;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.LongSupplier;

/**
 * Which users are here, and when they came last (RFC 2449 §6.5). It knows of this server only, and
 * of nothing before its start. Any thread.
 *
 * <p>The delay runs from one login that succeeded to the next. A session that ends without a QUIT
 * gives its user one more login within the delay: clients that lose the connection, or close it
 * between reading and removing as Outlook does, come back for the rest.
 */
final class UserVisits {
    /** So many visits after which users who may come again are forgotten. */
    private static final int FORGET_AFTER = 1_000;

    /** One user's. */
    private static final class Presence {
        int running;

        /** When the next login may be, as System.nanoTime. */
        long next;

        /** Whether a lost session has been made good for in this delay. */
        boolean forgiven;

        /** Whether one more login is free. */
        boolean free;
    }

    UserVisits(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** What becomes of somebody who comes. */
    enum Answer {
        WELCOME,
        /** As many sessions run as may. */
        TOO_MANY,
        /** The delay is not over. */
        TOO_EARLY
    }

    /**
     * As System.nanoTime. Read with the monitor held: a time from before another login of the same
     * user would lie before that one's, as if a delay were still running.
     */
    private final LongSupplier nanoTime;

    // Guarded by this.
    private final Map<String, Presence> byUser = new HashMap<>();
    private int visits;

    /**
     * One session of one user, from before the lock until after it. Used by one thread at a time.
     */
    final class Visit implements AutoCloseable {
        private final String user;
        private final Answer answer;
        private boolean opened;
        private boolean orderly;
        private boolean over;

        private Visit(String user, Answer answer) {
            this.user = user;
            this.answer = answer;
        }

        Answer answer() {
            return answer;
        }

        /** The login has succeeded. */
        void opened(Duration delay) {
            opened = true;
            synchronized (UserVisits.this) {
                var now = nanoTime.getAsLong();
                var presence = byUser.get(user);
                if (now - presence.next < 0) {
                    presence.free = false;
                } else {
                    presence.next = now + delay.toNanos();
                    presence.forgiven = false;
                }
            }
        }

        /** The client has said QUIT. */
        void orderly() {
            orderly = true;
        }

        /** The lock is free. Idempotent. */
        @Override
        public void close() {
            if (over || answer != Answer.WELCOME) {
                return;
            }
            over = true;
            synchronized (UserVisits.this) {
                var presence = byUser.get(user);
                presence.running--;
                if (opened && !orderly && !presence.forgiven) {
                    presence.forgiven = true;
                    presence.free = true;
                }
            }
        }
    }

    /**
     * A user who has proved who they are wants a session. The caller closes the visit, whatever the
     * answer.
     *
     * @param user not the same text for two users of two realms
     * @param most how many sessions may run at the same time
     */
    synchronized Visit begin(String user, OptionalInt most) {
        var now = nanoTime.getAsLong();
        if (++visits % FORGET_AFTER == 0) {
            byUser.values().removeIf(it -> it.running == 0 && now - it.next >= 0);
        }
        var presence =
                byUser.computeIfAbsent(
                        user,
                        _ -> {
                            var fresh = new Presence();
                            fresh.next = now;
                            return fresh;
                        });
        if (most.isPresent() && presence.running >= most.getAsInt()) {
            return new Visit(user, Answer.TOO_MANY);
        }
        if (now - presence.next < 0 && !presence.free) {
            return new Visit(user, Answer.TOO_EARLY);
        }
        presence.running++;
        return new Visit(user, Answer.WELCOME);
    }
}
