package io.postern.sql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

import javax.sql.DataSource;

/**
 * Connections to one database. Whoever needs one while there is none connects in person, one at a
 * time, and so hears at once what is wrong; a pool by itself would let everybody wait, and then say
 * that they have waited. Any number of threads.
 */
public final class ConnectionPool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionPool.class);

    /** Between two looks at whether the pool has any connection at all, while one waits for it. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final Access access;
    private final Rules rules;
    private final DriverConnections driver;
    private final HikariDataSource pool;
    private final ReentrantLock connecting = new ReentrantLock();

    // Guarded by connecting.
    private SQLException failure;
    private long failedNanos;

    /**
     * How connections are made and kept.
     *
     * @param name for the names of threads
     * @param size how many at most, 1 or more
     * @param longestWait for how long a caller waits for one, at least a second
     * @param autoCommit whether each statement is a transaction
     * @param readCommitted whether transactions see what others have committed, where that is not
     *     what the database does anyway
     * @param properties of the driver, which the URL may override
     * @param firstStatement what each connection begins with
     */
    public record Rules(
            String name,
            int size,
            Duration longestWait,
            boolean autoCommit,
            boolean readCommitted,
            Properties properties,
            Optional<String> firstStatement) {}

    /** Makes the pool, which connects when it is asked. */
    public ConnectionPool(Access access, Rules rules) {
        this.access = access;
        this.rules = rules;
        this.driver = new DriverConnections(access, rules);
        var config = new HikariConfig();
        config.setPoolName(rules.name());
        config.setDataSource(driver);
        config.setMaximumPoolSize(rules.size());
        // None that nobody waits for: the pool does not try by itself, and so is never behind.
        config.setMinimumIdle(0);
        config.setAutoCommit(rules.autoCommit());
        config.setConnectionTimeout(LOOK.toMillis());
        config.setValidationTimeout(LOOK.toMillis());
        config.setInitializationFailTimeout(-1);
        if (access.embedded()) {
            // The database would end with the last connection, and begin anew with the next.
            config.setIdleTimeout(0);
            config.setMaxLifetime(0);
        }
        this.pool = new HikariDataSource(config);
    }

    public Access access() {
        return access;
    }

    /**
     * A connection, which goes back to the pool when it is closed.
     *
     * @throws NoConnectionException at once if the database refuses one; after the wait if none is
     *     free
     */
    public Connection connection() throws SQLException {
        long asked = System.nanoTime();
        while (true) {
            connectFirst(asked);
            try {
                return pool.getConnection();
            } catch (SQLTransientConnectionException e) {
                if (System.nanoTime() - asked >= rules.longestWait().toNanos()) {
                    throw busy(e);
                }
            }
        }
    }

    /** The pool itself, for a library that wants no more than that. */
    public DataSource source() {
        return pool;
    }

    /** A connection outside of the pool, which ends when it is closed. */
    public Connection single() throws SQLException {
        return driver.connect();
    }

    /** Ends all connections that nobody uses, and the others when they are given back. */
    public void evict() {
        pool.getHikariPoolMXBean().softEvictConnections();
    }

    @Override
    public void close() {
        pool.close();
        try {
            driver.close();
        } catch (SQLException e) {
            LOG.debug("a connection to {} could not be closed", access, e);
        }
    }

    /** Makes the first connection, if there is none. */
    private void connectFirst(long asked) throws SQLException {
        if (!isEmpty()) {
            return;
        }
        if (!lock(asked)) {
            throw tooLong();
        }
        try {
            if (failure != null && failedNanos - asked >= 0) {
                // Somebody else's try, which this one has waited for.
                throw access.explain(failure);
            }
            if (isEmpty()) {
                connectAhead();
            }
        } finally {
            connecting.unlock();
        }
    }

    private void connectAhead() throws SQLException {
        try {
            driver.connectAhead();
            failure = null;
        } catch (SQLException e) {
            failure = e;
            failedNanos = System.nanoTime();
            throw access.explain(e);
        }
    }

    private boolean lock(long asked) throws SQLException {
        try {
            return connecting.tryLock(
                    rules.longestWait().toNanos() - (System.nanoTime() - asked),
                    TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLException("the wait for a connection was interrupted", "08001", e);
        }
    }

    private boolean isEmpty() {
        return pool.getHikariPoolMXBean().getTotalConnections() == 0;
    }

    private SQLException tooLong() {
        return access.explain(
                new SQLTransientConnectionException(
                        "it took longer than " + rules.longestWait(), "08001"));
    }

    /** After the wait: the pool could make no more connections, or all of them are in use. */
    private SQLException busy(SQLException waited) {
        if (waited.getCause() instanceof SQLException cause) {
            return access.explain(cause);
        }
        return isEmpty()
                ? tooLong()
                : new NoConnectionException(
                        "all "
                                + rules.size()
                                + " connections to "
                                + access.where()
                                + " are in use. Raise <pool-size>, or see what makes the database"
                                + " slow",
                        Optional.empty(),
                        waited);
    }
}
