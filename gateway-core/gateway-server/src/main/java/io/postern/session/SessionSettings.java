package io.postern.session;

import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * What the configuration says about sessions.
 *
 * @param idle autologout: how long a client may be silent; 10 minutes or more, as RFC 1939 §3
 *     demands, unless {@code allowShortIdle}
 * @param allowShortIdle whether an {@code idle} below 10 minutes is meant
 * @param preLogin how long a client may take to log in, counted from the greeting; more than zero.
 *     Below 10 minutes it is a deviation from RFC 1939 §3, and a common defence
 * @param lockWait how long a login waits for another session to let go of the maildrop; 0 to 10 s
 * @param commitLimit how long UPDATE may take until the client hears that it failed; more than zero
 * @param node the server's name among its peers, for locks
 * @param host the host name in the APOP stamp: letters, digits, dots, hyphens and underscores
 */
public record SessionSettings(
        Duration idle,
        boolean allowShortIdle,
        Duration preLogin,
        Duration lockWait,
        Duration commitLimit,
        String node,
        String host) {
    /** Shortest autologout (RFC 1939 §3). */
    public static final Duration SHORTEST_IDLE = Duration.ofMinutes(10);

    /** What {@link io.postern.spi.lock.LockCoordinator#tryAcquire} allows. */
    public static final Duration LONGEST_LOCK_WAIT = Duration.ofSeconds(10);

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,255}");

    public SessionSettings {
        Objects.requireNonNull(node);
        if (idle.compareTo(SHORTEST_IDLE) < 0 && !allowShortIdle) {
            throw new IllegalArgumentException(
                    "the idle time is " + idle + "; RFC 1939 wants at least " + SHORTEST_IDLE);
        }
        requirePositive("idle time", idle);
        requirePositive("login time", preLogin);
        requirePositive("commit time", commitLimit);
        if (lockWait.isNegative() || lockWait.compareTo(LONGEST_LOCK_WAIT) > 0) {
            throw new IllegalArgumentException(
                    "the lock wait is " + lockWait + "; it is 0 to " + LONGEST_LOCK_WAIT);
        }
        if (!HOST.matcher(host).matches()) {
            throw new IllegalArgumentException("no host name for the APOP stamp: " + host);
        }
    }

    /** The usual times: 10 minutes idle, 3 minutes to log in, 2 s for the lock, 60 s to commit. */
    public SessionSettings(String node, String host) {
        this(
                SHORTEST_IDLE,
                false,
                Duration.ofMinutes(3),
                Duration.ofSeconds(2),
                Duration.ofSeconds(60),
                node,
                host);
    }

    private static void requirePositive(String what, Duration time) {
        if (!time.isPositive()) {
            throw new IllegalArgumentException("the " + what + " is " + time);
        }
    }
}
