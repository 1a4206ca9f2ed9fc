package io.postern.store.jdbc;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MessageRef;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.InputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * One opening of a mailbox. Holds no connection between its calls.
 *
 * <p>A commit is one transaction: it locks the mailbox's row, asks {@link Fence}, removes, and
 * writes its result into the journal. It may therefore run again as a whole: if the database did
 * not say how a commit ended, the next run waits at the row until the first one is over, and then
 * either finds the result in the journal or does what was not done.
 */
final class JdbcMaildrop implements Maildrop {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcMaildrop.class);

    /** Messages that one statement removes. */
    private static final int BATCH = 1000;

    /** How often a commit runs that surely removed nothing, where trying again may help. */
    private static final int ATTEMPTS = 3;

    /** First pause between two runs, milliseconds; each one after it is twice as long. */
    private static final long PAUSE = 20;

    private static final long LONGEST_PAUSE = 2000;

    private final Database database;
    private final MaildropId id;
    private final long mailbox;
    private final JdbcListing listing;

    JdbcMaildrop(Database database, MaildropId id, long mailbox, JdbcListing listing) {
        this.database = database;
        this.id = id;
        this.mailbox = mailbox;
        this.listing = listing;
    }

    @Override
    public Listing listing() {
        return listing;
    }

    @Override
    public InputStream content(int number) throws Fault {
        Optional<InputStream> body;
        try {
            body =
                    database.transaction(connection -> {
                        try (var query =
                                connection.prepareStatement(
                                        "SELECT blob_id, stored_octets FROM message"
                                                + " WHERE mailbox_id = ? AND seq = ?")) {
                            query.setLong(1, mailbox);
                            query.setLong(2, listing.seq(number));
                            try (var rows = query.executeQuery()) {
                                return rows.next()
                                        ? Optional.of(
                                                new BlobStream(
                                                        database,
                                                        rows.getString(1),
                                                        rows.getLong(2)))
                                        : Optional.empty();
                            }
                        }
                    });
        } catch (SQLException e) {
            throw Fault.temporary(message(number) + " cannot be read: " + e.getMessage(), e);
        }
        return body.orElseThrow(() -> Fault.gone(message(number) + " has gone"));
    }

    @Override
    public CommitResult commit(CommitRequest request) throws InterruptedException {
        var marked = request.remove().size();
        if (marked == 0) {
            return CommitResult.ok(0, 0);
        }
        var deadline = System.nanoTime() + request.timeLimit().toNanos();
        var lost = false;
        var pause = PAUSE;
        for (var attempt = 1; ; attempt++) {
            SQLException failure;
            try {
                return database.durable(connection -> update(connection, request, deadline));
            } catch (LostOutcomeException e) {
                lost = true;
                failure = e;
            } catch (SQLException e) {
                failure = e;
            }
            LOG.warn("commit {} of {} failed: {}", request.commitId(), id, Fault.words(failure));
            LOG.debug("commit {} of {} failed", request.commitId(), id, failure);
            var left = (deadline - System.nanoTime()) / 1_000_000;
            var again = lost || (attempt < ATTEMPTS && mayPass(failure));
            if (!again || left <= pause) {
                return lost
                        ? new CommitResult(
                                Status.UNKNOWN,
                                0,
                                0,
                                marked,
                                "the database did not say in time whether the commit took effect: "
                                        + failure.getMessage())
                        : new CommitResult(
                                Status.PARTIAL,
                                0,
                                0,
                                marked,
                                "nothing was removed: " + failure.getMessage());
            }
            Thread.sleep(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
    }

    @Override
    public void close() {
        // An opening takes nothing that must be given back.
    }

    private CommitResult update(Connection connection, CommitRequest request, long deadline)
            throws SQLException {
        // First of all, so that an earlier run of the same commit is over.
        try (var lock = prepare(connection, "SELECT id FROM mailbox WHERE id = ? FOR UPDATE")) {
            lock.setQueryTimeout(secondsUntil(deadline));
            lock.setLong(1, mailbox);
            lock.executeQuery().close();
        }
        var known = result(connection, request.commitId());
        if (known.isPresent()) {
            return known.get();
        }
        var refs = request.remove();
        var refusal = Fence.refusal(connection, mailbox, id, request.token());
        if (refusal.isPresent()) {
            return new CommitResult(Status.FENCED, 0, 0, refs.size(), refusal.get());
        }
        for (var ref : refs) {
            if (ref.number() > listing.count()
                    || !listing.uniqueId(ref.number()).equals(ref.uniqueId())) {
                throw new IllegalArgumentException(ref + " is not in the listing of " + id);
            }
        }
        var removed = 0;
        for (var from = 0; from < refs.size(); from += BATCH) {
            removed +=
                    remove(
                            connection,
                            refs.subList(from, Math.min(from + BATCH, refs.size())),
                            deadline);
        }
        var result = CommitResult.ok(removed, refs.size() - removed);
        note(connection, request.commitId(), result);
        return result;
    }

    /** Removes the messages that are there yet, and leaves their bodies to the collection. */
    private int remove(Connection connection, List<MessageRef> refs, long deadline)
            throws SQLException {
        var these =
                " FROM message WHERE mailbox_id = ? AND seq IN (?"
                        + ", ?".repeat(refs.size() - 1)
                        + ")";
        try (var bodies =
                        prepare(
                                connection,
                                "INSERT INTO removed_blob (blob_id, removed_at) SELECT blob_id, "
                                        + database.clock()
                                        + these);
                var messages = prepare(connection, "DELETE" + these)) {
            bodies.setQueryTimeout(secondsUntil(deadline));
            set(bodies, refs);
            bodies.executeUpdate();
            messages.setQueryTimeout(secondsUntil(deadline));
            set(messages, refs);
            return messages.executeUpdate();
        }
    }

    private void set(PreparedStatement statement, List<MessageRef> refs) throws SQLException {
        statement.setLong(1, mailbox);
        var parameter = 2;
        for (var ref : refs) {
            statement.setLong(parameter++, listing.seq(ref.number()));
        }
    }

    private Optional<CommitResult> result(Connection connection, UUID commit) throws SQLException {
        try (var query =
                prepare(
                        connection,
                        "SELECT removed, already_gone FROM commit_journal"
                                + " WHERE commit_id = ? AND mailbox_id = ?")) {
            query.setString(1, commit.toString());
            query.setLong(2, mailbox);
            try (var rows = query.executeQuery()) {
                return rows.next()
                        ? Optional.of(CommitResult.ok(rows.getInt(1), rows.getInt(2)))
                        : Optional.empty();
            }
        }
    }

    private void note(Connection connection, UUID commit, CommitResult result) throws SQLException {
        try (var insert =
                prepare(
                        connection,
                        "INSERT INTO commit_journal"
                                + " (commit_id, mailbox_id, removed, already_gone, committed_at)"
                                + " VALUES (?, ?, ?, ?, "
                                + database.clock()
                                + ")")) {
            insert.setString(1, commit.toString());
            insert.setLong(2, mailbox);
            insert.setInt(3, result.removed());
            insert.setInt(4, result.alreadyGone());
            insert.executeUpdate();
        }
    }

    private String message(int number) {
        return "message " + listing.uniqueId(number) + " of " + id;
    }

    private static PreparedStatement prepare(Connection connection, String sql)
            throws SQLException {
        return connection.prepareStatement(sql);
    }

    /** At least one second: a shorter time-out would mean none. */
    private static int secondsUntil(long deadline) throws SQLException {
        var left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new SQLTimeoutException("the time limit of the commit is over");
        }
        return (int) Math.min(Math.ceilDiv(left, 1_000_000_000L), 3600);
    }

    /** A lost connection, or a transaction that the database gave up in favour of another. */
    private static boolean mayPass(SQLException e) {
        var state = e.getSQLState();
        return !(e instanceof SQLTimeoutException)
                && (e instanceof SQLTransientException
                        || (state != null && (state.startsWith("08") || state.startsWith("40"))));
    }
}
