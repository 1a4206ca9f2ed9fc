package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;

/** A stranger's plugin, built outside of our build against the tarball alone, logs a user in. */
class PluginProofIT {
    private static final Path PROJECT = Installation.ROOT.resolve("docs/plugins/password-check");

    @TempDir Path folder;

    @Test
    void aPluginBuiltByItsOwnMavenLogsAUserIn() throws Exception {
        var installation = Installation.unpack(folder);
        var plugin = installation.home().resolve("plugins/password-check");
        Program.of("cp", "-r", build(installation).toString(), plugin.toString()).run().well();

        var listed = installation.postern("plugins").run().well().text();
        assertTrue(listed.contains("<directory plugin=\"password-check\">"), listed);

        var site =
                new Site(Files.createDirectory(folder.resolve("site"))).user("anna").user("bela");
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
                        .formatted(sha256(site.password("anna")), onlyBela(site)));
        try (var server = PackagedServer.start(installation, site)) {
            try (var session = server.login("anna")) {
                assertEquals(1, session.count());
                session.quit();
            }
            // The shipped directory beside it has its own, newer commons-codec.
            try (var session = server.login("bela")) {
                session.quit();
            }
            assertTrue(server.log().contains("commons-codec 1.15"), server.log());
            assertTrue(
                    installation.names("plugins/xml-users").stream()
                            .anyMatch(jar -> jar.startsWith("commons-codec-1.2")));
        }
    }

    /** Builds it as its README says, against the tarball's SPI; gives the plugin's folder. */
    private Path build(Installation installation) throws Exception {
        var project = folder.resolve("project");
        Program.of("cp", "-r", PROJECT.toString(), project.toString()).run().well();
        var spi =
                installation.names("lib").stream()
                        .filter(jar -> jar.startsWith("gateway-spi-"))
                        .findFirst()
                        .get();
        Program.of(
                        Path.of(System.getProperty("postern.maven"), "bin/mvn").toString(),
                        "--quiet",
                        "--batch-mode",
                        "-Dpostern.spi=" + installation.home().resolve("lib").resolve(spi),
                        "clean",
                        "package")
                .with("JAVA_HOME", System.getProperty("java.home"))
                .in(project)
                .within(Duration.ofMinutes(3))
                .run()
                .well();
        return project.resolve("target/password-check");
    }

    /** A file in which anna is not, so that nobody but the plugin can let her in. */
    private Path onlyBela(Site site) throws Exception {
        return Files.writeString(
                folder.resolve("bela.xml"),
                "<users><user name=\"bela\" password=\"{PLAIN}%s\"/></users>"
                        .formatted(site.password("bela")));
    }

    private static String sha256(String text) throws Exception {
        var octets = text.getBytes(StandardCharsets.UTF_8);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(octets));
    }
}
