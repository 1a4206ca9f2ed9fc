package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** bin/postern finds its home and a Java runtime. */
class LauncherIT {
    @TempDir Path folder;
    private Installation installation;

    @BeforeEach
    void unpacked() throws Exception {
        installation = Installation.shared();
    }

    @Test
    void findsItsHomeThroughLinksAndFromAnyFolder() throws Exception {
        var first = Files.createSymbolicLink(folder.resolve("first"), installation.launcher());
        Files.createDirectory(folder.resolve("more"));
        var second = folder.resolve("more/second link");
        Files.createSymbolicLink(second, Path.of("../" + first.getFileName()));

        var ending = Program.of(second.toString(), "version").in(Path.of("/")).run().well();
        Files.delete(first);

        assertEquals("", ending.err());
        assertTrue(ending.text().contains(version()), ending.text());
    }

    @Test
    void startsFromTheCacheThatItWritesAndLogsAsItIsTold() throws Exception {
        var own = Installation.unpack(Files.createDirectory(folder.resolve("own")));
        own.postern("aot-cache").run().well();
        var cache = own.home().resolve("cache/postern.aot");
        assertTrue(Files.size(cache) > 1_000_000);
        theCacheStays(own, cache);
        var site = new Site(Files.createDirectory(folder.resolve("site"))).user("anna");
        // So that Java does not start where it cannot use the cache.
        var only = "POSTERN_OPTS=-XX:AOTMode=on";
        try (var server = PackagedServer.launch(own, site, "env", only)) {
            server.awaitReady();
            server.login("anna").quit();
            // As conf/simplelogger.properties has it, with the time in front.
            await().until(() ->
                    server.log()
                            .lines()
                            .anyMatch(line ->
                                    line.matches("20[0-9-]{8}T.* INFO session - .*user=anna .*")));
        }
    }

    /** After a help, and after a command that did not come to its end. */
    private static void theCacheStays(Installation own, Path cache) throws Exception {
        var made = Files.getLastModifiedTime(cache);
        for (var words : List.of(List.of("--help"), List.of("-h"), List.of("--fast"))) {
            var line = new ArrayList<>(List.of("aot-cache"));
            line.addAll(words);
            var ended = own.postern(line.toArray(String[]::new)).run();
            assertEquals(words.contains("--fast") ? 2 : 0, ended.status(), ended.err());
            assertTrue((ended.text() + ended.err()).contains("postern aot-cache"), ended.text());
            assertEquals(made, Files.getLastModifiedTime(cache), words.toString());
            assertEquals(List.of("postern.aot"), own.names("cache"));
        }
    }

    @Test
    void isFoundOnThePath() throws Exception {
        var link = Files.createSymbolicLink(folder.resolve("postern"), installation.launcher());
        var ending =
                Program.of("sh", "-c", "postern version")
                        .with("PATH", folder + ":" + System.getenv("PATH"))
                        .in(folder)
                        .run()
                        .well();
        Files.delete(link);
        assertTrue(ending.text().contains(version()), ending.text());
    }

    @Test
    void saysInOneSentenceThatThereIsNoJava() throws Exception {
        var ending =
                installation
                        .postern("version")
                        .with("PATH", tools().toString())
                        .with("JAVA_HOME", jdk("17.0.15").toString())
                        .with("POSTERN_JAVA", "")
                        .with("POSTERN_JVMS", Files.createDirectory(folder.resolve("none")) + "")
                        .run();
        assertEquals(1, ending.status());
        assertEquals("", ending.text());
        assertEquals(1, ending.err().lines().count(), ending.err());
        assertTrue(ending.err().contains("needs Java 25 or later: install one"), ending.err());
    }

    @Test
    void refusesTheJavaThatItIsTold() throws Exception {
        var old = jdk("21.0.9");
        var ending = installation.postern("version").with("POSTERN_JAVA", old + "").run();
        assertEquals(1, ending.status());
        assertEquals(1, ending.err().lines().count(), ending.err());
        assertTrue(ending.err().contains(old + ", which is no Java 25"), ending.err());
    }

    @Test
    void takesTheJavaThatItIsTold() throws Exception {
        var told = jdk("25");
        var program = told.resolve("bin/java").toString();
        for (var spelling : List.of(told.toString(), program)) {
            var ending =
                    installation
                            .postern("version")
                            .with("POSTERN_JAVA", spelling)
                            .with("JAVA_HOME", jdk("26").toString())
                            .run()
                            .well();
            assertEquals(program, ending.text().lines().findFirst().get());
        }
    }

    @Test
    void takesJavaHomeIfThatIsNewEnough() throws Exception {
        var home = jdk("26.0.1");
        var jvms = jdk("27").getParent();
        assertEquals(home.resolve("bin/java"), taken(home, jvms));
        assertEquals(jvms.resolve("27/bin/java"), taken(jdk("17.0.15"), jvms));
    }

    @Test
    void takesTheNewestOfTheMachine() throws Exception {
        var jvms = jdk("25.0.3").getParent();
        jdk("1.8.0_402");
        jdk("26-ea");
        jdk("9");
        assertEquals(jvms.resolve("26-ea/bin/java"), taken(folder.resolve("nowhere"), jvms));
    }

    @Test
    void asksAJavaThatHasNoReleaseFile() throws Exception {
        var old = jdk("24");
        Files.delete(old.resolve("release"));
        var newer = jdk("25.0.4");
        Files.delete(newer.resolve("release"));
        var tools = tools();
        Files.createSymbolicLink(tools.resolve("java"), newer.resolve("bin/java"));
        var ending =
                installation
                        .postern("version")
                        .with("PATH", tools.toString())
                        .with("JAVA_HOME", old.toString())
                        .with("POSTERN_JAVA", "")
                        .with("POSTERN_JVMS", folder.resolve("nowhere").toString())
                        .run()
                        .well();
        assertEquals(
                tools.resolve("java").toString(), ending.text().lines().findFirst().orElse(""));
    }

    @Test
    void passesOptionsHomeAndArgumentsOn() throws Exception {
        var ending =
                installation
                        .postern("run", "two words", "*")
                        .with("POSTERN_JAVA", jdk("25").toString())
                        .with("POSTERN_OPTS", "-Xmx1g  -Dglob=*")
                        .in(folder)
                        .run()
                        .well();
        var words = ending.text().lines().toList();
        assertTrue(words.contains("-Dpostern.home=" + installation.home()), ending.text());
        assertTrue(words.contains("-Dglob=*"), ending.text());
        assertTrue(words.contains("-XX:+UseCompactObjectHeaders"), ending.text());
        assertTrue(words.contains("--enable-native-access=ALL-UNNAMED"), ending.text());
        assertTrue(words.indexOf("-Xmx512m") < words.indexOf("-Xmx1g"), ending.text());
        assertEquals(
                List.of("io.postern.app.Main", "run", "two words", "*"),
                words.subList(words.size() - 4, words.size()));
    }

    /** The limits of hashes depend on it. */
    @Test
    void aCheckHasTheHeapOfTheServer() throws Exception {
        for (var command : List.of("run", "check")) {
            var ending =
                    installation
                            .postern(command)
                            .with("POSTERN_JAVA", jdk("25").toString())
                            .in(folder)
                            .run()
                            .well();
            assertTrue(ending.text().lines().toList().contains("-Xmx512m"), ending.text());
        }
    }

    /** The java program that the launcher starts. */
    private Path taken(Path javaHome, Path jvms) throws InterruptedException {
        var ending =
                installation
                        .postern("version")
                        .with("POSTERN_JAVA", "")
                        .with("JAVA_HOME", javaHome.toString())
                        .with("POSTERN_JVMS", jvms.toString())
                        .run()
                        .well();
        return Path.of(ending.text().lines().findFirst().get());
    }

    /** A JDK of this version whose java says how it was called, a word on each line. */
    private Path jdk(String version) throws IOException {
        var jdk = folder.resolve("jvms").resolve(version);
        Files.createDirectories(jdk.resolve("bin"));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        script(
                jdk.resolve("bin/java"),
                """
                if [ "$1" = -version ]; then
                  echo 'openjdk version "%s" 2026-01-20' >&2
                  exit
                fi
                printf '%%s\\n' "$0" "$@"\
                """
                        .formatted(version));
        return jdk;
    }

    /** A folder that holds what the launcher needs from the system, and no java. */
    private Path tools() throws IOException {
        var tools = Files.createDirectory(folder.resolve("tools"));
        for (var tool : List.of("basename", "dirname", "readlink", "sed")) {
            script(tools.resolve(tool), "PATH=/usr/bin:/bin exec " + tool + " \"$@\"");
        }
        return tools;
    }

    private static Path script(Path file, String text) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + text + "\n");
        assertTrue(file.toFile().setExecutable(true));
        return file;
    }

    private String version() {
        return installation.home().getFileName().toString().replace("postern-", "");
    }
}
