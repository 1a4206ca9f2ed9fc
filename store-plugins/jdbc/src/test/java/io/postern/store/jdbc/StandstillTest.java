package io.postern.store.jdbc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.postern.spi.PluginConfig;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A server that stands still in mid-change, as one that is stopped by a signal does. */
class StandstillTest {
    @TempDir private Path scratch;

    @ParameterizedTest
    @CsvSource({"POSTGRESQL, PT1S", "POSTGRESQL, PT90S", "MARIADB, PT1S", "MARIADB, PT90S"})
    void itsRowsAreFreeForOthersSoon(Dialect dialect, Duration silence) throws Exception {
        var url = TestDatabase.start(dialect);
        try (var still = Database.open(config(url), silence);
                var other = Database.open(config(url), silence)) {
            var change = "UPDATE pop3_node SET expires = expires + 1 WHERE id = 'still'";
            other.transaction(connection ->
                    run(
                            connection,
                            "INSERT INTO pop3_node (id, expires, revocations) VALUES ('still', 1,"
                                    + " 0)"));
            var changed = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            var stuck =
                    new FutureTask<>(() ->
                            still.transaction(connection -> {
                                var rows = run(connection, change);
                                changed.countDown();
                                hold(goOn);
                                return rows;
                            }));
            Thread.ofVirtual().start(stuck);
            changed.await();
            try {
                await().atMost(Duration.ofSeconds(20))
                        .ignoreException(SQLException.class)
                        .until(() -> other.transaction(connection -> run(connection, change)) == 1);
            } finally {
                goOn.countDown();
            }
            assertThrows(ExecutionException.class, stuck::get, "what it changed is undone");
        }
    }

    private PluginConfig config(String url) throws Exception {
        try (var store = new JdbcStore()) {
            return new PluginConfig(
                    store.settings(),
                    Map.of("url", List.of(url)),
                    scratch,
                    scratch.resolve("state"));
        }
    }

    private static int run(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    private static void hold(CountDownLatch until) {
        try {
            until.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
