package io.postern.store.jdbc;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/** What differs between the databases. */
enum Dialect {
    H2(
            "jdbc:h2:",
            "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000 AS BIGINT)",
            "VARBINARY(262144)",
            "") {
        // The server stops in its own order, so H2 must not close the database at SIGTERM. Without
        // a write delay it has no threads of its own: nothing is written behind a checkpoint's
        // back, and nothing is moved while it is in use. See docs/adr/0006-h2-version.md.
        @Override
        String complete(String url) {
            var complete = url;
            for (var setting :
                    new String[] {
                        "DB_CLOSE_ON_EXIT=FALSE",
                        "LOCK_TIMEOUT=10000",
                        "CACHE_SIZE=8192",
                        "WRITE_DELAY=0",
                        "MAX_COMPACT_TIME=0"
                    }) {
                var name = ";" + setting.substring(0, setting.indexOf('=') + 1);
                if (!complete.toUpperCase(Locale.ROOT).contains(name)) {
                    complete += ";" + setting;
                }
            }
            return complete;
        }
    },
    POSTGRESQL(
            "jdbc:postgresql:",
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
            "BYTEA",
            "") {
        @Override
        Properties properties(long silenceMillis) {
            var properties = new Properties();
            properties.setProperty(
                    "socketTimeout", Long.toString(Math.ceilDiv(silenceMillis, 1000)));
            properties.setProperty("tcpKeepAlive", "true");
            return properties;
        }

        @Override
        Optional<String> idleLimit(long silenceMillis) {
            return Optional.of("SET idle_in_transaction_session_timeout = " + silenceMillis);
        }
    },
    MARIADB(
            "jdbc:mariadb:",
            "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)",
            "MEDIUMBLOB",
            "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin") {
        @Override
        Properties properties(long silenceMillis) {
            var properties = new Properties();
            properties.setProperty("socketTimeout", Long.toString(silenceMillis));
            return properties;
        }

        @Override
        Optional<String> idleLimit(long silenceMillis) {
            return Optional.of(
                    "SET SESSION idle_transaction_timeout = " + Math.ceilDiv(silenceMillis, 1000));
        }
    };

    private final String prefix;
    private final String clock;
    private final String octets;
    private final String table;

    /**
     * @param octets the type of a chunk
     * @param table what ends CREATE TABLE
     */
    Dialect(String prefix, String clock, String octets, String table) {
        this.prefix = prefix;
        this.clock = clock;
        this.octets = octets;
        this.table = table;
    }

    static Optional<Dialect> of(String url) {
        return Arrays.stream(values()).filter(one -> url.startsWith(one.prefix)).findFirst();
    }

    /** An SQL expression: milliseconds since 1970 by the database's clock. */
    String clock() {
        return clock;
    }

    /** For the migration scripts. */
    Map<String, String> placeholders() {
        return Map.of("octets", octets, "table", table);
    }

    /** The URL with what this database needs and the operator did not say. */
    String complete(String url) {
        return url;
    }

    /**
     * Settings of the driver that the URL may override.
     *
     * @param silenceMillis how long the database may take to answer
     */
    Properties properties(long silenceMillis) {
        return new Properties();
    }

    /**
     * SQL that has the database give up a transaction in which nobody says anything: a server that
     * stands still in mid-change would keep others from its rows. Empty for H2, whose server it is.
     *
     * @param silenceMillis for how long
     */
    Optional<String> idleLimit(long silenceMillis) {
        return Optional.empty();
    }
}
