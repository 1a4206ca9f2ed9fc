package org.example.template.lock;

import io.postern.spi.PluginConfig;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Gives each maildrop to one session at a time, within this process. For locks that servers share,
 * keep in a place that all of them see what stands in {@link #latest} here.
 *
 * <p>This object's monitor guards all of it. Listeners are called without it.
 */
public final class Template implements LockCoordinator {
    private final Map<MaildropId, TemplateLease> latest = new HashMap<>();
    private long generation;
    private long counter;
    private boolean stopped;

    /** Tokens must grow over restarts: here the clock sees to that. */
    @Override
    public synchronized void start(PluginConfig config) {
        generation = System.currentTimeMillis();
    }

    @Override
    public Scope scope() {
        return Scope.JVM;
    }

    @Override
    public synchronized Acquisition tryAcquire(MaildropId id, LockOwner owner, Duration maxWait)
            throws InterruptedException {
        var until = System.nanoTime() + maxWait.toNanos();
        while (!stopped) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            var holder = latest.get(id);
            if (holder == null || !holder.held()) {
                var lease =
                        new TemplateLease(this, id, new FencingToken(generation, ++counter), owner);
                latest.put(id, lease);
                return new Acquisition.Acquired(lease);
            }
            var left = until - System.nanoTime();
            if (left <= 0) {
                return new Acquisition.Busy(holder.owner());
            }
            TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
        }
        return new Acquisition.Unavailable("the server is stopping", null);
    }

    @Override
    public void revoke(MaildropId id) {
        TemplateLease holder;
        synchronized (this) {
            holder = latest.get(id);
        }
        if (holder != null) {
            holder.lose(Lease.Loss.REVOKED);
        }
    }

    @Override
    public void close() {
        List<TemplateLease> all;
        synchronized (this) {
            stopped = true;
            all = List.copyOf(latest.values());
            notifyAll();
        }
        all.forEach(lease -> lease.lose(Lease.Loss.SHUTDOWN));
    }

    // For the leases, which hold this monitor when they call.

    boolean stopped() {
        return stopped;
    }

    boolean isLatest(TemplateLease lease) {
        return latest.get(lease.maildrop()) == lease;
    }

    /** The lock is free. */
    void freed() {
        notifyAll();
    }

    /** Nobody can take this lease up again. */
    void forget(TemplateLease lease) {
        latest.remove(lease.maildrop(), lease);
    }
}
