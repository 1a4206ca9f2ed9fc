package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The four plugins of the guide: built outside of our build against the tarball alone, where their
 * own tests run the contracts; dropped into it; and then users log in and read mail through them.
 */
class PluginProofIT {
    @TempDir static Path built;
    @TempDir Path folder;

    private static Path projects;
    private static Installation installation;

    /** As their READMEs say, in one run. */
    @BeforeAll
    static void build() throws Exception {
        installation = Installation.unpack(built);
        projects = built.resolve("projects");
        var sources = installation.home().resolve("docs/plugins");
        Program.of("cp", "-r", sources.toString(), projects.toString()).run().well();
        Program.of(
                        Path.of(System.getProperty("postern.maven"), "bin/mvn").toString(),
                        "--quiet",
                        "--batch-mode",
                        "-Dpostern.spi=" + jar("lib", "gateway-spi-"),
                        "-Dpostern.testkit=" + jar("kit", "gateway-testkit-"),
                        "package")
                .with("JAVA_HOME", System.getProperty("java.home"))
                .in(projects)
                .within(Duration.ofMinutes(5))
                .run()
                .well();
        for (var plugin :
                List.of("password-check", "staff-directory", "letterbox", "office-hours")) {
            Program.of(
                            "cp",
                            "-r",
                            projects.resolve(plugin).resolve("target").resolve(plugin).toString(),
                            installation.home().resolve("plugins").toString())
                    .run()
                    .well();
        }
        var listed = installation.postern("plugins").run().well().text();
        assertTrue(listed.contains("<directory plugin=\"password-check\">"), listed);
        assertTrue(listed.contains("<directory plugin=\"staff-directory\">"), listed);
        assertTrue(listed.contains("<store plugin=\"letterbox\">"), listed);
        assertTrue(listed.contains("<policy plugin=\"office-hours\">"), listed);
    }

    @Test
    void theirOwnTestsRanTheContracts() throws Exception {
        for (var report :
                List.of(
                        "staff-directory/target/surefire-reports/org.example.postern.StaffDirectoryTest.txt",
                        "letterbox/target/surefire-reports/org.example.postern.LetterboxTest.txt",
                        "office-hours/target/surefire-reports/org.example.postern.OfficeHoursTest.txt")) {
            var text = Files.readString(projects.resolve(report));
            assertTrue(text.contains("Failures: 0, Errors: 0"), text);
        }
    }

    @Test
    void onePasswordIsChecked() throws Exception {
        var site = site("anna", "bela");
        site.deliver("anna", Mail.octets("Subject: one\n\n1\n"));
        site.directory(
                """
                <directory plugin="password-check">
                  <user>anna</user>
                  <sha256>%s</sha256>
                </directory>
                <directory plugin="xml-users">
                  <file>%s</file>
                </directory>
                """
                        .formatted(sha256(site.password("anna")), only(site, "bela")));
        try (var server = PackagedServer.start(installation, site)) {
            try (var session = server.login("anna")) {
                assertEquals(1, session.count());
                session.quit();
            }
            // The shipped directory beside it has its own, newer commons-codec.
            server.login("bela").close();
            assertTrue(server.log().contains("commons-codec 1.15"), server.log());
            assertTrue(
                    installation.names("plugins/xml-users").stream()
                            .anyMatch(jar -> jar.startsWith("commons-codec-1.2")));
        }
    }

    @Test
    void aPolicyRefusesByItsOwnRules() throws Exception {
        var site = site("anna", "bela");
        // An hour that is always over, or has not begun, for everybody but one.
        var day = ZonedDateTime.now(ZoneOffset.UTC).plusDays(3).getDayOfWeek().name();
        site.policy(
                """
                <policy plugin="office-hours">
                  <hours>%s 03:00-04:00</hours>
                  <zone>UTC</zone>
                  <always>bela</always>
                </policy>
                """
                        .formatted(day.substring(0, 3)));
        try (var server = PackagedServer.start(installation, site)) {
            server.login("bela").close();
            assertTrue(refused(server, "anna", site.password("anna")).startsWith("-ERR [AUTH]"));
            assertTrue(server.log().contains("reason=policy"), server.log());
            var health = installation.postern("plugins", "health").run().well().text();
            assertTrue(
                    health.matches(
                            "(?s).*<policy plugin=\"office-hours\">  running\n.*    4 calls, 0 failed.*"),
                    health);
        }
    }

    @Test
    void aDirectoryBringsItsOwnHttpLibrary() throws Exception {
        var site = site("anna", "bela");
        site.deliver("anna", Mail.octets("Subject: one\n\n1\n"));
        try (var service =
                Toy.start(
                        projects.resolve("staff-directory"),
                        "StaffService",
                        "0",
                        "anna:" + site.password("anna"))) {
            site.directory(
                    """
                    <directory plugin="staff-directory"><url>%s</url></directory>
                    <directory plugin="xml-users"><file>%s</file></directory>
                    """
                            .formatted(service.url(), only(site, "bela")));
            try (var server = PackagedServer.start(installation, site)) {
                for (var spelling : List.of("anna", "ANNA")) {
                    try (var session = Pop3.login(server.port(), spelling, site.password("anna"))) {
                        assertEquals(1, session.count());
                        session.quit();
                    }
                }
                assertTrue(refused(server, "anna", "wrong").startsWith("-ERR [AUTH]"));
                // Nobody whom the service knows: the next directory, with the newer library.
                server.login("bela").close();
                assertTrue(
                        server.log()
                                .contains(
                                        "httpclient 4.5.14, commons-codec 1.11 and commons-logging"
                                                + " 1.2"),
                        server.log());
                assertTrue(has("plugins/staff-directory", "commons-codec-1.11.jar"));
                assertFalse(has("plugins/xml-users", "commons-codec-1.11.jar"));
                assertTrue(has("plugins/xml-users", "commons-codec-1.2"));
                assertTrue(has("plugins/staff-directory", "commons-logging-1.2.jar"));
                assertTrue(has("lib", "commons-logging-1.3"));

                service.end();
                assertTrue(refused(server, "anna", "wrong").startsWith("-ERR [SYS/TEMP]"));
            }
        }
    }

    @Test
    void mailIsReadAndRemovedThroughAnHttpService() throws Exception {
        var site = site("anna");
        try (var service = Toy.start(projects.resolve("letterbox"), "LetterboxService", "0")) {
            site.store("<store plugin=\"letterbox\"><url>" + service.url() + "</url></store>");
            // Line ends as they come: what goes over the wire is longer than what is kept.
            deliver(service, "anna", "Subject: one\n\n.1\n");
            deliver(service, "anna", "Subject: two\r\n\r\n2");
            try (var server = PackagedServer.start(installation, site)) {
                String kept;
                try (var session = server.login("anna")) {
                    assertEquals("+OK 2 39", session.ok("STAT"));
                    kept = session.ok("UIDL 2");
                    assertArrayEquals(
                            "Subject: one\r\n\r\n.1\r\n".getBytes(StandardCharsets.US_ASCII),
                            session.retrieve(1));
                    session.ok("DELE 1");
                    deliver(service, "anna", "Subject: three\r\n\r\n3\r\n");
                    session.quit();
                }
                try (var session = server.login("anna")) {
                    assertEquals(2, session.count(), "what stayed and what came meanwhile");
                    assertEquals(kept.replace("+OK 2", "+OK 1"), session.ok("UIDL 1"));
                    session.ok("DELE 1");
                    service.end();
                    assertTrue(session.command("QUIT").startsWith("-ERR [SYS/TEMP]"));
                }
                assertTrue(
                        refused(server, "anna", site.password("anna"))
                                .startsWith("-ERR [SYS/TEMP]"));
            }
        }
    }

    /** The toy service of a plugin, run from its source as its README says. */
    private record Toy(Process process, String url) implements AutoCloseable {
        static Toy start(Path project, String service, String... arguments) throws Exception {
            var command = new ArrayList<String>();
            command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
            command.add("src/test/java/org/example/postern/" + service + ".java");
            command.addAll(List.of(arguments));
            var process =
                    new ProcessBuilder(command)
                            .directory(project.toFile())
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            var said = process.inputReader().readLine();
            if (said == null || !said.startsWith("listening on ")) {
                process.destroyForcibly();
                throw new AssertionError(service + " does not start: " + said);
            }
            return new Toy(process, said.substring("listening on ".length()));
        }

        void end() {
            process.destroyForcibly().onExit().join();
        }

        @Override
        public void close() {
            end();
        }
    }

    private Site site(String... users) throws Exception {
        var site = new Site(Files.createDirectory(folder.resolve("site")));
        for (var user : users) {
            site.user(user);
        }
        return site;
    }

    private static void deliver(Toy service, String box, String message) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request =
                    HttpRequest.newBuilder(URI.create(service.url() + "/" + box + "/messages"))
                            .POST(HttpRequest.BodyPublishers.ofString(message))
                            .build();
            var answer = client.send(request, HttpResponse.BodyHandlers.discarding());
            assertEquals(201, answer.statusCode());
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

    /** A file in which nobody else is, so that nobody but the plugin can let them in. */
    private Path only(Site site, String user) throws Exception {
        return Files.writeString(
                folder.resolve(user + ".xml"),
                "<users><user name=\"%s\" password=\"{PLAIN}%s\"/></users>"
                        .formatted(user, site.password(user)));
    }

    private static boolean has(String part, String prefix) throws Exception {
        return installation.names(part).stream().anyMatch(jar -> jar.startsWith(prefix));
    }

    private static Path jar(String part, String prefix) throws Exception {
        return installation.names(part).stream()
                .filter(jar -> jar.startsWith(prefix))
                .findFirst()
                .map(installation.home().resolve(part)::resolve)
                .orElseThrow();
    }

    private static String sha256(String text) throws Exception {
        var octets = text.getBytes(StandardCharsets.UTF_8);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(octets));
    }
}
