package io.postern.session;

import io.postern.call.FaultLog;
import io.postern.call.PluginCalls;
import io.postern.engine.Problem;
import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.lock.LockCoordinator;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** What all sessions share: {@link #begin} makes one for each connection. Any thread. */
public final class Sessions {
    private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

    final SessionSettings settings;
    final LockCoordinator locks;
    final Counters counters;
    final UserVisits visits;
    final Tables tables = new Tables();
    final LoginGuard guard;
    final PluginCalls calls;

    /** {@link System#nanoTime}, unless a test has its own. */
    final LongSupplier nanoTime;

    /** Of sessions that begin now. */
    private volatile Ways ways;

    /** Sessions of an earlier run must not come up again in a log. */
    private final String run = Long.toString(System.currentTimeMillis() / 1000, 36);

    private final AtomicLong begun = new AtomicLong();

    /** Sessions that go by the system's monotonic clock. */
    public Sessions(
            SessionSettings settings,
            Ways ways,
            LockCoordinator locks,
            Counters counters,
            LoginGuard guard,
            PluginCalls calls) {
        this(settings, ways, locks, counters, guard, calls, System::nanoTime);
    }

    Sessions(
            SessionSettings settings,
            Ways ways,
            LockCoordinator locks,
            Counters counters,
            LoginGuard guard,
            PluginCalls calls,
            LongSupplier nanoTime) {
        this.settings = settings;
        this.ways = ways;
        this.locks = locks;
        this.counters = counters;
        this.guard = guard;
        this.calls = calls;
        this.nanoTime = nanoTime;
        visits = new UserVisits(nanoTime);
    }

    /**
     * Has the sessions that begin from now on log in by other ways. Not called by two threads at
     * once.
     *
     * @param unused run once, when the last login by the ways until now is over; must not block
     */
    public void change(Ways to, Runnable unused) {
        var before = ways;
        ways = to;
        before.retire(unused);
    }

    /** The ways of this moment, taken. */
    Ways enter() {
        while (true) {
            var now = ways;
            if (now.enter()) {
                return now;
            }
        }
    }

    /** A session for a new connection, which has not heard of it yet. Never blocks. */
    public Session begin(Connection connection) {
        return new Session(
                this, connection, run + "-" + Long.toString(begun.incrementAndGet(), 36));
    }

    /**
     * Logs what a plugin threw, counts it if no contract knows it, and says what the client hears
     * (RFC 3206 §4).
     *
     * @param doing who did what, for the operator
     */
    Problem problem(String doing, Throwable cause) {
        if (cause instanceof Fault fault) {
            FaultLog.warn(LOG, doing, fault);
            return switch (fault.kind()) {
                case TEMPORARY -> Problem.SYS_TEMP;
                case PERMANENT -> Problem.SYS_PERM;
            };
        }
        counters.count(Violation.PLUGIN);
        LOG.error("{}: a plugin broke its contract", doing, cause);
        return Problem.SYS_TEMP;
    }
}
