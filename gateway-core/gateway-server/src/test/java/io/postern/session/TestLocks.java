package io.postern.session;

import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Counts what is acquired and released. Loses a lock when a test says so. */
final class TestLocks implements LockCoordinator {
    private final List<String> journal;
    private final Map<MaildropId, Held> held = new HashMap<>();
    private long tokens;
    private int acquired;
    private int released;

    /** Whether a lost lock may be taken up again. */
    boolean reacquirable;

    /** Whether leases run out without anybody being told yet. */
    boolean expired;

    /** In place of an honest acquisition, if not null. */
    Supplier<Acquisition> instead;

    Consumer<MaildropId> beforeAcquire = _ -> {};
    Consumer<MaildropId> beforeOnLost = _ -> {};
    Consumer<MaildropId> beforeClose = _ -> {};

    TestLocks(List<String> journal) {
        this.journal = journal;
    }

    @Override
    public Scope scope() {
        return Scope.JVM;
    }

    @Override
    public Acquisition tryAcquire(MaildropId id, LockOwner owner, Duration maxWait) {
        beforeAcquire.accept(id);
        return acquire(id, owner);
    }

    private synchronized Acquisition acquire(MaildropId id, LockOwner owner) {
        journal.add("acquire");
        if (instead != null) {
            return instead.get();
        }
        if (held.containsKey(id)) {
            return new Acquisition.Busy(owner);
        }
        acquired++;
        var lease = new Held(id, new FencingToken(0, ++tokens));
        held.put(id, lease);
        return new Acquisition.Acquired(lease);
    }

    @Override
    public void revoke(MaildropId id) {
        Held lease;
        Consumer<Lease.Loss> listener;
        synchronized (this) {
            lease = held.remove(id);
            lease.lost = true;
            listener = lease.listener;
        }
        listener.accept(Lease.Loss.REVOKED);
    }

    synchronized int acquired() {
        return acquired;
    }

    synchronized int released() {
        return released;
    }

    synchronized boolean free() {
        return held.isEmpty();
    }

    private final class Held implements Lease {
        private final MaildropId id;
        private final FencingToken token;
        private Consumer<Loss> listener;
        private boolean lost;
        private boolean closed;

        Held(MaildropId id, FencingToken token) {
            this.id = id;
            this.token = token;
        }

        @Override
        public MaildropId maildrop() {
            return id;
        }

        @Override
        public FencingToken token() {
            return token;
        }

        @Override
        public Duration remaining() {
            synchronized (TestLocks.this) {
                return lost || expired || closed ? Duration.ZERO : Duration.ofDays(1);
            }
        }

        @Override
        public void onLost(Consumer<Loss> hearing) {
            beforeOnLost.accept(id);
            synchronized (TestLocks.this) {
                listener = hearing;
            }
        }

        @Override
        public boolean reacquireIfUnclaimed() {
            synchronized (TestLocks.this) {
                journal.add("reacquire");
                if (reacquirable && !held.containsKey(id)) {
                    lost = false;
                    held.put(id, this);
                }
                return !lost && !expired;
            }
        }

        @Override
        public void close() {
            beforeClose.accept(id);
            synchronized (TestLocks.this) {
                if (!closed) {
                    closed = true;
                    released++;
                    held.remove(id, this);
                    journal.add("release");
                }
            }
        }
    }
}
