package io.postern.store.jdbc;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.PrivateFiles;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.sql.Access;
import io.postern.sql.ConnectionPool;
import io.postern.sql.NoConnectionException;

import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

import javax.sql.DataSource;

/**
 * A pool of connections to a database whose tables are there. Safe for use by any number of
 * threads.
 *
 * <p>The work of a caller runs on a thread of its own, and an interrupt of the caller waits until
 * the work is over: it would close the driver's connection, or the file of H2, in mid-statement.
 */
final class Database implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Database.class);

    /** Bounds of the wait for a connection, milliseconds. */
    private static final int SHORT_WAIT = 1000;

    private static final int LONG_WAIT = 10_000;

    /**
     * Silence in mid-change after which the database undoes it, at most, milliseconds. Others that
     * need the same rows wait for that long, and clients with them: it is less than most of these
     * are ready to wait, and more than a pause of the JVM takes.
     */
    private static final int LONGEST_PAUSE = 10_000;

    /** What a file may be larger than needed, octets. */
    private static final long MUCH_ROOM = 32 << 20;

    /** Octets that are copied in the time that a stop may take. */
    private static final long QUICKLY_COPIED = 256 << 20;

    /** What H2 says of a database that is closed. */
    private static final int CLOSED = 90121;

    private final DataSource source;
    private final Dialect dialect;

    /** Empty where a test has a source of its own. */
    private final Optional<ConnectionPool> pool;

    private Database(ConnectionPool pool, Dialect dialect) {
        this.source = pool.source();
        this.dialect = dialect;
        this.pool = Optional.of(pool);
    }

    /**
     * @param source the caller's, who closes it
     */
    Database(DataSource source, Dialect dialect) {
        this.source = source;
        this.dialect = dialect;
        this.pool = Optional.empty();
    }

    /** What a caller does with a connection, in one transaction. */
    @FunctionalInterface
    interface Work<T> {
        /**
         * @param connection without auto-commit; neither committed, rolled back nor closed here
         */
        T run(Connection connection) throws SQLException;
    }

    /** The settings that store and locks share. */
    static List<Setting> settings(int connections) {
        return List.of(
                Setting.optional(
                        Access.URL,
                        Setting.Kind.TEXT,
                        "The database: jdbc:h2:, jdbc:postgresql: or jdbc:mariadb:. Without it, a"
                                + " file of H2 below the server's state folder."),
                Access.USER_SETTING,
                Access.PASSWORD_SETTING,
                Setting.withDefault(
                                "pool-size",
                                Setting.Kind.NUMBER,
                                Integer.toString(connections),
                                "How many connections at most.")
                        .between("2", "1000"));
    }

    /**
     * Where the settings say that it is. Asks nobody.
     *
     * @throws SettingException if it cannot be there
     */
    static Access access(PluginConfig config) {
        var url = url(config);
        var dialect =
                Dialect.of(url)
                        .orElseThrow(() ->
                                new SettingException(
                                        Access.URL,
                                        "it names no database that this plugin knows",
                                        "Begin it with jdbc:h2:, jdbc:postgresql: or"
                                                + " jdbc:mariadb:."));
        return Access.of(url, config, Database.class).at(dialect.complete(url));
    }

    /**
     * Connects, and makes or updates the tables.
     *
     * @param silence how long the database may take to answer one statement, and this server to
     *     send the next one of a transaction; for the latter no longer than ten seconds
     * @throws SettingException if the database refuses this server, or is not there to be used
     * @throws Fault if it cannot be reached, or the tables cannot be made
     */
    static Database open(PluginConfig config, Duration silence) throws Fault {
        var access = access(config);
        if (!config.has(Access.URL)) {
            try {
                PrivateFiles.makeFolders(config.stateFolder());
            } catch (IOException e) {
                throw Fault.permanent(config.stateFolder() + " cannot be made", e);
            }
        }
        var dialect = Dialect.of(url(config)).orElseThrow();
        var pool =
                new ConnectionPool(
                        access,
                        new ConnectionPool.Rules(
                                "postern-jdbc",
                                (int) config.number("pool-size"),
                                Duration.ofMillis(
                                        Math.clamp(silence.toMillis(), SHORT_WAIT, LONG_WAIT)),
                                false,
                                dialect == Dialect.MARIADB, // the others' default
                                dialect.properties(silence.toMillis()),
                                dialect.idleLimit(Math.min(silence.toMillis(), LONGEST_PAUSE))));
        var database = new Database(pool, dialect);
        var done = false;
        try {
            pool.connection().close();
            database.migrate();
            done = true;
            return database;
        } catch (NoConnectionException e) {
            if (e.mistake().isPresent()) {
                throw e.mistake().get();
            }
            throw Fault.temporary(e.getMessage(), e);
        } catch (SQLException e) {
            throw Fault.temporary("the first connection ended", e);
        } catch (FlywayException e) {
            throw Fault.permanent(
                    "the tables in " + access + " cannot be made or updated: " + Fault.words(e),
                    null);
        } finally {
            if (!done) {
                pool.close();
            }
        }
    }

    /** Makes or updates the tables. */
    void migrate() {
        Flyway.configure(Database.class.getClassLoader())
                .dataSource(source)
                .locations("classpath:io/postern/store/jdbc/migration")
                .javaMigrations(CountedAnew.OF_PARTS, CountedAnew.OF_LONG_FIELDS)
                .placeholders(dialect.placeholders())
                .loggers("slf4j")
                .table("postern_schema")
                // The database may have other tables.
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .load()
                .migrate();
    }

    /** An SQL expression: milliseconds since 1970 by the database's clock. */
    String clock() {
        return dialect.clock();
    }

    /**
     * One transaction.
     *
     * @throws LostOutcomeException if it is not known whether it is committed
     * @throws SQLException if it is rolled back
     */
    <T> T transaction(Work<T> work) throws SQLException {
        return apart(connection -> commit(connection, work));
    }

    /** {@link #transaction}, and what it did is on the disk when this returns. */
    <T> T durable(Work<T> work) throws SQLException {
        if (dialect != Dialect.H2) {
            return transaction(work);
        }
        return apart(connection -> {
            var result = commit(connection, work);
            try (var statement = connection.createStatement()) {
                // H2 writes when there is enough to write otherwise.
                statement.execute("CHECKPOINT SYNC");
                return result;
            } catch (SQLException e) {
                throw new LostOutcomeException(e);
            }
        });
    }

    @Override
    public void close() {
        if (pool.isPresent()) {
            pool.get().close();
            if (dialect == Dialect.H2) {
                shrink(pool.get());
            }
        }
    }

    /**
     * Makes a file of H2 smaller if most of it is room that removed mail left, nobody else uses it,
     * and the mail is copied in seconds: H2 gives room back only while it closes the file.
     *
     * @param closed which still knows how to connect
     */
    private static void shrink(ConnectionPool closed) {
        try (var connection = closed.single();
                var statement = connection.createStatement()) {
            var size = info(statement, "FILE_SIZE");
            var live =
                    size
                            * info(statement, "FILL_RATE")
                            / 100
                            * info(statement, "CHUNKS_FILL_RATE")
                            / 100;
            if (size - live > MUCH_ROOM
                    && size > 2 * live
                    && live < QUICKLY_COPIED
                    && number(statement, "SELECT COUNT(*) FROM information_schema.sessions") == 1) {
                LOG.info("the file of H2 is made smaller: {} octets, {} in use", size, live);
                statement.execute("SHUTDOWN COMPACT");
            }
        } catch (SQLException e) {
            if (e.getErrorCode() != CLOSED) {
                LOG.warn("the file of H2 is not made smaller: {}", Fault.words(e));
                LOG.debug("the file of H2 is not made smaller", e);
            }
        }
    }

    /** What H2 says of its file; nothing, as zero, of a database in memory. */
    private static long info(Statement statement, String name) throws SQLException {
        return number(
                statement,
                "SELECT setting_value FROM information_schema.settings WHERE setting_name = 'info."
                        + name
                        + "'");
    }

    private static long number(Statement statement, String sql) throws SQLException {
        try (var rows = statement.executeQuery(sql)) {
            return rows.next() ? rows.getLong(1) : 0;
        }
    }

    private static <T> T commit(Connection connection, Work<T> work) throws SQLException {
        T result;
        try {
            connection.setAutoCommit(false);
            result = work.run(connection);
        } catch (SQLException | RuntimeException | Error e) {
            try {
                connection.rollback();
            } catch (SQLException also) {
                e.addSuppressed(also); // the database does it when the connection ends
            }
            throw e;
        }
        try {
            connection.commit();
        } catch (SQLException e) {
            throw new LostOutcomeException(e);
        }
        return result;
    }

    private <T> T apart(Work<T> work) throws SQLException {
        var task =
                new FutureTask<>(() -> {
                    try (var connection = connect()) {
                        return connected(connection, work);
                    }
                });
        Thread.ofVirtual().name("jdbc").start(task);
        var interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case SQLException failed -> throw failed;
                case RuntimeException failed -> throw failed;
                case Error failed -> throw failed;
                case Throwable failed -> throw new IllegalStateException(failed);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Connection connect() throws SQLException {
        return pool.isPresent() ? pool.get().connection() : source.getConnection();
    }

    /** Says of a connection that the database has ended which database it is, and what to do. */
    private <T> T connected(Connection connection, Work<T> work) throws SQLException {
        try {
            return work.run(connection);
        } catch (LostOutcomeException e) {
            throw e;
        } catch (SQLException e) {
            if (pool.isEmpty() || !Access.lost(e)) {
                throw e;
            }
            throw new SQLException(
                    pool.get().access()
                            + " ended the connection: "
                            + e.getMessage()
                            + ". See whether it runs and can be reached from here",
                    e.getSQLState(),
                    e.getErrorCode(),
                    e);
        }
    }

    private static String url(PluginConfig config) {
        if (config.has("url")) {
            return config.text("url");
        }
        var folder = config.stateFolder();
        if (folder.toString().contains(";")) {
            throw new SettingException(
                    "url",
                    "it is missing, and H2 takes no file below " + folder,
                    "Give it, or install the server in a folder without a semicolon.");
        }
        return "jdbc:h2:file:" + folder.resolve("mail");
    }
}
