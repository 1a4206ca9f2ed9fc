package io.postern.lock.file;

import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One lock that this server holds or has lost. Its lock guards its fields, its listeners and what
 * is done with its file; {@link #remaining} takes none.
 */
final class FileLease implements Lease {
    private static final Logger log = LoggerFactory.getLogger(FileLease.class);

    private final FileLocks locks;
    private final MaildropId id;
    private final KeyFolder.Mark mark;
    private final Path file;

    private final ReentrantLock lock = new ReentrantLock();
    private final List<Consumer<Loss>> listeners = new ArrayList<>();

    /** Until when nobody else takes the lock, by this JVM's clock, nanoseconds. */
    private volatile long safeUntil;

    private volatile Loss loss;
    private volatile boolean closed;

    /** Whether the last beat could not touch the file; the heartbeat's thread only. */
    private boolean unreachable;

    FileLease(FileLocks locks, MaildropId id, KeyFolder.Mark mark) {
        this.locks = locks;
        this.id = id;
        this.mark = mark;
        this.file = KeyFolder.lockFile(locks.folder(), id);
        renewed(mark.asked());
    }

    String nonce() {
        return mark.nonce();
    }

    KeyFolder.Mark mark() {
        return mark;
    }

    @Override
    public MaildropId maildrop() {
        return id;
    }

    @Override
    public FencingToken token() {
        return mark.token();
    }

    @Override
    public Duration remaining() {
        var left = safeUntil - System.nanoTime();
        return closed || loss != null || left <= 0 ? Duration.ZERO : Duration.ofNanos(left);
    }

    /**
     * @param asked before the file was touched
     */
    private void renewed(long asked) {
        var ttl = locks.ttl().toNanos();
        safeUntil = asked + ttl - ttl / 6;
    }

    /**
     * Touches the file, unless it has become another's or its time is over. A lease that is being
     * taken up again or let go of in this moment is left to who does that: what is seen of it now
     * may be out of date at once. The next beat comes in good time.
     */
    void beat() {
        if (!lock.tryLock()) {
            return;
        }
        try {
            if (!closed && loss == null) {
                touch();
            }
        } finally {
            lock.unlock();
        }
    }

    private void touch() {
        var asked = System.nanoTime();
        if (asked - safeUntil >= 0) {
            lose(unreachable ? Loss.UNREACHABLE : Loss.EXPIRED);
            return;
        }
        try {
            if (Holder.read(file).nonce().equals(mark.nonce())) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
                // Where this process was stopped since it asked, that time is over already.
                renewed(asked);
                unreachable = false;
            } else {
                lose(Loss.REVOKED);
            }
        } catch (NoSuchFileException e) {
            lose(Loss.REVOKED);
        } catch (IOException e) {
            unreachable = true;
            // The next beat may do better; if none does, its time runs out.
            log.warn("the lock of {} cannot be kept alive in {}", id, file, e);
        }
    }

    void lose(Loss why) {
        lock.lock();
        try {
            if (!closed && loss == null) {
                loss = why;
                log.warn("the lock of {} is lost: {}", id, why);
            }
        } finally {
            lock.unlock();
        }
        tell();
    }

    @Override
    public void onLost(Consumer<Loss> listener) {
        lock.lock();
        try {
            if (!closed) {
                listeners.add(listener);
            }
        } finally {
            lock.unlock();
        }
        tell();
    }

    /** Calls each listener that has not heard of the loss, if there is one. */
    private void tell() {
        lock.lock();
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
            lock.unlock();
        }
    }

    @Override
    public boolean reacquireIfUnclaimed() throws InterruptedException {
        tell(); // whoever is to hear of the loss hears of it before it is undone
        lock.lockInterruptibly();
        try {
            if (closed || locks.stopped()) {
                return false;
            }
            if (loss == null && !remaining().isZero()) {
                return true;
            }
            var asked = System.nanoTime();
            if (!locks.restore(this)) {
                return false;
            }
            renewed(asked);
            loss = null;
            return true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            listeners.clear();
        } finally {
            lock.unlock();
        }
        locks.forget(this);
        locks.free(this);
    }
}
