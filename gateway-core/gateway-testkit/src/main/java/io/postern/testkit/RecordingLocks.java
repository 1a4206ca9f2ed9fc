package io.postern.testkit;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A lock coordinator that counts what the one behind it gives and takes back, and notes it in
 * order. A test adds its own events to the same list, with {@link #note}. Safe for use by several
 * threads.
 */
public final class RecordingLocks implements LockCoordinator {
    private final LockCoordinator locks;
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final AtomicInteger acquired = new AtomicInteger();
    private final AtomicInteger released = new AtomicInteger();

    /**
     * @param locks does the work; closed with this one
     */
    public RecordingLocks(LockCoordinator locks) {
        this.locks = locks;
    }

    /** Leases given. */
    public int acquired() {
        return acquired.get();
    }

    /** Leases closed; a second close does not count. */
    public int released() {
        return released.get();
    }

    /** Leases given and not closed. */
    public int open() {
        return acquired.get() - released.get();
    }

    /**
     * {@code acquired}, {@code busy}, {@code unavailable}, {@code released}, and what was noted.
     */
    public List<String> events() {
        return List.copyOf(events);
    }

    /** Adds an event of the test's own. */
    public void note(String event) {
        events.add(event);
    }

    @Override
    public String name() {
        return locks.name();
    }

    @Override
    public List<Setting> settings() {
        return locks.settings();
    }

    @Override
    public void start(PluginConfig config) throws Fault, InterruptedException {
        locks.start(config);
    }

    @Override
    public void close() {
        locks.close();
    }

    @Override
    public Scope scope() {
        return locks.scope();
    }

    @Override
    public Acquisition tryAcquire(MaildropId id, LockOwner owner, Duration maxWait)
            throws InterruptedException {
        var outcome = locks.tryAcquire(id, owner, maxWait);
        return switch (outcome) {
            case Acquisition.Acquired(var lease) -> {
                acquired.incrementAndGet();
                note("acquired");
                yield new Acquisition.Acquired(new RecordedLease(lease));
            }
            case Acquisition.Busy busy -> {
                note("busy");
                yield busy;
            }
            case Acquisition.Unavailable unavailable -> {
                note("unavailable");
                yield unavailable;
            }
        };
    }

    @Override
    public void revoke(MaildropId id) {
        locks.revoke(id);
    }

    private final class RecordedLease implements Lease {
        private final Lease lease;
        private final AtomicBoolean closed = new AtomicBoolean();

        RecordedLease(Lease lease) {
            this.lease = lease;
        }

        @Override
        public MaildropId maildrop() {
            return lease.maildrop();
        }

        @Override
        public FencingToken token() {
            return lease.token();
        }

        @Override
        public Duration remaining() {
            return lease.remaining();
        }

        @Override
        public void onLost(Consumer<Loss> listener) {
            lease.onLost(listener);
        }

        @Override
        public boolean reacquireIfUnclaimed() throws InterruptedException {
            return lease.reacquireIfUnclaimed();
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                // Noted before it is done: whoever gets the lock next is noted after it.
                released.incrementAndGet();
                note("released");
            }
            lease.close();
        }
    }
}
