package io.postern.store.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import javax.sql.DataSource;

/**
 * A data source that fails where a test wants it. Operations are those that speak to a database.
 * Safe for use by any number of threads.
 */
final class FaultyJdbc {
    private static final Set<String> OPERATIONS =
            Set.of(
                    "getConnection",
                    "prepareStatement",
                    "createStatement",
                    "execute",
                    "executeQuery",
                    "executeUpdate",
                    "next",
                    "commit");

    /** How an operation fails. */
    enum Mode {
        /** It does nothing and fails. */
        BEFORE,
        /** It does its work and fails. */
        AFTER,
        /** It does nothing, for the database undoes the transaction in favour of another. */
        UNDONE,
        /** The connection is lost before the database hears of it. */
        LOST_BEFORE,
        /** The connection is lost after it took effect. */
        LOST_AFTER
    }

    /** Decides about one operation. */
    @FunctionalInterface
    interface Rule {
        /**
         * @param operation the method's name, then the statement where it has one
         * @return null if it is to work
         */
        Mode judge(String operation);
    }

    private final DataSource real;
    private volatile Rule rule = _ -> null;

    FaultyJdbc(DataSource real) {
        this.real = real;
    }

    DataSource source() {
        return (DataSource) wrap(DataSource.class, real, new Line(), "");
    }

    /** From now on. */
    void rule(Rule next) {
        rule = next;
    }

    /** Everything works from now on. */
    void mend() {
        rule = _ -> null;
    }

    /** The operation of this number, from 1, fails from now on; the others work. */
    AtomicInteger failAt(int number, Mode mode) {
        var count = new AtomicInteger();
        rule = _ -> count.incrementAndGet() == number ? mode : null;
        return count;
    }

    /** Nothing reaches the database. */
    void cutOff() {
        rule = _ -> Mode.LOST_BEFORE;
    }

    /** What the proxies of one connection share. */
    private static final class Line {
        private Connection connection;
        private volatile boolean lost;
    }

    private Object wrap(Class<?> type, Object target, Line line, String sql) {
        return Proxy.newProxyInstance(
                FaultyJdbc.class.getClassLoader(),
                new Class<?>[] {type},
                (_, method, arguments) -> {
                    var name = method.getName();
                    var statement =
                            arguments != null
                                            && arguments.length > 0
                                            && arguments[0] instanceof String text
                                            && (name.equals("prepareStatement")
                                                    || name.equals("execute"))
                                    ? text
                                    : sql;
                    var here = name.equals("getConnection") ? new Line() : line;
                    if (here.lost) {
                        if (name.equals("close") || name.equals("isClosed")) {
                            return method.invoke(target, arguments);
                        }
                        throw lost();
                    }
                    var mode =
                            OPERATIONS.contains(name) ? rule.judge(name + " " + statement) : null;
                    if (mode == Mode.BEFORE) {
                        throw new SQLException("failed, as the test asks", "58030");
                    }
                    if (mode == Mode.UNDONE) {
                        throw new SQLTransactionRollbackException(
                                "undone for another, as the test asks", "40001");
                    }
                    if (mode == Mode.LOST_BEFORE) {
                        lose(here);
                        throw lost();
                    }
                    Object result;
                    try {
                        result = method.invoke(target, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                    if (result instanceof Connection connection) {
                        here.connection = connection;
                    }
                    if (mode == Mode.LOST_AFTER) {
                        lose(here);
                    } else if (mode != Mode.AFTER) {
                        return switch (result) {
                            case Connection one -> wrap(Connection.class, one, here, "");
                            case PreparedStatement one ->
                                    wrap(PreparedStatement.class, one, here, statement);
                            case Statement one -> wrap(Statement.class, one, here, statement);
                            case ResultSet one -> wrap(ResultSet.class, one, here, statement);
                            case null -> null;
                            default -> result;
                        };
                    }
                    if (result instanceof Connection connection) {
                        connection.close(); // nobody else will
                    }
                    throw mode == Mode.AFTER
                            ? new SQLException("failed afterwards, as the test asks", "58030")
                            : lost();
                });
    }

    /** A database rolls back what a lost connection did not commit. */
    private static void lose(Line line) throws SQLException {
        line.lost = true;
        if (line.connection != null) {
            line.connection.rollback();
        }
    }

    private static SQLException lost() {
        return new SQLNonTransientConnectionException(
                "the connection is lost, as the test asks", "08006");
    }
}
