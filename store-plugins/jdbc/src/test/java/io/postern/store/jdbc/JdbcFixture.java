package io.postern.store.jdbc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.User;
import io.postern.spi.store.MaildropStore;
import io.postern.testkit.MaildropFixture;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** Mail in one of the databases that all tests share, without any mail at first. */
final class JdbcFixture implements MaildropFixture {
    private final TestDatabase database;
    private final FaultyJdbc faulty;
    private final List<JdbcStore> stores = new ArrayList<>();
    private JdbcStore store;

    JdbcFixture(TestDatabase database) throws Exception {
        this.database = database;
        this.faulty = new FaultyJdbc(database.source());
        for (var table :
                List.of("message", "mailbox", "blob_chunk", "removed_blob", "commit_journal")) {
            plain().transaction(connection -> {
                try (var delete = connection.prepareStatement("DELETE FROM " + table)) {
                    return delete.executeUpdate();
                }
            });
        }
        this.store = newStore();
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(
                Ability.RESTART,
                Ability.SECOND_STORE,
                Ability.FAIL_OPEN,
                Ability.FAIL_REMOVAL,
                Ability.LOSE_OUTCOME,
                Ability.KEEPS_RESULTS,
                Ability.DELIVERY,
                Ability.KEEPS_GIVEN_IDS,
                Ability.SURROGATES);
    }

    @Override
    public MaildropStore store() {
        return store;
    }

    @Override
    public User user(String name) {
        return new User(name);
    }

    @Override
    public void deliver(User user, byte[] stored) throws Exception {
        deliver(user, new ByteArrayInputStream(stored));
    }

    @Override
    public void deliver(User user, InputStream stored) throws Exception {
        var _ = store.deliver(user, stored, Optional.empty());
    }

    /** Its body, too, so that a reader must notice. */
    @Override
    public void vanish(User user, byte[] stored) throws Exception {
        var found =
                messages(user).entrySet().stream()
                        .filter(message -> Arrays.equals(stored, message.getValue()))
                        .findFirst()
                        .orElseThrow();
        for (var table : List.of("message", "blob_chunk")) {
            var removed =
                    plain().transaction(connection -> {
                        try (var delete =
                                connection.prepareStatement(
                                        "DELETE FROM " + table + " WHERE blob_id = ?")) {
                            delete.setString(1, found.getKey());
                            return delete.executeUpdate();
                        }
                    });
            assertTrue(removed > 0 || stored.length == 0, table);
        }
    }

    @Override
    public List<byte[]> stored(User user) throws Exception {
        return List.copyOf(messages(user).values());
    }

    @Override
    public void restart() throws Exception {
        store.close();
        store = newStore();
    }

    @Override
    public MaildropStore secondStore() throws Exception {
        return newStore();
    }

    /** Fails at the second row, with the first one already read. */
    @Override
    public void failOpen(User user) {
        var rows = new AtomicInteger();
        faulty.rule(operation ->
                operation.startsWith("next SELECT seq, octets") && rows.incrementAndGet() % 2 == 0
                        ? FaultyJdbc.Mode.BEFORE
                        : null);
    }

    @Override
    public void failRemoval(User user, byte[] stored) {
        faulty.rule(operation ->
                operation.startsWith("executeUpdate DELETE FROM message")
                        ? FaultyJdbc.Mode.BEFORE
                        : null);
    }

    /** The first commit after a journal entry takes effect, and the connection is lost. */
    @Override
    public void loseOutcome(User user) {
        var entries = new AtomicInteger();
        faulty.rule(operation -> {
            if (operation.startsWith("executeUpdate INSERT INTO commit_journal")) {
                entries.incrementAndGet();
            }
            return operation.startsWith("commit") && entries.compareAndSet(1, 2)
                    ? FaultyJdbc.Mode.LOST_AFTER
                    : null;
        });
    }

    @Override
    public void mend(User user) {
        faulty.mend();
    }

    @Override
    public void close() {
        faulty.mend();
        stores.forEach(JdbcStore::close);
    }

    /** The octets of all messages by the id of their body, read by statements of the test's own. */
    private Map<String, byte[]> messages(User user) throws SQLException {
        return plain().transaction(connection -> {
            var bodies = new LinkedHashMap<String, ByteArrayOutputStream>();
            try (var query =
                    connection.prepareStatement(
                            "SELECT m.blob_id, c.data FROM mailbox b"
                                    + " JOIN message m ON m.mailbox_id = b.id"
                                    + " LEFT JOIN blob_chunk c ON c.blob_id = m.blob_id"
                                    + " WHERE b.name = ? ORDER BY m.seq, c.n")) {
                query.setString(1, user.name());
                try (var rows = query.executeQuery()) {
                    while (rows.next()) {
                        var body =
                                bodies.computeIfAbsent(
                                        rows.getString(1), _ -> new ByteArrayOutputStream());
                        var chunk = rows.getBytes(2);
                        if (chunk != null) {
                            body.writeBytes(chunk);
                        }
                    }
                }
            }
            var messages = new LinkedHashMap<String, byte[]>();
            bodies.forEach((blob, body) -> messages.put(blob, body.toByteArray()));
            return messages;
        });
    }

    private Database plain() {
        return database.over(database.source());
    }

    private JdbcStore newStore() throws Exception {
        var next = new JdbcStore();
        next.begin(database.over(faulty.source()));
        stores.add(next);
        return next;
    }
}
