package io.postern.store.jdbc;

import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.spi.wire.MessageCounter;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Keeps mail in an SQL database: H2, PostgreSQL or MariaDB. Every user has a mailbox, empty until
 * something is delivered. Any number of servers may share one database.
 *
 * <p>The fence is {@link FenceMode#SAME_TRANSACTION} with any lock coordinator, see {@link Fence}.
 */
public final class JdbcStore implements MaildropStore, Delivery {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcStore.class);

    /** How often a mailbox is made, where others make it at the same time. */
    private static final int ATTEMPTS = 5;

    private static final String PREFIX = "jdbc:";
    private static final int CONNECTIONS = 10;

    /** How long the database may take to answer; more than a commit has. */
    private static final Duration SILENCE = Duration.ofSeconds(90);

    /** How long the body of a removed message and the result of a commit are kept at least. */
    private static final Duration GRACE = Duration.ofDays(1);

    /** Between two collections of what is kept no longer. */
    private static final Duration COLLECTION = Duration.ofHours(1);

    /** Bodies that are looked up at once for the collection. */
    private static final int COLLECTED = 100;

    /**
     * Chunks that are collected in one transaction: few, since H2 keeps a copy of what a
     * transaction deletes, in memory at first.
     */
    private static final int COLLECTED_CHUNKS = 16;

    private Database database;
    private String databaseId;
    private ScheduledExecutorService collector;

    @Override
    public String name() {
        return "jdbc";
    }

    @Override
    public List<Setting> settings() {
        return Database.settings(CONNECTIONS);
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        var _ = Database.access(config);
    }

    @Override
    public void start(PluginConfig config) throws Fault {
        begin(Database.open(config, SILENCE));
        collector =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("jdbc-collector").factory());
        var _ =
                collector.scheduleWithFixedDelay(
                        this::collect, 60, COLLECTION.toSeconds(), TimeUnit.SECONDS);
    }

    /**
     * {@link #start} without a collection of its own.
     *
     * @param opened closed with this store; its tables are there
     */
    void begin(Database opened) throws Fault {
        database = opened;
        try {
            databaseId = databaseId();
        } catch (SQLException e) {
            throw Fault.temporary("the database cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public FenceMode fenceMode() {
        return FenceMode.SAME_TRANSACTION;
    }

    @Override
    public MaildropId locate(User user) {
        return new MaildropId(PREFIX + databaseId + "/" + user.name());
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault {
        var prefix = PREFIX + databaseId + "/";
        if (!id.value().startsWith(prefix)) {
            throw Fault.permanent(id + " is not in this database, " + prefix, null);
        }
        try {
            var mailbox = mailbox(id.value().substring(prefix.length()));
            var refusal =
                    database.durable(connection -> Fence.refusal(connection, mailbox, id, token));
            if (refusal.isPresent()) {
                throw Fault.temporary(refusal.get(), null);
            }
            var listing = database.transaction(connection -> JdbcListing.read(connection, mailbox));
            return new JdbcMaildrop(database, id, mailbox, listing);
        } catch (SQLException e) {
            throw Fault.temporary(id + " cannot be opened: " + e.getMessage(), e);
        }
    }

    @Override
    public String deliver(User user, InputStream content, Optional<String> uniqueId)
            throws Fault, IOException {
        if (uniqueId.isPresent() && !uniqueId.get().matches("[!-~]{1,70}")) {
            throw new IllegalArgumentException("not a unique-id: " + uniqueId.get());
        }
        var id = uniqueId.orElseGet(Ids::random);
        try {
            var mailbox = mailbox(user.name());
            if (uniqueId.isPresent() && has(mailbox, id)) {
                throw there(user, id);
            }
            try {
                database.durable(connection -> {
                    insert(connection, mailbox, content, id);
                    return null;
                });
            } catch (LostOutcomeException e) {
                if (!has(mailbox, id)) {
                    throw e;
                }
            }
            return id;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (SQLException e) {
            throw duplicate(e)
                            || (uniqueId.isPresent()
                                    && undone(e)
                                    && deliveredMeanwhile(user, id, e))
                    ? there(user, id)
                    : Fault.temporary(
                            "a message for "
                                    + locate(user)
                                    + " is not delivered: "
                                    + e.getMessage(),
                            e);
        }
    }

    /** Whether another delivery has brought it, for which the database has undone this one. */
    private boolean deliveredMeanwhile(User user, String uniqueId, SQLException failure) {
        try {
            var mailbox = findMailbox(Ids.key(user.name()));
            return mailbox.isPresent() && has(mailbox.get(), uniqueId);
        } catch (SQLException e) {
            failure.addSuppressed(e);
            return false;
        }
    }

    private Fault there(User user, String uniqueId) {
        return Fault.permanent(locate(user) + " has a message " + uniqueId + " already", null);
    }

    @Override
    public void close() {
        if (collector != null) {
            collector.shutdownNow();
        }
        if (database != null) {
            database.close();
        }
    }

    /** Takes away the bodies and the results that are kept no longer. */
    void collect() {
        try {
            collect(GRACE);
        } catch (SQLException | RuntimeException e) {
            LOG.warn("old bodies are not collected this time: {}", Fault.words(e));
            LOG.debug("old bodies are not collected this time", e);
        }
    }

    /** As {@link #collect()}, of what is older than {@code grace}. */
    void collect(Duration grace) throws SQLException {
        var before = database.clock() + " - " + grace.toMillis();
        database.transaction(connection -> {
            try (var delete =
                    connection.prepareStatement(
                            "DELETE FROM commit_journal WHERE committed_at <= " + before)) {
                return delete.executeUpdate();
            }
        });
        List<String> old;
        do {
            old = database.transaction(connection -> oldBodies(connection, before));
            for (var blob : old) {
                while (database.transaction(connection -> collectSome(connection, blob))) {
                    if (Thread.currentThread().isInterrupted()) {
                        return;
                    }
                }
            }
        } while (old.size() == COLLECTED);
    }

    private static List<String> oldBodies(Connection connection, String before)
            throws SQLException {
        var blobs = new ArrayList<String>();
        try (var query =
                connection.prepareStatement(
                        "SELECT blob_id FROM removed_blob WHERE removed_at <= "
                                + before
                                + " ORDER BY removed_at")) {
            query.setMaxRows(COLLECTED);
            try (var rows = query.executeQuery()) {
                while (rows.next()) {
                    blobs.add(rows.getString(1));
                }
            }
        }
        return blobs;
    }

    /**
     * Takes away the last chunks of a body, and the body's mark once there are none.
     *
     * @return whether chunks are left
     */
    private static boolean collectSome(Connection connection, String blob) throws SQLException {
        try (var query =
                        connection.prepareStatement(
                                "SELECT MAX(n) FROM blob_chunk WHERE blob_id = ?");
                var chunks =
                        connection.prepareStatement(
                                "DELETE FROM blob_chunk WHERE blob_id = ? AND n > ?");
                var mark =
                        connection.prepareStatement("DELETE FROM removed_blob WHERE blob_id = ?")) {
            query.setString(1, blob);
            var left = -1;
            try (var rows = query.executeQuery()) {
                if (rows.next() && rows.getObject(1) != null) {
                    left = rows.getInt(1) - COLLECTED_CHUNKS;
                }
            }
            chunks.setString(1, blob);
            chunks.setInt(2, left);
            chunks.executeUpdate();
            if (left >= 0) {
                return true;
            }
            mark.setString(1, blob);
            mark.executeUpdate();
            return false;
        }
    }

    /** Of the servers that start at the same time on an empty database, one names it. */
    private String databaseId() throws SQLException {
        var there = readDatabaseId();
        if (there.isEmpty()) {
            try {
                database.durable(connection -> {
                    try (var insert =
                            connection.prepareStatement(
                                    "INSERT INTO postern_database (one, id) VALUES (1, ?)")) {
                        insert.setString(1, Ids.random());
                        return insert.executeUpdate();
                    }
                });
            } catch (SQLException e) {
                if (!duplicate(e)) {
                    throw e;
                }
            }
            there = readDatabaseId();
        }
        return there.orElseThrow(() -> new SQLException("postern_database has no row"));
    }

    private Optional<String> readDatabaseId() throws SQLException {
        return database.transaction(connection -> {
            try (var query = connection.prepareStatement("SELECT id FROM postern_database");
                    var rows = query.executeQuery()) {
                return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
            }
        });
    }

    /** The id of a mailbox, which is made if it is not there. */
    private long mailbox(String name) throws SQLException {
        var key = Ids.key(name);
        var there = findMailbox(key);
        for (var attempt = 1; there.isEmpty(); attempt++) {
            try {
                database.durable(connection -> {
                    try (var insert =
                            connection.prepareStatement(
                                    "INSERT INTO mailbox (id, mailbox_key, name, next_seq,"
                                            + " fence_generation, fence_counter)"
                                            + " VALUES (?, ?, ?, 1, 0, 0)")) {
                        insert.setLong(1, Ids.randomNumber());
                        insert.setString(2, key);
                        insert.setString(3, Ids.readable(name, 255));
                        return insert.executeUpdate();
                    }
                });
            } catch (SQLException e) {
                // Another has made it, or is about to.
                if (attempt == ATTEMPTS || !(duplicate(e) || undone(e))) {
                    throw e;
                }
            }
            there = findMailbox(key);
        }
        return there.get();
    }

    private Optional<Long> findMailbox(String key) throws SQLException {
        return database.transaction(connection -> {
            try (var query =
                    connection.prepareStatement("SELECT id FROM mailbox WHERE mailbox_key = ?")) {
                query.setString(1, key);
                try (var rows = query.executeQuery()) {
                    return rows.next() ? Optional.of(rows.getLong(1)) : Optional.empty();
                }
            }
        });
    }

    /** Whether the message is there, once every delivery and commit that runs now is over. */
    private boolean has(long mailbox, String uniqueId) throws SQLException {
        return database.transaction(connection -> {
            nextSeq(connection, mailbox);
            try (var query =
                    connection.prepareStatement(
                            "SELECT seq FROM message WHERE mailbox_id = ? AND unique_id = ?")) {
                query.setLong(1, mailbox);
                query.setString(2, uniqueId);
                try (var rows = query.executeQuery()) {
                    return rows.next();
                }
            }
        });
    }

    private void insert(Connection connection, long mailbox, InputStream stored, String uniqueId)
            throws SQLException {
        var blob = Ids.random();
        var counter = new MessageCounter();
        var octets = 0L;
        try (var insert =
                connection.prepareStatement(
                        "INSERT INTO blob_chunk (blob_id, n, data) VALUES (?, ?, ?)")) {
            var chunk = read(stored);
            for (var n = 0; chunk.length > 0; n++) {
                insert.setString(1, blob);
                insert.setInt(2, n);
                insert.setBytes(3, chunk);
                insert.executeUpdate();
                counter.count(ByteBuffer.wrap(chunk));
                octets += chunk.length;
                chunk = read(stored);
            }
        }
        var size = counter.finish();
        // The mailbox's row last: a slow sender holds up nobody.
        var seq = nextSeq(connection, mailbox);
        try (var insert =
                        connection.prepareStatement(
                                "INSERT INTO message (mailbox_id, seq, unique_id, octets, blob_id,"
                                        + " stored_octets, surrogate_octets, received)"
                                        + " VALUES (?, ?, ?, ?, ?, ?, ?, "
                                        + database.clock()
                                        + ")");
                var update =
                        connection.prepareStatement(
                                "UPDATE mailbox SET next_seq = ? WHERE id = ?")) {
            insert.setLong(1, mailbox);
            insert.setLong(2, seq);
            insert.setString(3, uniqueId);
            insert.setLong(4, size.octets());
            insert.setString(5, blob);
            insert.setLong(6, octets);
            if (size.surrogateOctets() == size.octets()) {
                insert.setNull(7, Types.BIGINT);
            } else {
                insert.setLong(7, size.surrogateOctets());
            }
            insert.executeUpdate();
            update.setLong(1, seq + 1);
            update.setLong(2, mailbox);
            update.executeUpdate();
        }
    }

    /** Locks the mailbox's row. */
    private static long nextSeq(Connection connection, long mailbox) throws SQLException {
        try (var query =
                connection.prepareStatement(
                        "SELECT next_seq FROM mailbox WHERE id = ? FOR UPDATE")) {
            query.setLong(1, mailbox);
            try (var rows = query.executeQuery()) {
                if (!rows.next()) {
                    throw new SQLException("the mailbox has gone: " + mailbox);
                }
                return rows.getLong(1);
            }
        }
    }

    private static byte[] read(InputStream stored) {
        try {
            return stored.readNBytes(BlobStream.CHUNK);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SQLSTATE class 40: the database has undone it for another that met it, as in a deadlock. */
    private static boolean undone(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("40");
    }

    /** SQLSTATE class 23: a constraint says no. */
    private static boolean duplicate(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("23");
    }
}
