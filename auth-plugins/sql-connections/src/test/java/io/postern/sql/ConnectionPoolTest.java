package io.postern.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class ConnectionPoolTest {
    /** Longer than any test may take. */
    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir private Path folder;

    private static ConnectionPool pool(Access access, int size, Duration longestWait) {
        return new ConnectionPool(
                access,
                new ConnectionPool.Rules(
                        "test",
                        size,
                        longestWait,
                        true,
                        false,
                        new Properties(),
                        Optional.empty()));
    }

    private static void execute(String url, String... statements) throws SQLException {
        try (var connection = DriverManager.getConnection(url);
                var statement = connection.createStatement()) {
            for (var text : statements) {
                statement.execute(text);
            }
        }
    }

    @Test
    void aRefusalIsHeardAtOnceAndNotAfterTheWait() throws Exception {
        var url = "jdbc:h2:mem:refusal;DB_CLOSE_DELAY=-1";
        execute(url, "CREATE USER anna PASSWORD 'right'");
        try (var pool =
                        pool(
                                AccessTest.access(
                                        "jdbc:h2:mem:refusal", "user", "anna", "password", "wrong"),
                                5,
                                LONG);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var asking = new ArrayList<Future<NoConnectionException>>();
            for (int i = 0; i < 30; i++) {
                asking.add(
                        threads.submit(
                                () -> assertThrows(NoConnectionException.class, pool::connection)));
            }
            for (var one : asking) {
                assertEquals("password", one.get().mistake().orElseThrow().setting());
            }
            execute(url, "ALTER USER anna SET PASSWORD 'wrong'");
            try (var connection = pool.connection()) {
                assertTrue(connection.isValid(1), "it goes on by itself");
            }
        }
    }

    @Test
    void aPoolThatIsUsedUpIsSaidToBe() throws Exception {
        try (var pool = pool(AccessTest.access("jdbc:h2:mem:used"), 2, Duration.ofSeconds(10));
                var first = pool.connection();
                var second = pool.connection()) {
            assertTrue(first.isValid(1) && second.isValid(1));
            var failure = assertThrows(NoConnectionException.class, pool::connection);
            assertTrue(failure.getMessage().startsWith("all 2 "), failure.getMessage());
            assertTrue(failure.getMessage().contains("<pool-size>"), failure.getMessage());
            assertTrue(failure.mistake().isEmpty());
        }
    }

    @Test
    void connectionsAreUsedAgain() throws Exception {
        try (var pool = pool(AccessTest.access("jdbc:h2:mem:again"), 2, LONG)) {
            var sessions = new java.util.HashSet<Object>();
            for (int i = 0; i < 10; i++) {
                try (var connection = pool.connection()) {
                    sessions.add(session(connection));
                }
            }
            assertEquals(1, sessions.size(), "sessions of the database");
        }
    }

    private static Object session(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT session_id()")) {
            rows.next();
            return rows.getObject(1);
        }
    }

    @Test
    void connectionsThatAreGoneAreMadeAgain() throws Exception {
        var url = "jdbc:h2:mem:gone;DB_CLOSE_DELAY=-1";
        try (var pool = pool(AccessTest.access(url), 2, LONG)) {
            pool.connection().close();
            execute(
                    url,
                    "SELECT abort_session(session_id) FROM information_schema.sessions"
                            + " WHERE session_id <> session_id()");
            pool.evict();
            try (var connection = pool.connection()) {
                assertTrue(connection.isValid(1));
            }
        }
    }

    /** The file is open in one process, this one. */
    @Test
    void aFileOfH2ThatAnotherProcessHasOpenIsSaidInOneSentence() throws Exception {
        var url = "jdbc:h2:file:" + folder.resolve("mail");
        var holder =
                new ProcessBuilder(
                                System.getProperty("java.home") + "/bin/java",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Holder.class.getName(),
                                url)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (var told = holder.inputReader()) {
            assertEquals("open", told.readLine());
            try (var pool = pool(AccessTest.access(url), 2, LONG)) {
                var failure = assertThrows(NoConnectionException.class, pool::connection);
                assertEquals(
                        url
                                + " is in use by another process, most likely by a running server:"
                                + " stop that first, or keep the data in PostgreSQL or MariaDB,"
                                + " which several processes can use",
                        failure.getMessage());
                assertTrue(failure.mistake().isEmpty());
            }
        } finally {
            holder.destroyForcibly().waitFor();
        }
    }

    /** Opens a database and keeps it, as a server does. */
    static final class Holder {
        public static void main(String[] args) throws Exception {
            try (var connection = DriverManager.getConnection(args[0])) {
                System.out.println(connection.isValid(1) ? "open" : "closed");
                var _ = System.in.read();
            }
        }
    }
}
