package io.postern.lock;

import io.postern.spi.PluginConfig;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One holder for each maildrop among all sessions of this process. A lock is lost by {@link
 * #revoke} and at the stop of the server, never by time.
 *
 * <p>Tokens grow over the life of the server's folder: each start has a generation of its own. A
 * maildrop that nobody holds or waits for takes no memory.
 */
public final class LocalLocks implements LockCoordinator {
    private final ConcurrentMap<MaildropId, Slot> slots = new ConcurrentHashMap<>();

    /** One for all maildrops, so that a forgotten one cannot start again from a lower token. */
    private final AtomicLong counter = new AtomicLong();

    private volatile long generation;
    private volatile boolean stopped;

    @Override
    public String name() {
        return "local";
    }

    @Override
    public void start(PluginConfig config) {
        generation = new Generation(config.stateFolder(), Clock.systemUTC()).next();
    }

    @Override
    public Scope scope() {
        return Scope.JVM;
    }

    @Override
    public Acquisition tryAcquire(MaildropId id, LockOwner owner, Duration maxWait)
            throws InterruptedException {
        var slot = use(id);
        Lease lease = null;
        try {
            var outcome = slot.acquire(owner, maxWait);
            if (outcome instanceof Acquisition.Acquired(var acquired)) {
                lease = acquired;
            }
            return outcome;
        } finally {
            if (lease == null) {
                leave(slot);
            }
        }
    }

    @Override
    public void revoke(MaildropId id) {
        var slot = slots.get(id);
        if (slot != null) {
            slot.revoke(Lease.Loss.REVOKED);
        }
    }

    /** Every holder is told; whoever waits is sent away. */
    @Override
    public void close() {
        stopped = true;
        for (var slot : new ArrayList<>(slots.values())) {
            slot.revoke(Lease.Loss.SHUTDOWN);
        }
    }

    boolean stopped() {
        return stopped;
    }

    FencingToken nextToken() {
        return new FencingToken(generation, counter.incrementAndGet());
    }

    /** Slots in memory: for tests. */
    int size() {
        return slots.size();
    }

    private Slot use(MaildropId id) {
        return slots.compute(
                id,
                (key, there) -> {
                    var slot = there == null ? new Slot(this, key) : there;
                    slot.users++;
                    return slot;
                });
    }

    /** The counterpart of {@link #use}: a slot without users is forgotten. */
    void leave(Slot slot) {
        slots.computeIfPresent(slot.id, (key, there) -> --there.users == 0 ? null : there);
    }
}
