package io.postern.limit;

import io.postern.spi.auth.Standing;

import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Counts the clients of one listener, and says who has to stay outside. Any thread. */
public final class Gate {
    /**
     * Connections over the limit that are told so at a time. More are closed without a word: an
     * answer costs a handshake where the listener speaks TLS.
     */
    private static final int ANSWERED = 64;

    /** How long a login waits for others to be judged. */
    private static final Duration LOGIN_WAIT = Duration.ofSeconds(10);

    private final String listener;
    private final ListenerLimits limits;
    private final Networks trusted;
    private final Refusals refusals;
    private final Duration loginWait;
    private final Semaphore logins;
    private final Semaphore unknownLogins;
    private final Semaphore suspectLogins;

    // Guarded by this.
    private final Map<Prefix, Integer> byAddress = new HashMap<>();
    private int connections;
    private int answered;

    /** What becomes of a connection. */
    public enum Admission {
        ADMITTED,
        /** It is to be told that it may not stay. */
        TURNED_AWAY,
        /** It is to be closed without a word. */
        SHUT_OUT
    }

    /** One connection's place. */
    public final class Entry implements AutoCloseable {
        private final Admission admission;
        private final Prefix prefix;
        private boolean left;

        Entry(Admission admission, Prefix prefix) {
            this.admission = admission;
            this.prefix = prefix;
        }

        public Admission admission() {
            return admission;
        }

        /** Whose it is. */
        public Gate gate() {
            return Gate.this;
        }

        /** The client is gone. Idempotent. */
        @Override
        public void close() {
            synchronized (Gate.this) {
                if (left) {
                    return;
                }
                left = true;
                switch (admission) {
                    case ADMITTED -> {
                        connections--;
                        byAddress.computeIfPresent(
                                prefix, (_, count) -> count == 1 ? null : count - 1);
                    }
                    case TURNED_AWAY -> answered--;
                    case SHUT_OUT -> {}
                }
            }
        }
    }

    /** A login that is being judged. */
    public interface Turn extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * @param listener for the log
     * @param trusted networks whose clients are not counted by address
     */
    public Gate(String listener, ListenerLimits limits, Networks trusted, Refusals refusals) {
        this(listener, limits, trusted, refusals, LOGIN_WAIT);
    }

    Gate(
            String listener,
            ListenerLimits limits,
            Networks trusted,
            Refusals refusals,
            Duration loginWait) {
        this.listener = listener;
        this.limits = limits;
        this.trusted = trusted;
        this.refusals = refusals;
        this.loginWait = loginWait;
        logins = new Semaphore(limits.logins(), true);
        // A quarter is for those who have logged in before: guesses that come all at once are
        // strangers until the first of them has failed.
        unknownLogins = new Semaphore(Math.max(1, limits.logins() * 3 / 4), true);
        // To check a password takes a processor: half of them are for clients of good repute.
        suspectLogins = new Semaphore(suspects(limits.logins()), true);
    }

    /** One of usual limits, which trusts everybody. */
    public static Gate open() {
        return new Gate(
                "-", ListenerLimits.USUAL, Networks.parse("0.0.0.0/0 ::/0"), new Refusals());
    }

    private static int suspects(int logins) {
        var processors = Runtime.getRuntime().availableProcessors();
        return Math.max(1, Math.min(logins, processors) / 2);
    }

    public ListenerLimits limits() {
        return limits;
    }

    /** A connection has come. Whatever becomes of it, the entry is closed when it is gone. */
    public Entry admit(InetAddress client) {
        var prefix = Prefix.of(client);
        Limit reached;
        Entry entry;
        synchronized (this) {
            reached = reached(client, prefix);
            if (reached == null) {
                connections++;
                byAddress.merge(prefix, 1, Integer::sum);
                return new Entry(Admission.ADMITTED, prefix);
            }
            if (answered < ANSWERED) {
                answered++;
                entry = new Entry(Admission.TURNED_AWAY, prefix);
            } else {
                entry = new Entry(Admission.SHUT_OUT, prefix);
            }
        }
        refused(reached, client);
        return entry;
    }

    private Limit reached(InetAddress client, Prefix prefix) {
        if (connections >= limits.connections()) {
            return Limit.CONNECTIONS;
        }
        if (byAddress.getOrDefault(prefix, 0) >= limits.connectionsPerAddress()
                && !trusted.contains(client)) {
            return Limit.CONNECTIONS_PER_ADDRESS;
        }
        return null;
    }

    /**
     * Waits until a login may be judged. Blocks for ten seconds at most.
     *
     * @param standing strangers do not have all places, suspects but a few
     * @return closed when it is judged; null where there was no place
     */
    public Turn turn(InetAddress client, Standing standing) throws InterruptedException {
        var needed =
                switch (standing) {
                    case KNOWN -> List.of(logins);
                    case STRANGER -> List.of(unknownLogins, logins);
                    case SUSPECT -> List.of(suspectLogins, unknownLogins, logins);
                };
        var end = System.nanoTime() + loginWait.toNanos();
        var taken = 0;
        try {
            for (var places : needed) {
                if (!places.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    break;
                }
                taken++;
            }
        } finally {
            if (taken < needed.size()) {
                needed.subList(0, taken).forEach(Semaphore::release);
            }
        }
        if (taken < needed.size()) {
            refused(Limit.LOGINS, client);
            return null;
        }
        return () -> needed.forEach(Semaphore::release);
    }

    /** Counts and logs that a client ran into one of the limits. */
    public void refused(Limit limit, InetAddress client) {
        var set =
                switch (limit) {
                    case CONNECTIONS -> limits.connections();
                    case CONNECTIONS_PER_ADDRESS -> limits.connectionsPerAddress();
                    case SESSIONS_PER_USER -> limits.sessionsPerUser();
                    case SESSIONS_PER_USER_AND_ADDRESS -> limits.sessionsPerUserAndAddress();
                    case LOGINS -> limits.logins();
                    case BAD_COMMANDS -> limits.badCommands();
                    case BAD_COMMANDS_BEFORE_LOGIN -> limits.badCommandsBeforeLogin();
                    case OCTETS_BEFORE_LOGIN -> limits.octetsBeforeLogin();
                    case LINES_BEFORE_LOGIN -> limits.linesBeforeLogin();
                    case PROXY_PROTOCOL, OTHER_PROTOCOL, OPEN_FILES, POLICY ->
                            throw new IllegalArgumentException("" + limit);
                };
        refused(limit, client, "it is set to " + set);
    }

    /**
     * Counts and logs another refusal.
     *
     * @param why nothing that a client has said
     */
    public void refused(Limit limit, InetAddress client, String why) {
        var _ = refusals.refused(limit, listener, client, why);
    }

    /** Connections that are there now, without those that are turned away. */
    public synchronized int connections() {
        return connections;
    }
}
