package io.postern.auth.ldap;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;

import io.postern.testkit.auth.PasswordDirectoryContract;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The contract against OpenLDAP's slapd, as the Debian package brings it, on a port of its own. */
class OpenLdapIT {
    private static final Path SLAPD = Path.of("/usr/sbin/slapd");

    @TempDir static Path folder;
    private static Process slapd;
    private static String url;

    @BeforeAll
    static void startServer() throws Exception {
        assertTrue(
                Files.isExecutable(SLAPD),
                "there is no " + SLAPD + ": run distribution/install-clients");
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        url = "ldap://127.0.0.1:" + port;
        var data = Files.createDirectory(folder.resolve("data"));
        var config = folder.resolve("slapd.conf");
        Files.writeString(
                config,
                """
                include /etc/ldap/schema/core.schema
                include /etc/ldap/schema/cosine.schema
                include /etc/ldap/schema/inetorgperson.schema
                modulepath /usr/lib/ldap
                moduleload back_mdb
                pidfile %1$s/slapd.pid
                database mdb
                suffix "dc=example,dc=org"
                rootdn "cn=root,dc=example,dc=org"
                rootpw geheim
                directory %2$s
                access to attrs=userPassword
                  by dn.exact="cn=searcher,dc=example,dc=org" compare
                  by anonymous auth
                access to * by dn.exact="cn=searcher,dc=example,dc=org" read
                """
                        .formatted(folder, data));
        slapd =
                new ProcessBuilder(
                                SLAPD.toString(),
                                "-f",
                                config.toString(),
                                "-h",
                                url + "/",
                                "-d",
                                "0")
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("slapd.log").toFile())
                        .start();
        await().atMost(Duration.ofSeconds(30))
                .ignoreException(LDAPException.class)
                .until(() -> {
                    try (var connection =
                            new LDAPConnection(
                                    "127.0.0.1", port, "cn=root,dc=example,dc=org", "geheim")) {
                        for (var entry : Fixture.ENTRIES) {
                            connection.add(entry);
                        }
                        return true;
                    }
                });
    }

    @AfterAll
    static void stopServer() throws Exception {
        slapd.destroy();
        if (!slapd.waitFor(10, TimeUnit.SECONDS)) {
            slapd.destroyForcibly();
        }
    }

    abstract static class Searching implements PasswordDirectoryContract {
        private final String check;

        Searching(String check) {
            this.check = check;
        }

        @Override
        public Ldap directory() throws Exception {
            return Fixture.start(Fixture.search(url, "check", check));
        }

        @Override
        public Optional<String> otherSpelling() {
            return Optional.of("ALIce");
        }

        @Override
        public Optional<String> barredUser() {
            return Optional.of("bob");
        }
    }

    @Nested
    class AndBinding extends Searching {
        AndBinding() {
            super("bind");
        }
    }

    @Nested
    class AndComparing extends Searching {
        AndComparing() {
            super("compare");
        }
    }
}
