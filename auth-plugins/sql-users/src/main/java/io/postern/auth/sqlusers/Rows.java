package io.postern.auth.sqlusers;

import io.postern.auth.remote.Outage;
import io.postern.auth.stored.DevicePasswords;
import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.sql.Access;
import io.postern.sql.ConnectionPool;
import io.postern.sql.NoConnectionException;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
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
                            "pool-size", Setting.Kind.NUMBER, "5", "How many connections at most.")
                    .between("1", "1000");

    /** One more than there may be of a name. */
    private static final int MOST_USERS = 2;

    private final ConnectionPool pool;
    private final Query query;
    private final Optional<Query> deviceQuery;
    private final int timeoutSeconds;

    /**
     * What is known of one user.
     *
     * @param password as it is kept, with or without its scheme; empty where there is none
     * @param attributes by the names of their columns, in lower case
     * @param devices as the query for devices has them
     */
    record Row(
            String name,
            Optional<String> password,
            boolean enabled,
            Map<String, String> attributes,
            List<Device> devices) {
        /** Shows no password. */
        @Override
        public String toString() {
            return "Row[" + name + "]";
        }
    }

    /** One device of a user; both texts are empty where they are null. */
    record Device(String label, String password) {
        /** Shows no password. */
        @Override
        public String toString() {
            return "Device[" + label + "]";
        }
    }

    private Rows(
            ConnectionPool pool, Query query, Optional<Query> deviceQuery, int timeoutSeconds) {
        this.pool = pool;
        this.query = query;
        this.deviceQuery = deviceQuery;
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
    static Rows open(
            PluginConfig config, Query query, Optional<Query> deviceQuery, Duration timeout) {
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
                deviceQuery,
                (int) Math.ceilDiv(timeout.toMillis(), Duration.ofSeconds(1).toMillis()));
    }

    /**
     * Asks for one user.
     *
     * @param name bound to the query's variables
     * @throws Outage if the database cannot be asked
     * @throws Fault if it does not take the query, or the answer is none
     */
    Optional<Row> find(String name) throws Outage, Fault {
        try (var connection = pool.connection()) {
            var found = ask(connection, query, name, MOST_USERS, Rows::one);
            if (deviceQuery.isEmpty()) {
                return found;
            }
            // For a stranger, too: it takes as long.
            var canonical = found.map(Row::name).orElse(name);
            var devices =
                    ask(
                            connection,
                            deviceQuery.get(),
                            canonical,
                            DevicePasswords.MAX + 1,
                            Rows::devices);
            return found.map(
                    row -> new Row(row.name, row.password, row.enabled, row.attributes, devices));
        } catch (NoConnectionException e) {
            throw e.mistake()
                    .map(Outage::new)
                    .orElseGet(() -> new Outage(e.getMessage(), e.again(), e));
        } catch (SQLException e) {
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

    /** What is made of the rows that a query gives. */
    private interface Reader<T> {
        T read(Query query, ResultSet rows) throws SQLException, Fault;
    }

    private <T> T ask(Connection connection, Query query, String name, int most, Reader<T> reader)
            throws SQLException, Fault {
        try (var statement = connection.prepareStatement(query.sql())) {
            statement.setQueryTimeout(timeoutSeconds);
            statement.setMaxRows(most);
            var values = query.values(name);
            for (int i = 0; i < values.size(); i++) {
                statement.setString(i + 1, values.get(i));
            }
            try (var rows = statement.executeQuery()) {
                return reader.read(query, rows);
            }
        } catch (SQLException e) {
            // Syntax and names, data, rights.
            if (String.valueOf(e.getSQLState()).matches("(42|22|21|28).*")) {
                throw query.broken("the database refuses it: " + Fault.words(e));
            }
            throw e;
        }
    }

    @Override
    public void close() {
        pool.close();
    }

    /** The columns by their labels in lower case, with those that are needed among them. */
    private static Map<String, Integer> columns(Query query, ResultSet found, String... needed)
            throws SQLException, Fault {
        var columns = new HashMap<String, Integer>();
        for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
            columns.put(found.getMetaData().getColumnLabel(i).toLowerCase(Locale.ROOT), i);
        }
        for (var one : needed) {
            if (!columns.containsKey(one)) {
                throw query.broken("it gives no column \"" + one + '"');
            }
        }
        return columns;
    }

    private static List<Device> devices(Query query, ResultSet found) throws SQLException, Fault {
        var columns = columns(query, found, "label", "password");
        var devices = new ArrayList<Device>();
        while (found.next()) {
            devices.add(
                    new Device(
                            Objects.requireNonNullElse(found.getString(columns.get("label")), ""),
                            Objects.requireNonNullElse(
                                    found.getString(columns.get("password")), "")));
        }
        return devices;
    }

    private static Optional<Row> one(Query query, ResultSet found) throws SQLException, Fault {
        var columns = columns(query, found, "name", "password");
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
        return Optional.of(new Row(name, password, enabled, attributes, List.of()));
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
