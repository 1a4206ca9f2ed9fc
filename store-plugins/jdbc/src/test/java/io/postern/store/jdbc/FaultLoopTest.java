package io.postern.store.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MessageRef;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;

/**
 * A session, or a delivery, in which the first operation on the database fails, then the second,
 * and so on until the run succeeds; in every way an operation can fail. After each, everything
 * works again, and what must hold is looked at.
 */
class FaultLoopTest {
    private static final LockOwner OWNER = new LockOwner("node", "session", "alice");

    /** Long, so that no renewal comes between the operations that are counted. */
    private static final Duration TTL = Duration.ofMinutes(10);

    /** One way of failing from a point on. */
    @FunctionalInterface
    private interface Way {
        /**
         * @return how many operations there were
         */
        IntSupplier failAt(int point);
    }

    /**
     * @param marked message-numbers
     */
    private record Shape(int messages, List<Integer> marked) {}

    private final JdbcStore clean = new JdbcStore();
    private final JdbcStore store = new JdbcStore();
    private final JdbcLocks locks = new JdbcLocks();
    private final JdbcLocks others = new JdbcLocks();
    private final AtomicInteger users = new AtomicInteger();
    private TestDatabase database;
    private FaultyJdbc faulty;

    /**
     * What a commit may take; little where it would wait for a database that does not come back.
     */
    private Duration limit = Duration.ofSeconds(60);

    @BeforeEach
    void begin() throws Exception {
        database = TestDatabase.inMemory();
        faulty = new FaultyJdbc(database.source());
        clean.begin(database.over(database.source()));
        store.begin(database.over(faulty.source()));
        locks.begin(database.over(faulty.source()), TTL);
        others.begin(database.over(database.source()), TTL);
    }

    @AfterEach
    void end() {
        faulty.mend();
        locks.close();
        others.close();
        store.close();
        clean.close();
        database.close();
    }

    @Test
    void aSessionLosesNothingWhateverFails() throws Exception {
        var shapes =
                List.of(
                        new Shape(1, List.of(1)),
                        new Shape(3, List.of(2)),
                        new Shape(3, List.of(1, 3)),
                        new Shape(5, List.of(2, 4)));
        var points = 0;
        for (var shape : shapes) {
            for (var way : ways()) {
                points += everyPoint(way, failing -> session(shape, failing));
            }
        }
        // More than one batch, in the way that tells most; not at every row of the listing.
        var large = new Shape(1010, IntStream.rangeClosed(5, 1006).boxed().toList());
        points += everyPoint(this::lostAfterStatement, failing -> session(large, failing));
        System.out.println("counted " + points + " fault points of jdbc (session)");
        assertTrue(points > 500, points + " points");
    }

    @Test
    void aDeliveryIsWholeOrNotThereWhateverFails() throws Exception {
        var points = 0;
        for (var size : List.of(0, 10, 600_000)) {
            for (var way : ways()) {
                points += everyPoint(way, failing -> delivery(size, failing));
            }
        }
        System.out.println("counted " + points + " fault points of jdbc (delivery)");
        assertTrue(points > 100, points + " points");
    }

    private List<Way> ways() {
        return List.of(
                point -> faulty.failAt(point, FaultyJdbc.Mode.BEFORE)::get,
                point -> faulty.failAt(point, FaultyJdbc.Mode.AFTER)::get,
                point -> faulty.failAt(point, FaultyJdbc.Mode.LOST_BEFORE)::get,
                point -> faulty.failAt(point, FaultyJdbc.Mode.LOST_AFTER)::get,
                this::goneFrom);
    }

    private IntSupplier lostAfterStatement(int point) {
        var count = new AtomicInteger();
        faulty.rule(operation ->
                !operation.startsWith("next") && count.incrementAndGet() == point
                        ? FaultyJdbc.Mode.LOST_AFTER
                        : null);
        return count::get;
    }

    /** The operation takes effect, and the database is gone from then on. */
    private IntSupplier goneFrom(int point) {
        limit = Duration.ofSeconds(2);
        var count = new AtomicInteger();
        faulty.rule(_ -> {
            var now = count.incrementAndGet();
            return now < point
                    ? null
                    : now == point ? FaultyJdbc.Mode.LOST_AFTER : FaultyJdbc.Mode.LOST_BEFORE;
        });
        return count::get;
    }

    @FunctionalInterface
    private interface Run {
        /**
         * @param failing makes it fail from where it is called
         * @return whether it succeeded
         */
        boolean with(Runnable failing) throws Exception;
    }

    private int everyPoint(Way way, Run run) throws Exception {
        for (var point = 1; ; point++) {
            var at = point;
            limit = Duration.ofSeconds(60);
            var operations = new AtomicReference<IntSupplier>();
            var succeeded = run.with(() -> operations.set(way.failAt(at)));
            faulty.mend();
            if (operations.get().getAsInt() < at) {
                assertTrue(succeeded, "a run without a fault");
                return point - 1;
            }
        }
    }

    private boolean session(Shape shape, Runnable failing) throws Exception {
        var user = new User("alice" + users.incrementAndGet());
        fill(user, shape.messages());
        var before = listed(user);
        var commitId = UUID.randomUUID();
        List<MessageRef> marked =
                shape.marked().stream()
                        .map(number -> new MessageRef(number, before.get(number - 1L)))
                        .toList();

        failing.run();
        var result = attempt(user, commitId, marked);
        faulty.mend();
        locks.beat();

        var after = listed(user);
        var left = new TreeMap<>(before);
        shape.marked().forEach(number -> left.remove(number - 1L));
        assertTrue(
                after.equals(left) || after.equals(before),
                () -> "all that was marked is gone, or nothing is; not " + after);
        if (result.isPresent()) {
            switch (result.get().status()) {
                case OK -> assertEquals(left, after);
                case PARTIAL, FENCED -> assertEquals(before, after);
                case UNKNOWN -> assertEquals(0, result.get().removed());
            }
        } else {
            assertEquals(before, after, "no commit was asked for");
        }

        // The lock is free at once, and the same commit again does what was not done.
        var id = clean.locate(user);
        try (var lease =
                        assertInstanceOf(
                                        Acquisition.Acquired.class,
                                        others.tryAcquire(id, OWNER, Duration.ZERO),
                                        "the lock afterwards")
                                .lease();
                var drop = clean.open(id, lease.token())) {
            assertEquals(
                    CommitResult.ok(marked.size(), 0),
                    drop.commit(request(commitId, lease.token(), marked)));
        }
        assertEquals(left, listed(user));
        return result.isPresent() && result.get().status() == Status.OK;
    }

    /** What a server does; empty where it did not come to the commit. */
    private Optional<CommitResult> attempt(User user, UUID commitId, List<MessageRef> marked)
            throws InterruptedException {
        var id = store.locate(user);
        if (!(locks.tryAcquire(id, OWNER, Duration.ZERO)
                instanceof Acquisition.Acquired(Lease lease))) {
            return Optional.empty();
        }
        Maildrop drop;
        try (lease) {
            drop = store.open(id, lease.token());
            try (drop) {
                return Optional.of(drop.commit(request(commitId, lease.token(), marked)));
            }
        } catch (Fault told) {
            return Optional.empty();
        }
    }

    private boolean delivery(int size, Runnable failing) throws Exception {
        var user = new User("alice" + users.incrementAndGet());
        var body = "x".repeat(size).getBytes(StandardCharsets.US_ASCII);
        failing.run();
        Optional<String> said;
        try {
            said =
                    Optional.of(
                            store.deliver(user, new ByteArrayInputStream(body), Optional.empty()));
        } catch (Fault | IOException told) {
            said = Optional.empty();
        }
        faulty.mend();
        try (var drop = clean.open(clean.locate(user), new FencingToken(1, 1))) {
            var count = drop.listing().count();
            assertTrue(count == 1 || (count == 0 && said.isEmpty()), "messages: " + count);
            if (count == 1) {
                assertEquals(said.orElse(drop.listing().uniqueId(1)), drop.listing().uniqueId(1));
                assertEquals(size == 0 ? 0 : size + 2, drop.listing().octets(1));
                try (var in = drop.content(1)) {
                    assertArrayEquals(body, in.readAllBytes());
                }
            }
        }
        return said.isPresent();
    }

    /** Messages numbered from 1, whose places in the mailbox are numbered from 0. */
    private void fill(User user, int messages) throws Exception {
        clean.open(clean.locate(user), new FencingToken(0, 1)).close();
        database.over(database.source())
                .transaction(connection -> {
                    try (var insert =
                            connection.prepareStatement(
                                    "INSERT INTO message (mailbox_id, seq, unique_id, octets,"
                                            + " blob_id, stored_octets, received) SELECT id, x,"
                                            + " CONCAT('id-', x), 10 * x, CONCAT(name, '.', x), 0,"
                                            + " 0 FROM mailbox, SYSTEM_RANGE(0, ?)"
                                            + " WHERE name = ?")) {
                        insert.setInt(1, messages - 1);
                        insert.setString(2, user.name());
                        return insert.executeUpdate();
                    }
                });
    }

    /** The unique-id of each message that is there, by its place. */
    private Map<Long, String> listed(User user) throws SQLException {
        return database.over(database.source())
                .transaction(connection -> {
                    var ids = new TreeMap<Long, String>();
                    try (var query =
                            connection.prepareStatement(
                                    "SELECT m.seq, m.unique_id FROM mailbox b"
                                            + " JOIN message m ON m.mailbox_id = b.id"
                                            + " WHERE b.name = ?")) {
                        query.setString(1, user.name());
                        try (var rows = query.executeQuery()) {
                            while (rows.next()) {
                                ids.put(rows.getLong(1), rows.getString(2));
                            }
                        }
                    }
                    return ids;
                });
    }

    private CommitRequest request(UUID commitId, FencingToken token, List<MessageRef> marked) {
        return new CommitRequest(commitId, token, marked, List.of(), limit);
    }
}
