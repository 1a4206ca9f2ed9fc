package io.postern.store.jdbc;

import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.MaildropId;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Decides within a transaction whether the bearer of a token still has the lock of a mailbox, and
 * holds that answer true until the transaction ends.
 *
 * <p>Two rows are locked and looked at. The mailbox's own row keeps the highest token that any
 * opening or commit came with, from whatever lock coordinator. The row of {@link JdbcLocks}, if it
 * keeps its locks in this database: a lock that was revoked or given away since is seen there even
 * before its new holder opens the maildrop. A token above that row's cannot come from there, since
 * the row has the highest that was ever given: then another coordinator is in use, and the first
 * row decides alone.
 */
final class Fence {
    private Fence() {}

    /**
     * Locks the rows and compares. A token that passes is remembered.
     *
     * @return why the token does not pass; empty if it does
     */
    static Optional<String> refusal(
            Connection connection, long mailbox, MaildropId id, FencingToken token)
            throws SQLException {
        try (var query =
                connection.prepareStatement(
                        "SELECT fence_generation, fence_counter FROM mailbox WHERE id = ?"
                                + " FOR UPDATE")) {
            query.setLong(1, mailbox);
            try (var rows = query.executeQuery()) {
                if (!rows.next()) {
                    return Optional.of("the mailbox of " + id + " is gone");
                }
                if (compare(token, rows.getLong(1), rows.getLong(2)) < 0) {
                    return Optional.of(lost(id, token, rows.getLong(1), rows.getLong(2)));
                }
            }
        }
        try (var query =
                connection.prepareStatement(
                        "SELECT generation, counter, node FROM pop3_lock WHERE lock_key = ?"
                                + " FOR UPDATE")) {
            query.setString(1, Ids.key(id.value()));
            try (var rows = query.executeQuery()) {
                if (rows.next()) {
                    var order = compare(token, rows.getLong(1), rows.getLong(2));
                    if (order < 0) {
                        return Optional.of(lost(id, token, rows.getLong(1), rows.getLong(2)));
                    }
                    if (order == 0 && rows.getString(3) == null) {
                        return Optional.of("the lock of " + id + " was revoked");
                    }
                }
            }
        }
        try (var update =
                connection.prepareStatement(
                        "UPDATE mailbox SET fence_generation = ?, fence_counter = ?"
                                + " WHERE id = ?")) {
            update.setLong(1, token.generation());
            update.setLong(2, token.counter());
            update.setLong(3, mailbox);
            update.executeUpdate();
        }
        return Optional.empty();
    }

    private static int compare(FencingToken token, long generation, long counter) {
        return token.generation() == generation
                ? Long.compare(token.counter(), counter)
                : Long.compare(token.generation(), generation);
    }

    private static String lost(MaildropId id, FencingToken token, long generation, long counter) {
        return "the lock of "
                + id
                + " is lost: token "
                + token
                + " after "
                + generation
                + "/"
                + counter;
    }
}
