package io.postern.session;

import io.postern.engine.Effect;
import io.postern.engine.Event;
import io.postern.engine.ListingViolation;
import io.postern.engine.MessageTable;
import io.postern.engine.Problem;
import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.lock.Lease;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.spi.store.MessageRef;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.InputStream;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/**
 * A maildrop with its lock: what a session holds from the moment it has the lease. {@link #close}
 * is the only place that lets go of either. Used by one virtual thread at a time, {@link #lost} by
 * any.
 */
final class OpenDrop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OpenDrop.class);

    private final Sessions sessions;
    private final User user;
    private final MaildropStore store;
    private final MaildropId id;
    private final Lease lease;
    private final UserVisits.Visit visit;
    private final SessionLog.Remover remover;
    private final Runnable afterwards;
    private volatile boolean lost;
    private Maildrop maildrop;
    private MessageTable messages;
    private boolean closed;

    /**
     * @param afterwards run once the lock is let go of; never throws
     */
    OpenDrop(
            Sessions sessions,
            User user,
            MaildropStore store,
            MaildropId id,
            Lease lease,
            UserVisits.Visit visit,
            SessionLog.Remover remover,
            Runnable afterwards) {
        this.sessions = sessions;
        this.user = user;
        this.store = store;
        this.id = id;
        this.lease = lease;
        this.visit = visit;
        this.remover = remover;
        this.afterwards = afterwards;
    }

    /** Opens the maildrop and freezes its listing. The caller closes this, whatever happens. */
    void open() throws Fault, ListingViolation, InterruptedException {
        lease.onLost(this::lose);
        maildrop = Objects.requireNonNull(store.open(id, lease.token()), "open");
        var listing = Objects.requireNonNull(maildrop.listing(), "listing");
        messages = MessageTable.freeze(listing.count(), listing::octets, listing::uniqueId);
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
            if (lease.reacquireIfUnclaimed()) {
                lease.onLost(this::lose);
                return true;
            }
        } catch (RuntimeException | Error e) {
            var _ = sessions.problem("taking up the lock of " + id, e);
        }
        lost = true;
        return false;
    }

    /** Opens a message. The caller closes it. */
    InputStream content(int number) throws Fault, InterruptedException {
        return Objects.requireNonNull(maildrop.content(number), "content");
    }

    /** Tells the store that its listing was wrong. */
    void sizeDiffers(int number, long octets) {
        sessions.counters.count(Violation.SIZE);
        LOG.error(
                "store {} lists message {} of {} with {} octets; it has {}",
                store.name(),
                number,
                id,
                messages.octets(number),
                octets);
        try {
            maildrop.sizeDiffers(number, octets);
        } catch (RuntimeException | Error e) {
            var _ = sessions.problem("store " + store.name() + " told of a size", e);
        }
    }

    /**
     * UPDATE (RFC 1939 §6): removes what was marked, if the lock is surely held. What comes back is
     * never better than the truth.
     */
    Event.Committed commit(Effect.Commit update) {
        visit.orderly();
        var marked = update.marked().cardinality();
        if (marked == 0 && update.seen().isEmpty()) {
            return new Event.Committed(0, Problem.NONE);
        }
        var none = new Event.Committed(marked, marked == 0 ? Problem.NONE : Problem.SYS_TEMP);
        try {
            if ((lost || !lease.remaining().isPositive()) && !reacquired()) {
                LOG.warn("nothing removed from {}: its lock was lost", id);
                audit(update, "kept");
                return none;
            }
            var request =
                    new CommitRequest(
                            UUID.randomUUID(),
                            lease.token(),
                            refs(update.marked()),
                            refs(update.seen()),
                            sessions.settings.commitLimit());
            var result = Objects.requireNonNull(maildrop.commit(request), "commit");
            audit(update, outcome(request, result));
            return marked == 0 ? none : judge(request, result);
        } catch (Fault | InterruptedException | RuntimeException | Error e) {
            var _ = sessions.problem("store " + store.name() + " commits " + id, e);
            audit(update, "unknown");
            return none;
        }
    }

    /**
     * Closes the maildrop, then lets go of the lock. Removes nothing. Idempotent, never throws; may
     * block.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (maildrop != null) {
            try {
                maildrop.close();
            } catch (RuntimeException | Error e) {
                var _ = sessions.problem("store " + store.name() + " closes a maildrop", e);
            }
        }
        try {
            lease.close();
        } catch (RuntimeException | Error e) {
            var _ = sessions.problem("lock coordinator lets go of a lock", e);
        }
        visit.close();
        afterwards.run();
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
                store.name(),
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

    private void audit(Effect.Commit update, String outcome) {
        update.marked().stream()
                .forEach(number ->
                        remover.marked(
                                messages.uniqueId(number), messages.octets(number), outcome));
    }
}
