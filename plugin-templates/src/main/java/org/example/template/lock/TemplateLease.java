package org.example.template.lock;

import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One lock that was given. The coordinator's monitor guards its state; {@link #telling} is held
 * while listeners are called, and is taken first.
 */
final class TemplateLease implements Lease {
    private static final Logger log = LoggerFactory.getLogger(TemplateLease.class);

    /** Time does not end this lock. */
    private static final Duration LONG = Duration.ofDays(365);

    private final Template locks;
    private final MaildropId id;
    private final FencingToken token;
    private final LockOwner owner;

    /** So that a listener is called once, and never after the close. */
    private final ReentrantLock telling = new ReentrantLock();

    private final List<Consumer<Loss>> listeners = new ArrayList<>();

    // Guarded by the coordinator's monitor.
    private boolean held = true;
    private boolean closed;
    private Loss loss;

    TemplateLease(Template locks, MaildropId id, FencingToken token, LockOwner owner) {
        this.locks = locks;
        this.id = id;
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

    LockOwner owner() {
        return owner;
    }

    boolean held() {
        synchronized (locks) {
            return held;
        }
    }

    @Override
    public Duration remaining() {
        return held() ? LONG : Duration.ZERO;
    }

    @Override
    public void onLost(Consumer<Loss> listener) {
        telling.lock();
        try {
            synchronized (locks) {
                if (closed) {
                    return;
                }
            }
            listeners.add(listener);
            tell();
        } finally {
            telling.unlock();
        }
    }

    /** Takes the lock away from its holder; does nothing if that does not hold it any more. */
    void lose(Loss how) {
        synchronized (locks) {
            if (!held) {
                return;
            }
            held = false;
            loss = how;
            locks.freed();
        }
        tell();
    }

    @Override
    public boolean reacquireIfUnclaimed() throws InterruptedException {
        telling.lockInterruptibly();
        try {
            tell(); // whoever is to hear of the loss hears of it before it is undone
            synchronized (locks) {
                if (closed) {
                    return false;
                }
                if (!held && locks.isLatest(this) && !locks.stopped()) {
                    held = true;
                    loss = null;
                }
                return held;
            }
        } finally {
            telling.unlock();
        }
    }

    @Override
    public void close() {
        telling.lock();
        try {
            listeners.clear();
            synchronized (locks) {
                closed = true;
                held = false;
                locks.forget(this);
                locks.freed();
            }
        } finally {
            telling.unlock();
        }
    }

    /** Calls each listener that has not heard of the loss, if there is one. */
    private void tell() {
        telling.lock();
        try {
            Loss how;
            synchronized (locks) {
                how = loss;
            }
            while (how != null && !listeners.isEmpty()) {
                var listener = listeners.removeFirst();
                try {
                    listener.accept(how);
                } catch (RuntimeException e) {
                    log.warn("a listener failed on the loss of the lock of {}", id, e);
                }
            }
        } finally {
            telling.unlock();
        }
    }
}
