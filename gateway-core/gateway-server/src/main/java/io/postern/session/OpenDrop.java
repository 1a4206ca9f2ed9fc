package io.postern.session;

import io.postern.call.LeftBehind;
import io.postern.call.PluginCalls;
import io.postern.engine.Effect;
import io.postern.engine.Event;
import io.postern.engine.ListingViolation;
import io.postern.engine.MessageTable;
import io.postern.engine.Problem;
import io.postern.kept.Copies;
import io.postern.kept.KeptDeletions;
import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.Plugin;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.spi.store.MessageRef;
import io.postern.spi.store.WireReady;
import io.postern.spi.wire.Surrogate;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A maildrop with its lock: what a session holds from the moment it has the lease. {@link #close}
 * is the only place that lets go of either. Used by one virtual thread at a time, {@link #lost} by
 * any.
 */
final class OpenDrop {
    private static final Logger LOG = LoggerFactory.getLogger(OpenDrop.class);

    private final Sessions sessions;
    private final User user;
    private final MaildropStore store;
    private final Optional<KeptDeletions> kept;
    private final MaildropId id;
    private final Lease lease;
    private final UserVisits.Visit visit;
    private final SessionLog.Remover remover;
    private final Runnable afterwards;
    private volatile boolean lost;
    private Maildrop maildrop;
    private MessageTable messages;
    private FencingToken token;

    /** Whether another thread is in the maildrop, and stays there. */
    private volatile boolean abandoned;

    // Each is set before the deed.
    private final AtomicBoolean maildropClosed = new AtomicBoolean();
    private final AtomicBoolean leaseClosed = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * @param afterwards run once the lock is let go of; never throws
     */
    OpenDrop(
            Sessions sessions,
            User user,
            Realm realm,
            MaildropId id,
            Lease lease,
            UserVisits.Visit visit,
            SessionLog.Remover remover,
            Runnable afterwards) {
        this.sessions = sessions;
        this.user = user;
        this.store = realm.store();
        this.kept = realm.kept();
        this.id = id;
        this.lease = lease;
        this.visit = visit;
        this.remover = remover;
        this.afterwards = afterwards;
    }

    /** Opens the maildrop and freezes its listing. The caller closes this, whatever happens. */
    void open() throws Fault, ListingViolation, InterruptedException {
        var _ =
                locks(
                        "watch a lock",
                        () -> {
                            lease.onLost(this::lose);
                            token = lease.token();
                            return true;
                        });
        maildrop = Objects.requireNonNull(store.open(id, token), "open");
        var listing = Objects.requireNonNull(maildrop.listing(), "listing");
        messages = sessions.tables.of(listing);
    }

    User user() {
        return user;
    }

    MaildropStore store() {
        return store;
    }

    MessageTable messages() {
        return messages;
    }

    /** Whether the lock was lost, and not taken up again. */
    boolean lost() {
        return lost;
    }

    /** Takes a lost lock up again, if nobody had it since. Blocks. */
    boolean reacquired() throws InterruptedException {
        lost = false;
        try {
            if (locks("take a lock up again", this::takenUp)) {
                return true;
            }
        } catch (Fault | RuntimeException | Error e) {
            var _ = sessions.problem("taking up the lock of " + id, e);
        }
        lost = true;
        return false;
    }

    private boolean takenUp() throws InterruptedException {
        if (lease.reacquireIfUnclaimed()) {
            lease.onLost(this::lose);
            return true;
        }
        return false;
    }

    /** Asks the lock coordinator. */
    private <T> T locks(String doing, PluginCalls.Question<T> question)
            throws Fault, InterruptedException {
        return sessions.calls.askInTime(sessions.locks, doing, question);
    }

    /** Asks the store, in time. */
    private <T> T store(String doing, PluginCalls.Question<T> question)
            throws Fault, InterruptedException {
        return sessions.calls.askInTime(store, doing, question);
    }

    /** Opens a message, or its surrogate. The caller closes it. */
    InputStream content(Effect.Retrieve order) throws Fault, InterruptedException {
        var stored = stored(order.number());
        return order.surrogate() ? Surrogate.of(stored) : stored;
    }

    private InputStream stored(int number) throws Fault, InterruptedException {
        var content =
                sessions.calls.askInTime(
                        store,
                        "open a message",
                        sessions.calls.limit(),
                        () -> maildrop.content(number),
                        OpenDrop::close,
                        () -> {});
        return new StoreStream(sessions.calls, store, Objects.requireNonNull(content, "content"));
    }

    /** Opens a message that is stored as it travels, if this one is known to be. */
    Optional<StoreRegion> region(int number) throws Fault, InterruptedException {
        if (!(maildrop instanceof WireReady able)) {
            return Optional.empty();
        }
        var region =
                sessions.calls.askInTime(
                        store,
                        "open a message",
                        sessions.calls.limit(),
                        () -> able.region(number),
                        late -> late.ifPresent(OpenDrop::close),
                        () -> {});
        return Objects.requireNonNull(region, "region")
                .map(it -> new StoreRegion(sessions.calls, store, it));
    }

    /** Tells the store that a message was sent as it is stored. */
    void sentAsStored(int number) throws LeftBehind {
        if (maildrop instanceof WireReady able) {
            tell(
                    "hear of a message",
                    () -> {
                        able.sentAsStored(number);
                        return true;
                    });
        }
    }

    /** Tells the store something to which there is no answer. */
    private void tell(String doing, PluginCalls.Question<Boolean> what) throws LeftBehind {
        try {
            var _ = store(doing, what);
        } catch (LeftBehind e) {
            throw e;
        } catch (Fault | InterruptedException | RuntimeException | Error e) {
            var _ = sessions.problem("store " + storeName() + ": " + doing, e);
        }
    }

    private String storeName() {
        return sessions.calls.name(store);
    }

    /** What came too late. */
    private static void close(AutoCloseable late) {
        try {
            late.close();
        } catch (Exception | Error e) {
            LOG.warn("what a store has opened cannot be closed", e);
        }
    }

    /** Tells the store that its listing was wrong. */
    void sizeDiffers(Effect.Retrieve order, long octets) throws LeftBehind {
        sizeDiffers(order.number(), order.surrogate(), order.octets(), octets);
    }

    private void sizeDiffers(int number, boolean surrogate, long listed, long octets)
            throws LeftBehind {
        sessions.counters.count(Violation.SIZE);
        LOG.error(
                "store {} lists {} {} of {} with {} octets; it has {}",
                storeName(),
                surrogate ? "the surrogate of message" : "message",
                number,
                id,
                listed,
                octets);
        tell(
                "hear of a size",
                () -> {
                    maildrop.sizeDiffers(number, octets);
                    return true;
                });
    }

    /**
     * UPDATE (RFC 1939 §6): removes what was marked, if the lock is surely held, and copies are
     * kept where the realm wants that. What comes back is never better than the truth.
     */
    Event.Committed commit(Effect.Commit update) {
        visit.orderly();
        var marked = update.marked();
        if (marked.isEmpty() && update.seen().isEmpty()) {
            return new Event.Committed(0, Problem.NONE);
        }
        if (!held()) {
            audit(marked, "kept");
            return new Event.Committed(marked.cardinality(), worst(marked));
        }
        return marked.isEmpty() || kept.isEmpty()
                ? ask(update, marked, sessions.settings.commitLimit())
                : keepAndAsk(update);
    }

    /** Asks the store for nothing of which no copy is kept. */
    private Event.Committed keepAndAsk(Effect.Commit update) {
        var marked = update.marked();
        var limit = sessions.settings.commitLimit().toNanos();
        var begun = sessions.nanoTime.getAsLong();
        var copies =
                kept.orElseThrow()
                        .begin(
                                user.name(),
                                remover.session(),
                                () -> sessions.nanoTime.getAsLong() - begun >= limit);
        var asked = false;
        try {
            var there = keep(copies, marked);
            var left = limit - (sessions.nanoTime.getAsLong() - begun);
            if (left <= 0) {
                throw Fault.temporary("the copies took all of the commit's time", null);
            }
            if (held()) {
                asked = true;
                var gone = (BitSet) marked.clone();
                gone.andNot(there);
                audit(gone, "gone-before");
                var committed = ask(update, there, Duration.ofNanos(left));
                copies.settle(committed.problem() == Problem.NONE);
                return committed;
            }
        } catch (IOException e) {
            sessions.counters.count(Violation.CONTENT);
            LOG.warn("nothing removed from {}: what was marked cannot be read", id, e);
        } catch (Fault | InterruptedException | RuntimeException | Error e) {
            var _ = sessions.problem("nothing removed from " + id, e);
        } finally {
            if (!asked) {
                copies.drop();
            }
        }
        audit(marked, "kept");
        return new Event.Committed(marked.cardinality(), Problem.SYS_TEMP);
    }

    /**
     * Copies messages, for good.
     *
     * @return those of them that may be removed: without the ones that have gone already, of which
     *     there is nothing to keep
     */
    private BitSet keep(Copies copies, BitSet marked)
            throws Fault, IOException, InterruptedException {
        var there = new BitSet();
        for (var number = marked.nextSetBit(0);
                number >= 0;
                number = marked.nextSetBit(number + 1)) {
            InputStream content;
            try {
                content = stored(number);
            } catch (Fault e) {
                if (e.gone()) {
                    continue;
                }
                throw e;
            }
            var octets = messages.octets(number);
            long found;
            try (content) {
                found = copies.add(number, messages.uniqueId(number), octets, content);
            }
            if (found != octets) {
                sizeDiffers(number, false, octets, found);
                throw Fault.temporary("message " + number + " is not as it was listed", null);
            }
            there.set(number);
        }
        copies.secure();
        return there;
    }

    /** Whether the lock is surely held, or is again. */
    private boolean held() {
        if (abandoned) {
            return false;
        }
        try {
            if ((!lost && locks("say how long a lock holds", lease::remaining).isPositive())
                    || reacquired()) {
                return true;
            }
            LOG.warn("nothing removed from {}: its lock was lost", id);
        } catch (Fault | InterruptedException | RuntimeException | Error e) {
            var _ = sessions.problem("nothing removed from " + id + ": its lock", e);
        }
        return false;
    }

    private Event.Committed ask(Effect.Commit update, BitSet remove, Duration timeLimit) {
        try {
            if (abandoned) {
                throw Fault.temporary("the lock was given up", null);
            }
            var request =
                    new CommitRequest(
                            UUID.randomUUID(), token, refs(remove), refs(update.seen()), timeLimit);
            var result =
                    Objects.requireNonNull(
                            sessions.calls.ask(
                                    store,
                                    "commit",
                                    sessions.settings.commitLimit(),
                                    () -> maildrop.commit(request)),
                            "commit");
            audit(remove, outcome(request, result));
            return update.marked().isEmpty()
                    ? new Event.Committed(0, Problem.NONE)
                    : judge(request, result);
        } catch (Fault | InterruptedException | RuntimeException | Error e) {
            var _ = sessions.problem("store " + storeName() + " commits " + id, e);
            audit(remove, "unknown");
            return new Event.Committed(update.marked().cardinality(), worst(update.marked()));
        }
    }

    /** What is told where nothing is sure. That messages were seen may fail unheard. */
    private static Problem worst(BitSet marked) {
        return marked.isEmpty() ? Problem.NONE : Problem.SYS_TEMP;
    }

    /**
     * Closes the maildrop, then lets go of the lock. Removes nothing. Idempotent; may block. Where
     * a thread is left behind in one of the two, another one calls this again and goes on behind
     * it.
     */
    void close() throws LeftBehind {
        if (maildrop != null && maildropClosed.compareAndSet(false, true)) {
            close(store, "close a maildrop", maildrop::close);
        }
        if (leaseClosed.compareAndSet(false, true)) {
            close(sessions.locks, "let go of a lock", lease::close);
        }
        if (closed.compareAndSet(false, true)) {
            visit.close();
            afterwards.run();
        }
    }

    private void close(Plugin plugin, String doing, Runnable closing) throws LeftBehind {
        try {
            sessions.calls.closeInTime(plugin, doing, closing);
        } catch (LeftBehind e) {
            throw e;
        } catch (Fault | InterruptedException | RuntimeException | Error e) {
            var _ = sessions.problem(sessions.calls.name(plugin) + ": " + doing, e);
        }
    }

    /** As {@link #close}, by a thread whose place nobody takes. */
    void letGo() {
        try {
            close();
        } catch (LeftBehind e) {
            throw new IllegalStateException("it is not supervised", e);
        }
    }

    /** Ends an UPDATE whose thread was left behind: nothing is removed from now on. */
    void giveUp() {
        abandoned = true;
        letGo();
    }

    /**
     * Gives the lock up while another thread is in a call of the maildrop that does not end: that
     * one closes the maildrop by {@link #closeAbandoned}. From now on nothing is removed.
     */
    void abandon() throws LeftBehind {
        abandoned = true;
        maildropClosed.set(true);
        close();
    }

    /** By the thread that was left behind in the maildrop, which has no lock any more. */
    void closeAbandoned() {
        close(maildrop);
    }

    private void lose(Lease.Loss loss) {
        lost = true;
        sessions.counters.count(Violation.LOCK_LOST);
        LOG.warn("lock of {} lost: {}", id, loss);
    }

    private List<MessageRef> refs(BitSet numbers) {
        return numbers.stream()
                .mapToObj(number -> new MessageRef(number, messages.uniqueId(number)))
                .toList();
    }

    private Event.Committed judge(CommitRequest request, CommitResult result) {
        var marked = request.remove().size();
        var truthful = truthful(request, result);
        if (!truthful) {
            sessions.counters.count(Violation.COMMIT_RESULT);
        }
        if (truthful && result.status() == CommitResult.Status.OK) {
            return new Event.Committed(0, Problem.NONE);
        }
        LOG.warn(
                "commit {} of store {} on {}: {} of {} messages{}",
                request.commitId(),
                storeName(),
                id,
                result,
                marked,
                truthful ? "" : ", which cannot be");
        var failed =
                truthful && result.status() == CommitResult.Status.PARTIAL
                        ? result.failed()
                        : marked;
        return new Event.Committed(failed, Problem.SYS_TEMP);
    }

    /** Whether a result can be. */
    private static boolean truthful(CommitRequest request, CommitResult result) {
        var marked = request.remove().size();
        var gone = (long) result.removed() + result.alreadyGone();
        var whole = gone + result.failed() == marked;
        return switch (result.status()) {
            case OK -> whole && result.failed() == 0;
            case PARTIAL -> whole && result.failed() > 0;
            case FENCED -> gone == 0;
            case UNKNOWN -> gone <= marked;
        };
    }

    /** What is known of each of the marked messages; a result does not name them. */
    private static String outcome(CommitRequest request, CommitResult result) {
        if (!truthful(request, result)) {
            return "unknown";
        }
        return switch (result.status()) {
            case OK -> result.alreadyGone() == 0 ? "removed" : "removed-or-gone-before";
            case PARTIAL -> "partial";
            case FENCED -> "kept";
            case UNKNOWN -> "unknown";
        };
    }

    private void audit(BitSet numbers, String outcome) {
        numbers.stream()
                .forEach(number ->
                        remover.marked(
                                messages.uniqueId(number), messages.octets(number), outcome));
    }
}
