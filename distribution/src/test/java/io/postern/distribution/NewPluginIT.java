package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** From an empty folder to a login: one plugin of every kind, by {@code postern new-plugin}. */
class NewPluginIT {
    private static final Map<String, String> PLUGINS =
            Map.of(
                    "auth", "own-words",
                    "directory", "own-users",
                    "policy", "own-rules",
                    "store", "own-mail",
                    "lock", "own-locks");

    @TempDir Path folder;

    @Test
    void aPluginOfEveryKindIsWrittenBuiltDroppedInAndUsed() throws Exception {
        var installation =
                Installation.unpack(Files.createDirectory(folder.resolve("an installation")));
        var projects = Files.createDirectory(folder.resolve("projects"));
        for (var plugin : PLUGINS.entrySet()) {
            installation
                    .postern(
                            "new-plugin",
                            plugin.getKey(),
                            plugin.getValue(),
                            "--package=com.example.mail",
                            "--folder=" + projects.resolve(plugin.getValue()))
                    .run()
                    .well();
        }
        build(projects);
        for (var name : PLUGINS.values()) {
            Program.of(
                            "cp",
                            "-r",
                            projects.resolve(name).resolve("target").resolve(name).toString(),
                            installation.home().resolve("plugins").toString())
                    .run()
                    .well();
        }
        var listed = installation.postern("plugins").run().well().text();
        for (var name : PLUGINS.values()) {
            assertTrue(listed.contains("plugin=\"" + name + "\">  plugins/" + name + "/"), listed);
            assertTrue(listed.contains(name + " 1.0, for plugin interface 1.0"), listed);
        }
        assertTrue(!listed.contains("broken:"), listed);

        var site = new Site(Files.createDirectory(folder.resolve("site"))).user("anna");
        var mail = Files.createDirectories(folder.resolve("mail/anna"));
        Files.write(mail.resolve("1.eml"), Mail.octets("Subject: one\n\n1\n"));
        site.mechanisms("user-pass", "own-words")
                .policy("<policy plugin=\"own-rules\"><refuse>root</refuse></policy>")
                .directory(
                        "<directory plugin=\"own-users\"><user>anna</user><password>%s</password>"
                                        .formatted(site.password("anna"))
                                + "</directory>")
                .store(
                        "<store plugin=\"own-mail\"><load>%s</load></store>"
                                .formatted(mail.getParent()))
                .locks("<locks plugin=\"own-locks\"/>");
        try (var server = PackagedServer.start(installation, site)) {
            try (var client = Pop3.connect(server.port())) {
                client.line();
                var words = "anna\0" + site.password("anna");
                client.ok(
                        "AUTH OWN-WORDS "
                                + Base64.getEncoder()
                                        .encodeToString(words.getBytes(StandardCharsets.UTF_8)));
                assertEquals(1, client.count());
                client.quit();
            }
            reload(installation, projects, server);
        }
    }

    /** The server takes another build of the directory, and lets go of the one before. */
    private static void reload(Installation installation, Path projects, PackagedServer server)
            throws Exception {
        var jar = installation.home().resolve("plugins/own-users/own-users-1.0.jar");
        // The same classes in another jar: no compiler is needed for that.
        Program.of("cp", projects.resolve("own-words/README.md").toString(), "other.txt")
                .in(projects)
                .run()
                .well();
        Program.of(
                        Path.of(System.getProperty("java.home"), "bin/jar").toString(),
                        "--update",
                        "--file",
                        jar.toString(),
                        "other.txt")
                .in(projects)
                .run()
                .well();
        var said = installation.postern("plugins", "reload").run().well().text();
        assertEquals("reloaded:\n  replaced  own-users\n", said);
        try (var session = server.login("anna")) {
            session.quit();
        }
        var health = installation.postern("plugins", "health").run().well().text();
        assertTrue(
                health.contains("<directory plugin=\"own-users\">  running\n    own-users 1.0"),
                health);

        Files.writeString(jar, "torn while it was copied");
        var refused = installation.postern("plugins", "reload").run();
        assertEquals(1, refused.status(), refused.err());
        assertTrue(refused.err().contains(jar + " cannot be read as a jar"), refused.err());
        assertTrue(server.log().contains("refused: nothing has changed"), server.log());
        try (var session = server.login("anna")) {
            session.quit();
        }
        Secrets.search(said);
    }

    /** All in one run of Maven; their contracts run, too. */
    private void build(Path projects) throws Exception {
        var modules =
                PLUGINS.values().stream()
                        .map("<module>%s</module>"::formatted)
                        .collect(Collectors.joining());
        Files.writeString(
                projects.resolve("pom.xml"),
                """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                  <modelVersion>4.0.0</modelVersion>
                  <groupId>com.example.mail</groupId>
                  <artifactId>all</artifactId>
                  <version>1.0</version>
                  <packaging>pom</packaging>
                  <modules>%s</modules>
                </project>
                """
                        .formatted(modules));
        var built =
                Program.of(
                                Path.of(System.getProperty("postern.maven"), "bin/mvn").toString(),
                                "--batch-mode",
                                "package")
                        .with("JAVA_HOME", System.getProperty("java.home"))
                        .in(projects)
                        .within(Duration.ofMinutes(5))
                        .run()
                        .well();
        var said = built.text() + built.err();
        assertEquals(List.of(), said.lines().filter(it -> it.contains("ERROR")).toList(), said);
        assertTrue(
                said.contains("OwnLocksTest: 1 test not run: the fixture does not declare RESTART"),
                said);
        for (var name : PLUGINS.values()) {
            var reports = projects.resolve(name).resolve("target/surefire-reports");
            try (var files = Files.list(reports)) {
                assertEquals(
                        1,
                        files.filter(it -> it.toString().endsWith("Test.txt")).count(),
                        "the contract of " + name + " ran");
            }
        }
    }
}
