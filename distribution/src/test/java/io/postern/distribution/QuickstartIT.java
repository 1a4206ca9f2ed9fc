package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The README's first command, and what it prints. */
class QuickstartIT {
    private static final Path QUICKSTART = Installation.ROOT.resolve("distribution/quickstart");
    private static final Pattern CURL =
            Pattern.compile(
                    "^  (curl --cacert (.+) --user demo:(\\S+) pop3s://127\\.0\\.0\\.1:(\\d+)/1)\\b");

    /** Starts with a stop after each. */
    private static final int ROUNDS = 3;

    @TempDir Path folder;

    @Test
    void whatItPrintsReadsTheMailAndCtrlCStopsIt() throws Exception {
        var output = folder.resolve("output");
        var scratch = folder.resolve("a scratch folder");
        var process = start(output, QUICKSTART.toString(), scratch.toString());
        try {
            var curl = curl(process, output);
            var port = Integer.parseInt(curl.group(4));
            var message = Program.of("sh", "-c", curl.group(1)).run().well().out();
            assertArrayEquals(stored(scratch), message);

            // A second call finds the first, and says the same.
            var again = Program.of(QUICKSTART.toString(), scratch.toString()).run().well().text();
            assertTrue(again.contains(curl.group(1)), again);

            Program.of("kill", "-INT", Long.toString(process.pid())).run().well();
            assertTrue(process.waitFor(20, TimeUnit.SECONDS), Files.readString(output));
            assertEquals(0, process.exitValue(), Files.readString(output));
            assertThrows(ConnectException.class, () -> Pop3.connect(port));
            assertFalse(
                    Files.readString(scratch.resolve("server.log")).contains(curl.group(3)),
                    "the log holds the password");
        } finally {
            process.destroy();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void buildsOnceInAFreshCloneAndGoesOnAfterAStopWithWhatTheUserHasMadeOfIt() throws Exception {
        var clone = freshClone();
        var quickstart = clone.resolve("distribution/quickstart").toString();
        var home = clone.resolve("distribution/scratch/postern");
        var passwords = new String[ROUNDS];
        var kept = new TreeMap<String, String>();
        for (var round = 0; round < ROUNDS; round++) {
            var output = folder.resolve("output" + round);
            var process = start(output, quickstart);
            try {
                var curl = curl(process, output);
                passwords[round] = curl.group(3);
                try (var session =
                        Pop3.login(
                                Pop3.connect(
                                        Integer.parseInt(curl.group(4)), Path.of(curl.group(2))),
                                "demo",
                                curl.group(3))) {
                    assertEquals(6 - round, session.count());
                    session.ok("DELE 1");
                    session.quit();
                }
                if (round == 0) {
                    change(home);
                } else {
                    assertEquals(kept, files(home));
                }
                kept.clear();
                kept.putAll(files(home));
                Program.of(quickstart, "--stop").run().well();
                assertTrue(process.waitFor(20, TimeUnit.SECONDS), Files.readString(output));
                assertEquals(0, process.exitValue(), Files.readString(output));
            } finally {
                process.destroy();
                assertTrue(process.waitFor(30, TimeUnit.SECONDS));
            }
            if (round == ROUNDS - 2) {
                Files.writeString(home.resolve("lib/old.jar"), "of the build before");
                Files.writeString(
                        clone.resolve("conf/gateway.xml"),
                        Files.readString(clone.resolve("conf/gateway.xml")) + "<!-- later -->\n");
            }
        }
        assertEquals(1, Set.copyOf(List.of(passwords)).size());
        var builds = Files.readAllLines(clone.resolve("builds"));
        // Before the last round a source had changed.
        assertEquals(2, builds.size(), builds.toString());
        assertTrue(builds.getFirst().contains("-Dquick package -pl distribution -am"));
        assertFalse(Files.exists(home.resolve("lib/old.jar")), "the program is the new one");
        assertTrue(Files.exists(home.resolve("plugins/mine/mine.jar")), "a plugin of the user's");
        var said = Files.readString(folder.resolve("output0"));
        assertTrue(said.contains("quickstart:   1/2  Postern SPI (1 file fetched so far)"), said);
        assertTrue(said.contains("quickstart:   2/2  Postern distribution (2 files"), said);
        // Nothing runs: a stop is no error.
        Program.of(quickstart, "--stop").run().well();
    }

    /** What a user may change in the first minutes. */
    private static void change(Path home) throws IOException {
        var config = home.resolve("conf/gateway.xml");
        var text = Files.readString(config);
        var changed = text.replace("<realms>", "<!-- mine -->\n  <realms>");
        assertNotEquals(text, changed);
        Files.writeString(config, changed);
        var users = home.resolve("conf/users.xml");
        Files.writeString(
                users,
                Files.readString(users)
                        .replace(
                                "</users>",
                                "  <user name=\"anna\" password=\"{PLAIN}x\"/>\n</users>"));
        Files.writeString(home.resolve("conf/mine.xml"), "<mine/>");
        Files.createDirectories(home.resolve("mail/anna/cur"));
        Files.writeString(home.resolve("mail/anna/cur/1.M1P1.host:2,S"), "Subject: mine\n\n");
        Files.createDirectories(home.resolve("plugins/mine"));
        Files.writeString(home.resolve("plugins/mine/mine.jar"), "no jar, and nobody names it");
    }

    /** What must be the same after a stop, a start, and another build: text by path. */
    private static Map<String, String> files(Path home) throws IOException {
        var texts = new TreeMap<String, String>();
        for (var part : List.of("conf", "mail/anna", "state/tls")) {
            try (var all = Files.walk(home.resolve(part))) {
                for (var file : all.filter(Files::isRegularFile).toList()) {
                    texts.put(home.relativize(file).toString(), Files.readString(file));
                }
            }
        }
        assertTrue(texts.size() > 8, texts.keySet().toString());
        return texts;
    }

    @Test
    void aBuildThatFailsIsToldWithItsErrors() throws Exception {
        var clone = freshClone();
        Files.writeString(
                folder.resolve("bin/mvn"),
                """
                #!/bin/sh
                echo '[INFO] a thousand lines'
                echo '[ERROR] cannot fetch'
                exit 1
                """);
        var ending =
                Program.of(clone.resolve("distribution/quickstart").toString())
                        .with("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"))
                        .run();
        assertEquals(1, ending.status());
        var log = clone.resolve("distribution/scratch/build.log");
        assertEquals(
                "[ERROR] cannot fetch\nquickstart: the build has failed; all of its output is in "
                        + log
                        + "\n",
                ending.err());
        assertTrue(Files.readString(log).contains("a thousand lines"));
    }

    @Test
    void leavesAFolderAloneThatIsNotItsOwn() throws Exception {
        var mine = Files.writeString(folder.resolve("thesis"), "years of work");
        var ending = Program.of(QUICKSTART.toString(), folder.toString()).run();
        assertEquals(1, ending.status());
        assertTrue(ending.err().contains("holds something else"), ending.err());
        assertTrue(Files.exists(mine));
        assertTrue(
                Program.of(QUICKSTART.toString(), "--help").run().well().text().contains("usage"));
    }

    /** A project that nothing was built in yet, and an mvn that builds in no time. */
    private Path freshClone() throws Exception {
        var clone = Files.createDirectory(folder.resolve("clone"));
        for (var source :
                List.of(
                        "pom.xml",
                        "README.md",
                        "conf",
                        "docs",
                        "gateway-core/pom.xml",
                        "plugin-templates/pom.xml",
                        "auth-plugins/pom.xml",
                        "store-plugins/pom.xml",
                        "distribution/pom.xml",
                        "distribution/bin",
                        "distribution/src/assembly",
                        "distribution/quickstart",
                        "distribution/demo-mail")) {
            var copy = clone.resolve(source);
            Files.createDirectories(copy.getParent());
            Program.of("cp", "-r", Installation.ROOT.resolve(source).toString(), copy.toString())
                    .run()
                    .well();
        }
        var mvn = Files.createDirectory(folder.resolve("bin")).resolve("mvn");
        Files.writeString(
                mvn,
                """
                #!/bin/sh
                echo "$@" >>builds
                echo '[INFO] Downloaded from central: somewhere (1 kB)'
                echo '[INFO] Building Postern SPI 0.1.0-SNAPSHOT                              [1/2]'
                echo '[INFO] Downloaded from central: somewhere (1 kB)'
                echo '[INFO] Building Postern distribution 0.1.0-SNAPSHOT                     [2/2]'
                mkdir -p distribution/target
                cp '%s' distribution/target/
                """
                        .formatted(Installation.TARBALL));
        assertTrue(mvn.toFile().setExecutable(true));
        return clone;
    }

    private Process start(Path output, String... command) throws IOException {
        // Whoever runs the tests in the background may ignore SIGINT, and a child inherits that.
        var line = new ArrayList<>(List.of("env", "--default-signal=INT"));
        line.addAll(List.of(command));
        var builder = new ProcessBuilder(line);
        builder.environment()
                .merge("PATH", folder.resolve("bin").toString(), (path, ours) -> ours + ":" + path);
        return builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    }

    /** Waits for the curl command that reads the first message. */
    private static java.util.regex.Matcher curl(Process process, Path output) {
        return await("the quick start is ready")
                .atMost(Duration.ofSeconds(60))
                .until(
                        () -> {
                            var text = Files.readString(output);
                            assertTrue(process.isAlive(), text);
                            return text.lines()
                                    .map(CURL::matcher)
                                    .filter(java.util.regex.Matcher::find)
                                    .findFirst()
                                    .filter(_ -> text.contains("Stop it"));
                        },
                        java.util.Optional::isPresent)
                .get();
    }

    private static byte[] stored(Path scratch) throws IOException {
        return Mail.onTheWire(
                Files.readAllBytes(scratch.resolve("postern/mail/demo/new/1793000001.M1P1.demo")));
    }
}
