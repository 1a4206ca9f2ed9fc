package io.postern.auth.sqlusers;

import io.postern.auth.remote.Outage;
import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.sql.Access;
import io.postern.sql.ConnectionPool;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/** The rows that the query finds, through a pool of connections. Any number of threads. */
final class Rows implements AutoCloseable {
    private static final Setting URL =
            Setting.required(
                    "url",
                    Setting.Kind.TEXT,
                    "The database, jdbc:...; its driver's jar lies in the plugin's folder.");

    private static final Setting POOL_SIZE =
            Setting.withDefault(
                    "pool-size",
                    Setting.Kind.NUMBER,
                    "5",
                    "How many connections at most.").between("1", "1000");

    private final ConnectionPool pool;
    private final Query query;
    private final int timeoutSeconds;

    /**
     * What is known of one user.
     *
     * @param password as it is kept, with or without its scheme; empty where there is none
     * @param attributes by the names of their columns, in lower case
     */
    record Row(
            String name,
            Optional<String> password,
            boolean enabled,
            Map<String, String> attributes) {
        /** Shows no password. */
        @Override
        public String toString() {
            return "Row[" + name + "]";
        }
    }

    private Rows(ConnectionPool pool, Query query, int timeoutSeconds) {
        this.pool = pool;
        this.query = query;
        this.timeoutSeconds = timeoutSeconds;
    }

    static List<Setting> settings() {
        return List.of(URL, Access.USER_SETTING, Access.PASSWORD_SETTING, POOL_SIZE);
    }

    /** Where the database is, without asking it. */
    static Access access(PluginConfig config) {
        return Access.of(config.text(URL.name()), config, Rows.class);
    }

    /** Makes the pool, which connects when it is asked. */
    static Rows open(PluginConfig config, Query query, Duration timeout) {
        var url = config.text(URL.name());
        return new Rows(
                new ConnectionPool(
                        access(config),
                        new ConnectionPool.Rules(
                                "postern-sql-users",
                                (int) config.number(POOL_SIZE.name()),
                                timeout,
                                true,
                                false,
                                silence(url, timeout),
                                Optional.empty())),
                query,
                (int) Math.ceilDiv(timeout.toMillis(), Duration.ofSeconds(1).toMillis()));
    }

    /**
     * Connects once.
     *
     * @throws SettingException if the database refuses this server, or is not there to be used
     * @throws Outage if it cannot be reached
     */
    void connect() throws Outage {
        try {
            pool.connection().close();
        } catch (SQLException e) {
            var mistake = pool.access().mistake(e);
            if (mistake.isPresent()) {
                throw mistake.get();
            }
            throw new Outage(pool.access().words(e), false, e);
        }
    }

    /**
     * Asks for one user.
     *
     * @param name bound to the query's variables
     * @throws Outage if the database cannot be asked
     * @throws Fault if it does not take the query, or the answer is none
     */
    Optional<Row> find(String name) throws Outage, Fault {
        try (var connection = connection();
                var statement = connection.prepareStatement(query.sql())) {
            statement.setQueryTimeout(timeoutSeconds);
            statement.setMaxRows(2);
            var values = query.values(name);
            for (int i = 0; i < values.size(); i++) {
                statement.setString(i + 1, values.get(i));
            }
            try (var found = statement.executeQuery()) {
                return one(found);
            }
        } catch (SQLException e) {
            var state = e.getSQLState() == null ? "" : e.getSQLState();
            // Syntax and names, data, rights.
            if (state.matches("(42|22|21|28).*")) {
                throw Fault.permanent("the database refuses the query: " + Fault.words(e), e);
            }
            // The connection was lost; or PostgreSQL has ended it, and may be there again already.
            var lost = Access.lost(e);
            if (lost) {
                // The others of the pool had the same end, most likely: the next try needs a new
                // one.
                pool.evict();
            }
            throw new Outage(Fault.words(e), lost, e);
        }
    }

    private Connection connection() throws Outage {
        try {
            return pool.connection();
        } catch (SQLException e) {
            if (pool.access().mistake(e).isPresent()) {
                throw Outage.refusal(pool.access().words(e), e);
            }
            // Another try finds the connections gone that the database has ended.
            throw new Outage(pool.access().words(e), Access.lost(e), e);
        }
    }

    @Override
    public void close() {
        pool.close();
    }

    private static Optional<Row> one(ResultSet found) throws SQLException, Fault {
        var columns = new HashMap<String, Integer>();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
            columns.put(found.getMetaData().getColumnLabel(i).toLowerCase(Locale.ROOT), i);
        }
        for (var needed : List.of("name", "password")) {
            if (!columns.containsKey(needed)) {
                throw new Fault(
                        Fault.Kind.PERMANENT, "the query gives no column \"" + needed + "\"");
            }
        }
        if (!found.next()) {
            return Optional.empty();
        }
        var name = found.getString(columns.remove("name"));
        if (name == null) {
            throw new Fault(Fault.Kind.PERMANENT, "the query gives a user without a name");
        }
        var password = Optional.ofNullable(found.getString(columns.remove("password")));
        var flag = columns.remove("enabled");
        var enabled = flag == null || yes(found.getString(flag));
        var attributes = new HashMap<String, String>();
        for (var column : columns.entrySet()) {
            var value = found.getString(column.getValue());
            if (value != null) {
                attributes.put(column.getKey(), value);
            }
        }
        if (found.next()) {
            throw new Fault(
                    Fault.Kind.PERMANENT, "the query gives more than one user for one name");
        }
        return Optional.of(new Row(name, password, enabled, attributes));
    }

    private static boolean yes(String flag) {
        return flag != null && flag.toLowerCase(Locale.ROOT).matches("1|t|true|y|yes");
    }

    /** A server that is gone without a word holds a connection for no longer than this. */
    private static Properties silence(String url, Duration timeout) {
        var properties = new Properties();
        if (url.startsWith("jdbc:postgresql:")) {
            var seconds = Long.toString(Math.ceilDiv(timeout.toMillis(), 1000));
            properties.setProperty("socketTimeout", seconds);
            properties.setProperty("connectTimeout", seconds);
        } else if (url.startsWith("jdbc:mariadb:") || url.startsWith("jdbc:mysql:")) {
            properties.setProperty("socketTimeout", Long.toString(timeout.toMillis()));
            properties.setProperty("connectTimeout", Long.toString(timeout.toMillis()));
        }
        return properties;
    }
}
