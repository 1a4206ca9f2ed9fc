package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.InMemoryListenerConfig;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;

/** Each user directory, from its own folder of the tarball, in one realm: a user in each. */
class DirectoriesIT {
    @TempDir Path folder;

    private Site site;

    @Test
    void aUserOfEachDirectoryLogsInAndAnOutageIsNoWrongPassword() throws Exception {
        var installation = Installation.unpack(folder);
        site = new Site(Files.createDirectory(folder.resolve("site")));
        for (var user : new String[] {"anna", "bela", "cleo", "dora"}) {
            site.user(user).deliver(user, Mail.octets("Subject: one\n\n1\n"));
        }
        site.mechanisms("user-pass", "sasl-plain");
        var h2 =
                Path.of(
                        org.h2.Driver.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        Files.copy(h2, installation.home().resolve("plugins/sql-users").resolve(h2.getFileName()));

        var service = service();
        var ldap = ldap();
        try {
            site.directory(
                    passwdFile()
                            + """
                            <directory plugin="http-users" on-failure="next">
                              <url>http://127.0.0.1:%s/nginx</url>
                              <dialect>nginx</dialect>
                              <unknown-status>unknown</unknown-status>
                            </directory>
                            <directory plugin="ldap">
                              <server>ldap://127.0.0.1:%s</server>
                              <base>dc=example,dc=org</base>
                            </directory>
                            <directory plugin="sql-users">
                              <url>%s</url>
                              <query>SELECT login AS name, pw AS password FROM account
                                       WHERE login = lower(:user)</query>
                            </directory>
                            """
                                    .formatted(
                                            service.getAddress().getPort(),
                                            ldap.getListenPort(),
                                            database()));
            try (var server = PackagedServer.start(installation, site)) {
                for (var user : new String[] {"anna", "bela", "cleo", "dora"}) {
                    try (var session = server.login(user)) {
                        assertEquals(1, session.count(), user);
                        session.quit();
                    }
                    assertTrue(refused(server, user, "wrong").startsWith("-ERR [AUTH]"), user);
                }
                assertTrue(refused(server, "mallory", "x").startsWith("-ERR [AUTH]"));

                // Others can stand in for this one, but nobody can say that there is no mallory.
                service.stop(0);
                server.login("dora").close();
                assertTrue(refused(server, "dora", "wrong").startsWith("-ERR [AUTH]"));
                assertTrue(refused(server, "mallory", "x").startsWith("-ERR [SYS/TEMP]"));

                ldap.shutDown(true);
                assertTrue(refused(server, "dora", "wrong").startsWith("-ERR [SYS/TEMP]"));
                server.login("anna").close();
            }
        } finally {
            service.stop(0);
            ldap.shutDown(true);
        }
    }

    private static String refused(PackagedServer server, String user, String password)
            throws Exception {
        try (var client = Pop3.connect(server.port())) {
            client.line();
            client.ok("USER " + user);
            return client.command("PASS " + password);
        }
    }

    private String passwdFile() throws Exception {
        var file = folder.resolve("passwd");
        Files.writeString(file, "anna:{PLAIN}" + site.password("anna") + "::::::\n");
        return "<directory plugin=\"passwd-file\"><file>" + file + "</file></directory>\n";
    }

    /** Knows bela, in nginx's dialect. */
    private HttpServer service() throws Exception {
        var service =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        service.createContext(
                "/nginx",
                exchange -> {
                    var asked = exchange.getRequestHeaders();
                    var right =
                            site.password("bela").equals(asked.getFirst("Auth-Pass"))
                                    && "127.0.0.1".equals(asked.getFirst("Client-IP"));
                    exchange.getResponseHeaders()
                            .set(
                                    "Auth-Status",
                                    !"bela".equals(asked.getFirst("Auth-User"))
                                            ? "unknown"
                                            : right ? "OK" : "wrong");
                    exchange.sendResponseHeaders(200, -1);
                    exchange.close();
                });
        service.start();
        return service;
    }

    /** Knows cleo. */
    private InMemoryDirectoryServer ldap() throws Exception {
        var config = new InMemoryDirectoryServerConfig("dc=example,dc=org");
        config.setListenerConfigs(
                InMemoryListenerConfig.createLDAPConfig(
                        "plain", InetAddress.getLoopbackAddress(), 0, null));
        var server = new InMemoryDirectoryServer(config);
        server.add("dn: dc=example,dc=org", "objectClass: domain", "dc: example");
        server.add(
                "dn: uid=cleo,dc=example,dc=org",
                "objectClass: inetOrgPerson",
                "uid: cleo",
                "cn: cleo",
                "sn: cleo",
                "userPassword: " + site.password("cleo"));
        server.startListening();
        return server;
    }

    /** Knows dora, by a hash. */
    private String database() throws Exception {
        var url = "jdbc:h2:file:" + folder.resolve("users");
        var hash =
                Program.of(
                                "sh",
                                "-c",
                                "printf '%s\\n' \"$SECRET\" | \"$POSTERN\" passwd --stdin --scheme"
                                        + " ARGON2ID --directory sql-users")
                        .with("SECRET", site.password("dora"))
                        .with("POSTERN", Installation.shared().launcher().toString())
                        .run()
                        .well()
                        .text()
                        .strip();
        try (var connection = DriverManager.getConnection(url);
                var statement = connection.createStatement()) {
            statement.execute("CREATE TABLE account (login VARCHAR(255), pw VARCHAR(255))");
            statement.execute("INSERT INTO account VALUES ('dora', '" + hash + "')");
        }
        return url;
    }
}
