package io.postern.store.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.PrivateFiles;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;

import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
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

    private static final String REACH = " See whether it runs and can be reached from here.";

    private final DataSource source;
    private final Dialect dialect;

    /**
     * @param source closed with this object if it can be closed
     */
    Database(DataSource source, Dialect dialect) {
        this.source = source;
        this.dialect = dialect;
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
                        "url",
                        Setting.Kind.TEXT,
                        "The database: jdbc:h2:, jdbc:postgresql: or jdbc:mariadb:. Without it, a"
                                + " file of H2 below the server's state folder."),
                Setting.optional("user", Setting.Kind.TEXT, "Who the server is there."),
                Setting.optional("password", Setting.Kind.SECRET, "And what proves it."),
                Setting.withDefault(
                        "pool-size",
                        Setting.Kind.NUMBER,
                        Integer.toString(connections),
                        "How many connections at most, 2 to 1000."));
    }

    /**
     * Connects, and makes or updates the tables.
     *
     * @param silence how long the database may take to answer one statement, and this server to
     *     send the next one of a transaction; for the latter no longer than ten seconds
     */
    static Database open(PluginConfig config, Duration silence) throws Fault {
        var url = url(config);
        var dialect =
                Dialect.of(url)
                        .orElseThrow(() ->
                                new SettingException(
                                        "url",
                                        "it names no database that this plugin knows",
                                        "Begin it with jdbc:h2:, jdbc:postgresql: or"
                                                + " jdbc:mariadb:."));
        var size = config.number("pool-size");
        if (size < 2 || size > 1000) {
            throw new SettingException("pool-size", "it is " + size, "Give 2 to 1000.");
        }
        var pool = new HikariConfig();
        pool.setJdbcUrl(dialect.complete(url));
        pool.setDriverClassName(driver(url));
        config.optionalText("user").ifPresent(pool::setUsername);
        if (config.has("password")) {
            try (var secret = config.secret("password")) {
                var chars = secret.chars();
                pool.setPassword(new String(chars)); // JDBC takes nothing else
                Arrays.fill(chars, '\0');
            }
        }
        pool.setMaximumPoolSize((int) size);
        pool.setMinimumIdle(1);
        pool.setAutoCommit(false);
        pool.setPoolName("postern-jdbc");
        pool.setConnectionTimeout(Math.clamp(silence.toMillis(), SHORT_WAIT, LONG_WAIT));
        pool.setDataSourceProperties(dialect.properties(silence.toMillis()));
        dialect.idleLimit(Math.min(silence.toMillis(), LONGEST_PAUSE))
                .ifPresent(pool::setConnectionInitSql);
        if (dialect == Dialect.MARIADB) {
            pool.setTransactionIsolation("TRANSACTION_READ_COMMITTED"); // the others' default
        }
        HikariDataSource source;
        try {
            source = new HikariDataSource(pool);
        } catch (PoolInitializationException e) {
            throw Fault.temporary("the database cannot be reached: " + e.getMessage(), e);
        }
        var database = new Database(source, dialect);
        try {
            database.migrate();
        } catch (FlywayException e) {
            database.close();
            throw Fault.permanent("the tables cannot be made or updated: " + e.getMessage(), e);
        }
        return database;
    }

    /** Makes or updates the tables. */
    void migrate() {
        Flyway.configure(Database.class.getClassLoader())
                .dataSource(source)
                .locations("classpath:io/postern/store/jdbc/migration")
                .javaMigrations(CountedAnew.OF_PARTS, CountedAnew.OF_LONG_FIELDS)
                .placeholders(dialect.placeholders())
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
        if (source instanceof HikariDataSource pool) {
            pool.close();
            if (dialect == Dialect.H2) {
                shrink(pool);
            }
        }
    }

    /**
     * Makes a file of H2 smaller if most of it is room that removed mail left, nobody else uses it,
     * and the mail is copied in seconds: H2 gives room back only while it closes the file.
     */
    private static void shrink(HikariConfig closed) {
        var alone = new HikariConfig();
        closed.copyStateTo(alone);
        alone.setMaximumPoolSize(1);
        try (var source = new HikariDataSource(alone);
                var connection = source.getConnection();
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
        } catch (SQLException | PoolInitializationException e) {
            if (!(e instanceof SQLException closing && closing.getErrorCode() == CLOSED)) {
                LOG.warn("the file of H2 is not made smaller", e);
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

    /** Says which database it is and what an operator can do, where the pool does not. */
    private Connection connect() throws SQLException {
        try {
            return source.getConnection();
        } catch (SQLTransientConnectionException e) {
            if (!(source instanceof HikariDataSource pool)) {
                throw e;
            }
            var where = where(pool);
            var cause = e.getCause();
            throw new SQLTransientConnectionException(
                    cause == null
                            ? "all "
                                    + pool.getMaximumPoolSize()
                                    + " connections to "
                                    + where
                                    + " are in use. Raise <pool-size>, or see what makes the"
                                    + " database slow."
                            : where + " gives no connection: " + cause.getMessage() + REACH,
                    "08001",
                    e);
        }
    }

    /** The same of a connection that the database has ended, which the pool did not know yet. */
    private <T> T connected(Connection connection, Work<T> work) throws SQLException {
        try {
            return work.run(connection);
        } catch (LostOutcomeException e) {
            throw e;
        } catch (SQLException e) {
            if (!(source instanceof HikariDataSource pool) || !ended(e)) {
                throw e;
            }
            throw new SQLException(
                    where(pool) + " ended the connection: " + e.getMessage() + REACH,
                    e.getSQLState(),
                    e.getErrorCode(),
                    e);
        }
    }

    /** By the classes of SQLSTATE: connection exception; PostgreSQL's operator intervention. */
    private static boolean ended(SQLException e) {
        var state = e.getSQLState();
        return state != null && (state.startsWith("08") || state.startsWith("57P"));
    }

    /** What may hold a password is left out. */
    private static String where(HikariConfig pool) {
        return pool.getJdbcUrl().replaceFirst("[?;].*", "");
    }

    private static String url(PluginConfig config) throws Fault {
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
        try {
            PrivateFiles.makeFolders(folder);
        } catch (IOException e) {
            throw Fault.permanent(folder + " cannot be made: " + e, e);
        }
        return "jdbc:h2:file:" + folder.resolve("mail");
    }

    /** DriverManager looks for drivers once, before this plugin's folder is read: it is no help. */
    private static String driver(String url) {
        var loader = Database.class.getClassLoader();
        for (var driver : ServiceLoader.load(Driver.class, loader)) {
            try {
                if (driver.acceptsURL(url)) {
                    return driver.getClass().getName();
                }
            } catch (SQLException e) {
                throw (SettingException)
                        new SettingException(
                                        "url",
                                        "the driver cannot read it: " + e.getMessage(),
                                        "See the driver's documentation.")
                                .initCause(e);
            }
        }
        throw new SettingException(
                "url",
                "no driver for it is in the plugin's folder",
                "Put the jar of the database's JDBC driver beside this plugin's jar, for MariaDB"
                        + " mariadb-java-client 3.5 or later.");
    }
}
