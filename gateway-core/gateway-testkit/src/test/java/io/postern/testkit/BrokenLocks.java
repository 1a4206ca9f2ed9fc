package io.postern.testkit;

import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One node of a coordinator with every ability that the contract knows, and with one defect. As
 * simple as can be: all nodes share one monitor, and whoever waits looks again and again.
 */
final class BrokenLocks implements LockCoordinator {
    static final Duration TTL = Duration.ofMillis(1500);

    /** How long a stopped node believes that it holds its leases. */
    private static final Duration TRUSTED = TTL.multipliedBy(2).dividedBy(3);

    /** What all nodes see; its monitor guards everything. */
    static final class World {
        final LockDefect defect;
        final Map<String, HeldLease> holders = new HashMap<>();
        final Map<String, FencingToken> latest = new HashMap<>();
        long counter;
        boolean cutOff;

        World(LockDefect defect) {
            this.defect = defect;
        }
    }

    private final World world;
    private final Map<String, HeldLease> own = new HashMap<>();
    private long ownCounter;
    private long stoppedAt;
    private boolean stopped;
    private boolean closed;

    BrokenLocks(World world) {
        this.world = world;
    }

    @Override
    public String name() {
        return "broken";
    }

    @Override
    public Scope scope() {
        return Scope.CLUSTER;
    }

    @Override
    public Acquisition tryAcquire(MaildropId id, LockOwner owner, Duration maxWait)
            throws InterruptedException {
        var wait =
                switch (world.defect) {
                    case DOES_NOT_WAIT -> Duration.ZERO;
                    case WAITS_TOO_LONG -> maxWait.plusMillis(2500);
                    default -> maxWait;
                };
        var deadline = System.nanoTime() + wait.toNanos();
        synchronized (world) {
            while (true) {
                if (closed && !has(LockDefect.GIVES_LOCKS_AFTER_CLOSE)) {
                    return new Acquisition.Unavailable("closed", null);
                }
                if (world.cutOff && !has(LockDefect.WHAT_IS_UNKNOWN_IS_FREE)) {
                    return new Acquisition.Unavailable("cut off", null);
                }
                var holder = holder(key(id));
                if (holder == null
                        || has(LockDefect.GIVES_A_LOCK_TWICE)
                        || (has(LockDefect.IS_REENTRANT) && holder.owner.equals(owner))) {
                    return new Acquisition.Acquired(new HeldLease(id, owner));
                }
                var left = deadline - System.nanoTime();
                if (left <= 0) {
                    return new Acquisition.Busy(
                            has(LockDefect.NAMES_THE_WRONG_HOLDER) ? owner : holder.owner);
                }
                await(id, owner, left);
            }
        }
    }

    private void await(MaildropId id, LockOwner owner, long nanos) throws InterruptedException {
        var millis = Math.max(1, nanos / 1_000_000);
        try {
            if (has(LockDefect.LOOKS_ONLY_AT_THE_END_OF_THE_WAIT)) {
                var deadline = System.nanoTime() + nanos;
                while (System.nanoTime() - deadline < 0) {
                    world.wait(millis);
                }
            }
            world.wait(Math.min(20, millis));
        } catch (InterruptedException e) {
            switch (world.defect) {
                case INTERRUPTS_ARE_IGNORED -> {}
                case AN_INTERRUPTED_WAITER_HOLDS_IT -> {
                    own.remove(key(id));
                    holders().put(key(id), new HeldLease(id, owner));
                    throw e;
                }
                default -> throw e;
            }
        }
    }

    private Map<String, HeldLease> holders() {
        return has(LockDefect.NODES_DO_NOT_SEE_EACH_OTHER) ? own : world.holders;
    }

    /** Whoever holds it and whose node is alive. */
    private HeldLease holder(String key) {
        var holder = holders().get(key);
        if (holder != null && holder.expired() && !has(LockDefect.A_CRASHED_NODE_HOLDS_FOR_EVER)) {
            holders().remove(key);
            holder.lost = Lease.Loss.EXPIRED;
            return null;
        }
        return holder;
    }

    private String key(MaildropId id) {
        return switch (world.defect) {
            case KEYS_IGNORE_CASE -> id.value().toLowerCase(Locale.ROOT);
            case KEYS_ARE_CUT_OFF -> id.value().substring(0, Math.min(1000, id.value().length()));
            case ONE_LOCK_FOR_ALL -> "";
            default -> id.value();
        };
    }

    private FencingToken token(String key) {
        var count =
                switch (world.defect) {
                    case TOKENS_STAND_STILL -> 1;
                    case TOKENS_ARE_COUNTED_BY_EACH_NODE -> ++ownCounter;
                    default -> ++world.counter;
                };
        var token = new FencingToken(0, count);
        world.latest.put(key, token);
        return token;
    }

    @Override
    public void revoke(MaildropId id) {
        HeldLease lost;
        synchronized (world) {
            lost = holders().get(key(id));
            if (lost == null) {
                if (has(LockDefect.REVOKE_FAILS_WHERE_NOBODY_HOLDS_IT)) {
                    throw new IllegalStateException("nobody holds it");
                }
                return;
            }
            if (has(LockDefect.REVOKE_LEAVES_THE_LOCK)
                    || (has(LockDefect.REVOKE_STAYS_ON_ITS_NODE) && lost.node() != this)) {
                return;
            }
            lost.lose(
                    has(LockDefect.REVOKE_SAYS_EXPIRED) ? Lease.Loss.EXPIRED : Lease.Loss.REVOKED);
        }
        if (!has(LockDefect.REVOKE_TELLS_NOBODY)) {
            lost.tell();
        }
    }

    @Override
    public void close() {
        var lost = new ArrayList<HeldLease>();
        synchronized (world) {
            closed = !has(LockDefect.CLOSE_LEAVES_WHO_WAITS);
            for (var holder : List.copyOf(holders().values())) {
                if (holder.node() == this) {
                    holder.lose(Lease.Loss.SHUTDOWN);
                    lost.add(holder);
                }
            }
            if (has(LockDefect.CLOSE_LEAVES_WHO_WAITS)) {
                // Nobody gets in any more, and nobody is told.
                new HeldLease(new MaildropId("contract:alice"), new LockOwner("", "", ""));
            }
        }
        if (!has(LockDefect.CLOSE_TELLS_NOBODY)) {
            lost.forEach(HeldLease::tell);
        }
    }

    /** Sends nothing from now on. */
    void stop() {
        synchronized (world) {
            stopped = true;
            stoppedAt = System.nanoTime();
        }
    }

    /** Goes on, and finds out what it lost. */
    void goOn() {
        var lost = new ArrayList<HeldLease>();
        synchronized (world) {
            for (var lease : List.copyOf(own.values())) {
                if (lease.expired() && lease.lost == null) {
                    lease.lose(Lease.Loss.EXPIRED);
                }
                if (lease.lost != null) {
                    lost.add(lease);
                }
            }
            stopped = false;
        }
        if (!has(LockDefect.A_STOPPED_NODE_HEARS_NOTHING)) {
            lost.forEach(HeldLease::tell);
        }
    }

    private boolean has(LockDefect which) {
        return world.defect == which;
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    final class HeldLease implements Lease {
        private final MaildropId id;
        private final LockOwner owner;
        private final long born = System.nanoTime();
        private final List<Consumer<Loss>> listeners = new ArrayList<>();
        private FencingToken token;
        private Loss lost;
        private boolean released;
        private boolean takenUp;

        HeldLease(MaildropId id, LockOwner owner) {
            this.id = id;
            this.owner = owner;
            this.token = BrokenLocks.this.token(key(id));
            holders().put(key(id), this);
            own.put(key(id), this);
        }

        BrokenLocks node() {
            return BrokenLocks.this;
        }

        boolean expired() {
            return (stopped && since(stoppedAt).compareTo(TTL) > 0)
                    || (has(LockDefect.LEASES_ARE_NOT_KEPT_ALIVE)
                            && since(born).compareTo(TTL) > 0);
        }

        void lose(Loss loss) {
            if (holders().get(key(id)) == this) {
                holders().remove(key(id));
            }
            lost = loss;
            world.notifyAll();
        }

        void tell() {
            var heard = new ArrayList<Consumer<Loss>>();
            synchronized (world) {
                if (lost == null || (takenUp && has(LockDefect.TAKEN_UP_ONCE_IT_HEARS_NOTHING))) {
                    return;
                }
                heard.addAll(listeners);
                if (!has(LockDefect.A_LOSS_IS_TOLD_TWICE)) {
                    listeners.clear();
                }
            }
            for (var listener : heard) {
                try {
                    listener.accept(lost);
                    if (has(LockDefect.A_LOSS_IS_TOLD_TWICE)) {
                        listener.accept(lost);
                    }
                } catch (RuntimeException e) {
                    if (has(LockDefect.A_FAILING_LISTENER_STOPS_THE_REVOKE)) {
                        throw e;
                    }
                }
            }
        }

        @Override
        public MaildropId maildrop() {
            return has(LockDefect.LEASES_NAME_ANOTHER_MAILDROP) ? new MaildropId("x") : id;
        }

        @Override
        public FencingToken token() {
            synchronized (world) {
                if (has(LockDefect.TOKENS_CHANGE_WHILE_HELD)) {
                    token = BrokenLocks.this.token(key(id));
                }
                return token;
            }
        }

        @Override
        public Duration remaining() {
            synchronized (world) {
                if (has(LockDefect.A_LOST_LEASE_SAYS_IT_HOLDS) && lost == Loss.REVOKED) {
                    return TTL;
                }
                if (released || lost != null || holders().get(key(id)) != this) {
                    return stopped && has(LockDefect.A_STOPPED_NODE_BELIEVES_IT_HOLDS)
                            ? TTL
                            : Duration.ZERO;
                }
                if (has(LockDefect.A_STOPPED_NODE_BELIEVES_IT_HOLDS) || !stopped) {
                    return expired() ? Duration.ZERO : TTL;
                }
                var left = TRUSTED.minus(since(stoppedAt));
                return left.isNegative() ? Duration.ZERO : left;
            }
        }

        @Override
        public void onLost(Consumer<Loss> listener) {
            synchronized (world) {
                if (released && !has(LockDefect.A_LOSS_IS_TOLD_AFTER_RELEASE)) {
                    return;
                }
                if (lost != null && has(LockDefect.A_LOSS_IS_NOT_TOLD_AFTERWARDS)) {
                    return;
                }
                listeners.add(listener);
            }
            tell();
        }

        @Override
        public boolean reacquireIfUnclaimed() {
            synchronized (world) {
                if (released && !has(LockDefect.TAKES_UP_AGAIN_WHAT_WAS_RELEASED)) {
                    return false;
                }
                if (closed || has(LockDefect.TAKES_NOTHING_UP_AGAIN)) {
                    return false;
                }
                var holder = holder(key(id));
                var free = holder == null || has(LockDefect.TAKES_UP_AGAIN_WHAT_OTHERS_HAVE);
                var unclaimed =
                        token.equals(world.latest.get(key(id)))
                                || (holder == null
                                        && has(LockDefect.TAKES_UP_AGAIN_WHAT_OTHERS_HAD))
                                || (holder != null
                                        && has(LockDefect.TAKES_UP_AGAIN_WHAT_OTHERS_HAVE));
                if (free && unclaimed) {
                    holders().put(key(id), this);
                    own.put(key(id), this);
                    lost = null;
                    released = false;
                    takenUp = true;
                    if (has(LockDefect.TAKES_UP_WITH_A_NEW_TOKEN)) {
                        token = BrokenLocks.this.token(key(id));
                    }
                }
                return holders().get(key(id)) == this;
            }
        }

        @Override
        public void close() {
            synchronized (world) {
                if (released && has(LockDefect.RELEASE_TWICE_FAILS)) {
                    throw new IllegalStateException("released before");
                }
                if (holders().get(key(id)) == this
                        || has(LockDefect.RELEASE_FREES_WHOEVER_HOLDS_IT)) {
                    if (has(LockDefect.RELEASE_LEAVES_THE_LOCK_FOR_A_WHILE)) {
                        later(holders().get(key(id)));
                    } else {
                        holders().remove(key(id));
                    }
                }
                released = true;
                if (!has(LockDefect.A_LOSS_IS_TOLD_AFTER_RELEASE)) {
                    listeners.clear();
                } else if (lost == null) {
                    lost = Loss.REVOKED;
                    listeners.forEach(listener -> listener.accept(Loss.REVOKED));
                }
                world.notifyAll();
            }
        }

        private void later(HeldLease holder) {
            Thread.ofVirtual()
                    .start(() -> {
                        synchronized (world) {
                            try {
                                world.wait(30);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                            holders().remove(key(id), holder);
                        }
                    });
        }
    }
}
