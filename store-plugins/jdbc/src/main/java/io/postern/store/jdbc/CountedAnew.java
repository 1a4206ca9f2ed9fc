package io.postern.store.jdbc;

import io.postern.spi.wire.MessageCounter;

import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.migration.Context;
import org.flywaydb.core.api.migration.JavaMigration;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts surrogates anew, because they are made in another way now. Reads only the messages whose
 * size was kept and is wrong, one chunk at a time.
 */
final class CountedAnew implements JavaMigration {
    /** Messages that are looked up at once. */
    private static final int ROWS = 1000;

    /** Version 3 of the tables: headers of MIME parts are rewritten, too. */
    static final CountedAnew OF_PARTS =
            new CountedAnew("3", "surrogates of parts", "surrogate_octets IS NOT NULL");

    /** Version 4: a message with an internationalised field of any length has a surrogate. */
    static final CountedAnew OF_LONG_FIELDS =
            new CountedAnew("4", "surrogates of long fields", "surrogate_octets < octets");

    private record Message(long mailbox, long seq, String blob) {}

    private final String version;
    private final String description;
    private final String condition;

    private CountedAnew(String version, String description, String condition) {
        this.version = version;
        this.description = description;
        this.condition = condition;
    }

    @Override
    public MigrationVersion getVersion() {
        return MigrationVersion.fromVersion(version);
    }

    @Override
    public String getDescription() {
        return description;
    }

    /** There is no text to take one of. */
    @Override
    public Integer getChecksum() {
        return null;
    }

    @Override
    public boolean canExecuteInTransaction() {
        return true;
    }

    @Override
    public void migrate(Context context) throws SQLException {
        var connection = context.getConnection();
        var last = new Message(Long.MIN_VALUE, 0, "");
        for (var some = after(connection, last); !some.isEmpty(); some = after(connection, last)) {
            try (var update =
                    connection.prepareStatement(
                            "UPDATE message SET surrogate_octets = ?"
                                    + " WHERE mailbox_id = ? AND seq = ?")) {
                for (var message : some) {
                    update.setLong(1, count(connection, message.blob).surrogateOctets());
                    update.setLong(2, message.mailbox);
                    update.setLong(3, message.seq);
                    update.executeUpdate();
                }
            }
            last = some.getLast();
        }
    }

    private List<Message> after(Connection connection, Message last) throws SQLException {
        try (var query =
                connection.prepareStatement(
                        "SELECT mailbox_id, seq, blob_id FROM message"
                                + " WHERE "
                                + condition
                                + " AND (mailbox_id > ? OR (mailbox_id = ? AND seq > ?))"
                                + " ORDER BY mailbox_id, seq")) {
            query.setMaxRows(ROWS);
            query.setLong(1, last.mailbox);
            query.setLong(2, last.mailbox);
            query.setLong(3, last.seq);
            var some = new ArrayList<Message>();
            try (var rows = query.executeQuery()) {
                while (rows.next()) {
                    some.add(new Message(rows.getLong(1), rows.getLong(2), rows.getString(3)));
                }
            }
            return some;
        }
    }

    private static MessageCounter.Size count(Connection connection, String blob)
            throws SQLException {
        var counter = new MessageCounter();
        try (var query =
                connection.prepareStatement(
                        "SELECT data FROM blob_chunk WHERE blob_id = ? AND n = ?")) {
            query.setString(1, blob);
            for (var n = 0; ; n++) {
                query.setInt(2, n);
                try (var rows = query.executeQuery()) {
                    if (!rows.next()) {
                        return counter.finish();
                    }
                    counter.count(ByteBuffer.wrap(rows.getBytes(1)));
                }
            }
        }
    }
}
