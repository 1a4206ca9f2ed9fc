package io.postern.store.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.User;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.MessageRef;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;

/** A PostgreSQL that goes away in the middle of a message, and comes back. */
class OutageTest {
    private static final User ALICE = new User("alice");
    private static final LockOwner OWNER = new LockOwner("node", "session", "alice");

    /** Shorter than in a server, so that the test does not wait long. */
    private static final Duration SILENCE = Duration.ofSeconds(3);

    @TempDir private Path scratch;

    @Test
    void aDatabaseThatGoesAwayEndsTheSessionAndTheNextLoginAfterItIsBackWorks() throws Exception {
        var postgres = postgres(0);
        var port = postgres.getPort();
        try (var store = new JdbcStore();
                var locks = new JdbcLocks()) {
            store.begin(Database.open(config(store.settings(), port), SILENCE));
            locks.begin(
                    Database.open(config(locks.settings(), port), SILENCE), Duration.ofSeconds(30));
            var body = new byte[8 << 20];
            new Random(1).nextBytes(body);
            store.deliver(ALICE, new ByteArrayInputStream(body), Optional.empty());
            var id = store.locate(ALICE);

            try (var lease = acquired(locks.tryAcquire(id, OWNER, Duration.ZERO));
                    var drop = store.open(id, lease.token());
                    var in = drop.content(1)) {
                assertEquals(1 << 20, in.readNBytes(1 << 20).length);
                postgres.close();
                assertThrows(IOException.class, in::readAllBytes);
                // What QUIT would ask for; nothing is removed.
                var marked = List.of(new MessageRef(1, drop.listing().uniqueId(1)));
                var result =
                        drop.commit(
                                new CommitRequest(
                                        UUID.randomUUID(),
                                        lease.token(),
                                        marked,
                                        List.of(),
                                        Duration.ofSeconds(1)));
                assertEquals(Status.PARTIAL, result.status());
                var refused =
                        assertThrows(Fault.class, () -> store.open(id, lease.token()).close());
                assertEquals(Fault.Kind.TEMPORARY, refused.kind());
                var says = refused.getMessage();
                assertTrue(says.contains("jdbc:postgresql://localhost:" + port), says);
                assertTrue(says.contains("See whether it runs"), says);
            }
            assertInstanceOf(
                    Acquisition.Unavailable.class, locks.tryAcquire(id, OWNER, Duration.ZERO));

            try (var back = postgres(port);
                    // The pool tries again every few seconds.
                    var lease =
                            acquired(
                                    Awaitility.await()
                                            .atMost(Duration.ofSeconds(60))
                                            .until(
                                                    () ->
                                                            locks.tryAcquire(
                                                                    id, OWNER, Duration.ZERO),
                                                    Acquisition.Acquired.class::isInstance));
                    var drop = store.open(id, lease.token());
                    var in = drop.content(1)) {
                assertEquals(port, back.getPort());
                assertEquals(1, drop.listing().count());
                assertArrayEquals(body, in.readAllBytes());
            }
        } finally {
            postgres.close();
        }
    }

    @Test
    void aConnectionThatTheDatabaseEndsIsTold() throws Exception {
        try (var postgres = postgres(0);
                var store = new JdbcStore();
                var database =
                        Database.open(config(store.settings(), postgres.getPort()), SILENCE)) {
            var told =
                    assertThrows(
                            SQLException.class,
                            () ->
                                    database.transaction(connection -> {
                                        try (var statement = connection.createStatement()) {
                                            return statement.execute(
                                                    "SELECT pg_terminate_backend(pg_backend_pid())");
                                        }
                                    }));
            var says = told.getMessage();
            assertTrue(says.contains("jdbc:postgresql://localhost:" + postgres.getPort()), says);
            assertTrue(says.contains("ended the connection"), says);
            assertTrue(says.contains("See whether it runs"), says);
        }
    }

    /**
     * @param port 0 for a free one
     */
    private EmbeddedPostgres postgres(int port) throws IOException {
        return EmbeddedPostgres.builder()
                .setPort(port)
                .setDataDirectory(scratch.resolve("data"))
                .setCleanDataDirectory(false)
                .start();
    }

    private PluginConfig config(List<Setting> settings, int port) {
        return new PluginConfig(
                settings,
                Map.of(
                        "url",
                        List.of("jdbc:postgresql://localhost:" + port + "/postgres"),
                        "user",
                        List.of("postgres")),
                scratch,
                scratch.resolve("state"));
    }

    private static Lease acquired(Acquisition outcome) {
        return assertInstanceOf(Acquisition.Acquired.class, outcome).lease();
    }
}
