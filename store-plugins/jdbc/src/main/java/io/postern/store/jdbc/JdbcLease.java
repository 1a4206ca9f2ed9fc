package io.postern.store.jdbc;

import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** One acquisition of one lock. No statement runs while {@link #delivery} is held by this class. */
final class JdbcLease implements Lease {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcLease.class);

    private final JdbcLocks locks;
    private final MaildropId id;
    private final FencingToken token;
    private final String nonce;

    /** Guards what changes, and is held while listeners run. */
    private final ReentrantLock delivery = new ReentrantLock();

    private final List<Consumer<Loss>> listeners = new ArrayList<>();
    private volatile String node;
    private volatile boolean closed;

    /** Null while it is held. */
    private volatile Loss loss;

    /**
     * @param nonce the acquisition's
     * @param node the server's life that it was acquired in
     */
    JdbcLease(JdbcLocks locks, MaildropId id, FencingToken token, String nonce, String node) {
        this.locks = locks;
        this.id = id;
        this.token = token;
        this.nonce = nonce;
        this.node = node;
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
        return closed || loss != null ? Duration.ZERO : locks.remaining(node);
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
    public boolean reacquireIfUnclaimed() {
        if (remaining().isPositive()) {
            return true;
        }
        deliver(); // whoever is to hear of the loss hears of it before it is undone
        if (closed) {
            return false;
        }
        var mine = locks.reacquire(this);
        if (mine.isEmpty()) {
            return false;
        }
        delivery.lock();
        try {
            node = mine.get();
            loss = null;
        } finally {
            delivery.unlock();
        }
        if (closed) {
            locks.release(this); // the other thread's release may have come too early
        }
        locks.recheck(this);
        return remaining().isPositive();
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
        } finally {
            delivery.unlock();
        }
        locks.release(this);
    }

    String nonce() {
        return nonce;
    }

    String node() {
        return node;
    }

    boolean held() {
        return !closed && loss == null;
    }

    /** Tells every listener, unless it was lost before. */
    void lose(Loss reason) {
        loseUnlessOf("", reason);
    }

    /**
     * As {@link #lose}, unless it was taken up again meanwhile, in that life of the server.
     *
     * @param life a life that began after what is told here; empty for none
     */
    void loseUnlessOf(String life, Loss reason) {
        delivery.lock();
        try {
            if (closed || loss != null || node.equals(life)) {
                return;
            }
            loss = reason;
        } finally {
            delivery.unlock();
        }
        deliver();
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
                    LOG.error("a listener failed on the loss of the lock of {}", id, e);
                }
            }
        } finally {
            delivery.unlock();
        }
    }
}
