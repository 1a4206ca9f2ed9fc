package io.postern.sql;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Logger;

import javax.sql.DataSource;

/**
 * Connections straight from the driver, for the pool. Without DriverManager, whose time limit is
 * one for the whole process. Any number of threads.
 */
final class DriverConnections implements DataSource {
    private final Access access;
    private final ConnectionPool.Rules rules;

    /** A connection that was made outside of the pool, and that the pool gets next. */
    private final AtomicReference<Connection> ready = new AtomicReference<>();

    DriverConnections(Access access, ConnectionPool.Rules rules) {
        this.access = access;
        this.rules = rules;
    }

    /** Makes a connection. */
    Connection connect() throws SQLException {
        var properties = new Properties();
        properties.putAll(rules.properties());
        access.user().ifPresent(it -> properties.setProperty("user", it));
        access.password().ifPresent(it -> properties.setProperty("password", it));
        var connection = access.driver().connect(access.url(), properties);
        if (connection == null) {
            throw new SQLException("the driver does not take " + access.where(), "08001");
        }
        try {
            prepare(connection);
        } catch (SQLException e) {
            closeAfter(connection, e);
            throw e;
        }
        return connection;
    }

    /** Makes a connection now, which the pool gets when it asks for the next one. */
    void connectAhead() throws SQLException {
        var before = ready.getAndSet(connect());
        if (before != null) {
            before.close();
        }
    }

    @Override
    public Connection getConnection() throws SQLException {
        var ahead = ready.getAndSet(null);
        return ahead == null ? connect() : ahead;
    }

    /** Ends a connection that the pool did not ask for. */
    void close() throws SQLException {
        var ahead = ready.getAndSet(null);
        if (ahead != null) {
            ahead.close();
        }
    }

    private void prepare(Connection connection) throws SQLException {
        if (rules.readCommitted()) {
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        }
        if (rules.firstStatement().isPresent()) {
            try (var statement = connection.createStatement()) {
                statement.execute(rules.firstStatement().get());
            }
        }
    }

    private static void closeAfter(Connection connection, SQLException failure) {
        try {
            connection.close();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("the settings say who asks");
    }

    @Override
    public PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) {
        // Drivers log by themselves.
    }

    /** Nothing: the properties of the driver have the limits. */
    @Override
    public void setLoginTimeout(int seconds) {}

    /** For so long, in seconds, the pool waits at its end for a connection that is being made. */
    @Override
    public int getLoginTimeout() {
        return 5;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("it wraps nothing");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
