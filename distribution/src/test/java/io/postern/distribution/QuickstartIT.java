package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The README's first command, and what it prints. */
class QuickstartIT {
    private static final Path QUICKSTART = Installation.ROOT.resolve("distribution/quickstart");
    private static final Pattern CURL =
            Pattern.compile(
                    "^  (curl --cacert (.+) --user demo:(\\S+) pop3s://127\\.0\\.0\\.1:(\\d+)/1)\\b");

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
    void buildsOnceInAFreshCloneAndStartsAnewAfterAStop() throws Exception {
        var clone = freshClone();
        var quickstart = clone.resolve("distribution/quickstart").toString();
        var passwords = new String[2];
        for (var round = 0; round < 2; round++) {
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
                    assertEquals(6, session.count());
                    session.ok("DELE 1");
                    session.quit();
                }
                Program.of(quickstart, "--stop").run().well();
                assertTrue(process.waitFor(20, TimeUnit.SECONDS), Files.readString(output));
                assertEquals(0, process.exitValue(), Files.readString(output));
            } finally {
                process.destroy();
                assertTrue(process.waitFor(30, TimeUnit.SECONDS));
            }
        }
        assertEquals(passwords[0], passwords[1]);
        var builds = Files.readAllLines(clone.resolve("builds"));
        assertEquals(1, builds.size(), builds.toString());
        assertTrue(builds.getFirst().contains("package -pl distribution -am"), builds.toString());
        // Nothing runs: a stop is no error.
        Program.of(quickstart, "--stop").run().well();
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
                mkdir distribution/target
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
