package io.postern.auth.sqlusers;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;

import io.postern.auth.remote.Outage;
import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;

import java.sql.Driver;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.ServiceLoader;

/** The rows that the query finds, through a pool of connections. Any number of threads. */
final class Rows implements AutoCloseable {
    private static final Setting URL =
            Setting.required(
                    "url",
                    Setting.Kind.TEXT,
                    "The database, jdbc:...; its driver's jar lies in the plugin's folder.");

    private static final Setting USER =
            Setting.optional("user", Setting.Kind.TEXT, "Who the server is there.");

    private static final Setting PASSWORD =
            Setting.optional("password", Setting.Kind.SECRET, "And what proves it.");

    private static final Setting POOL_SIZE =
            Setting.withDefault(
                    "pool-size",
                    Setting.Kind.NUMBER,
                    "5",
                    "How many connections at most, 1 to 1000.");

    private static final int MAX_POOL = 1000;

    private final HikariDataSource source;
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

    private Rows(HikariDataSource source, Query query, int timeoutSeconds) {
        this.source = source;
        this.query = query;
        this.timeoutSeconds = timeoutSeconds;
    }

    static List<Setting> settings() {
        return List.of(URL, USER, PASSWORD, POOL_SIZE);
    }

    /** Makes the pool, which connects when it is asked. */
    static Rows open(PluginConfig config, Query query, Duration timeout) {
        var url = config.text(URL.name());
        long size = config.number(POOL_SIZE.name());
        if (size < 1 || size > MAX_POOL) {
            throw new SettingException(
                    POOL_SIZE.name(), "it is " + size, "Give 1 to " + MAX_POOL + ".");
        }
        var pool = new HikariConfig();
        pool.setPoolName("postern-sql-users");
        pool.setDriverClassName(driver(url));
        pool.setJdbcUrl(url);
        config.optionalText(USER.name()).ifPresent(pool::setUsername);
        if (config.has(PASSWORD.name())) {
            try (var secret = config.secret(PASSWORD.name())) {
                var chars = secret.chars();
                pool.setPassword(new String(chars)); // JDBC takes nothing else
                Arrays.fill(chars, '\0');
            }
        }
        pool.setMaximumPoolSize((int) size);
        pool.setMinimumIdle(1);
        pool.setConnectionTimeout(timeout.toMillis());
        pool.setValidationTimeout(timeout.toMillis());
        pool.setInitializationFailTimeout(-1);
        pool.setDataSourceProperties(silence(url, timeout));
        return new Rows(
                new HikariDataSource(pool),
                query,
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
        try (var connection = source.getConnection();
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
                throw Fault.permanent("the database refuses the query: " + e.getMessage(), e);
            }
            // The connection was lost; or PostgreSQL has ended it, and may be there again already.
            var lost = state.matches("08.*|57P0[123]");
            if (lost) {
                // The others of the pool had the same end, most likely: the next try needs a new
                // one.
                source.getHikariPoolMXBean().softEvictConnections();
            }
            throw new Outage(e.toString(), lost, e);
        }
    }

    @Override
    public void close() {
        source.close();
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

    /** DriverManager looks for drivers once, before this plugin's folder is read: it is no help. */
    private static String driver(String url) {
        for (var driver : ServiceLoader.load(Driver.class, Rows.class.getClassLoader())) {
            try {
                if (driver.acceptsURL(url)) {
                    return driver.getClass().getName();
                }
            } catch (SQLException e) {
                throw (SettingException)
                        new SettingException(
                                        URL.name(),
                                        "the driver cannot read it",
                                        "See the driver's documentation.")
                                .initCause(e);
            }
        }
        throw new SettingException(
                URL.name(),
                "no driver for it is in the plugin's folder",
                "Put the jar of the database's JDBC driver beside this plugin's jar.");
    }
}
