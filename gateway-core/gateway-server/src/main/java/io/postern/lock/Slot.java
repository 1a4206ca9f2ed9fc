package io.postern.lock;

import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The lock of one maildrop. Lock order: the delivery lock of a lease, then {@link #lock}, then the
 * map's; listeners are called with the first alone.
 */
final class Slot {
    private static final Logger log = LoggerFactory.getLogger(Slot.class);

    /** What {@link Lease#remaining} says of a lock that time does not end. */
    private static final Duration LONG = Duration.ofDays(365);

    final MaildropId id;

    /** Callers that wait, and leases that are not closed; guarded by the map. */
    int users;

    private final LocalLocks locks;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition freed = lock.newCondition();
    private volatile LocalLease holder;
    private LocalLease latest;

    Slot(LocalLocks locks, MaildropId id) {
        this.locks = locks;
        this.id = id;
    }

    Acquisition acquire(LockOwner owner, Duration maxWait) throws InterruptedException {
        var left = maxWait.toNanos();
        lock.lockInterruptibly();
        try {
            while (!locks.stopped()) {
                if (holder == null) {
                    latest = new LocalLease(locks.nextToken(), owner);
                    holder = latest;
                    return new Acquisition.Acquired(latest);
                }
                if (left <= 0) {
                    return new Acquisition.Busy(holder.owner);
                }
                left = freed.awaitNanos(left);
            }
            return new Acquisition.Unavailable("the server is stopping", null);
        } finally {
            lock.unlock();
        }
    }

    void revoke(Lease.Loss loss) {
        LocalLease lost;
        lock.lock();
        try {
            lost = holder;
            holder = null;
            if (lost != null) {
                lost.loss = loss;
            }
            if (loss == Lease.Loss.SHUTDOWN) {
                freed.signalAll();
            } else {
                freed.signal();
            }
        } finally {
            lock.unlock();
        }
        if (lost != null) {
            lost.deliver();
        }
    }

    private final class LocalLease implements Lease {
        private final FencingToken token;
        private final LockOwner owner;

        /** Guards the two below, and is held while listeners run. */
        private final ReentrantLock delivery = new ReentrantLock();

        private final List<Consumer<Loss>> listeners = new ArrayList<>();
        private boolean closed;

        /** Null while it is held; written under the slot's lock. */
        private volatile Loss loss;

        LocalLease(FencingToken token, LockOwner owner) {
            this.token = token;
            this.owner = owner;
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
            return holder == this ? LONG : Duration.ZERO;
        }

        @Override
        public void onLost(Consumer<Loss> listener) {
            delivery.lock();
            try {
                if (!closed) {
                    listeners.add(listener);
                }
            } finally {
                delivery.unlock();
            }
            deliver();
        }

        @Override
        public boolean reacquireIfUnclaimed() throws InterruptedException {
            deliver(); // whoever is to hear of the loss hears of it before it is undone
            delivery.lockInterruptibly();
            try {
                if (closed) {
                    return false;
                }
                lock.lock();
                try {
                    if (holder == null && latest == this && !locks.stopped()) {
                        holder = this;
                        loss = null;
                    }
                    return holder == this;
                } finally {
                    lock.unlock();
                }
            } finally {
                delivery.unlock();
            }
        }

        @Override
        public void close() {
            delivery.lock();
            try {
                if (closed) {
                    return;
                }
                closed = true;
                listeners.clear();
                lock.lock();
                try {
                    if (holder == this) {
                        holder = null;
                        freed.signal();
                    }
                } finally {
                    lock.unlock();
                }
            } finally {
                delivery.unlock();
            }
            locks.leave(Slot.this);
        }

        /** Calls each listener that has not heard of the loss, if there is one. */
        private void deliver() {
            delivery.lock();
            try {
                while (loss != null && !listeners.isEmpty()) {
                    var listener = listeners.removeFirst();
                    try {
                        listener.accept(loss);
                    } catch (RuntimeException e) {
                        log.error("a listener failed on the loss of the lock of {}", id, e);
                    }
                }
            } finally {
                delivery.unlock();
            }
        }
    }
}
