package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link Run#plain} understands, picocli understands alike. */
class PlainRunTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "run",
                "run --config conf/gateway.xml",
                "run --config /etc/postern/gateway.xml",
                "run --home /opt/postern",
                "run --home ../here --config ./a=b.xml",
                "run --config run --home run"
            })
    void itMeansTheSame(String line) {
        var args = line.split(" ");
        var plain = Run.plain(args).orElseThrow().installation();
        var parsed = Main.commandLine().parseArgs(args).subcommand().commandSpec();
        var full = ((Run) parsed.userObject()).installation();
        assertEquals(full.home(), plain.home());
        assertEquals(full.file(), plain.file());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "check",
                "--help",
                "run --help",
                "run -h",
                "run --config",
                "run --config=gateway.xml",
                "run --config -x",
                "run --config --home",
                "run --config @words",
                "run --config \"gateway.xml\"",
                "run --config a --config b",
                "run --home a --home b",
                "run --other a",
                "run a",
                "run run",
                "run --help --config"
            })
    void itLeavesAllElseToPicocli(String line) {
        assertTrue(Run.plain(line.split(" ")).isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " "})
    void anEmptyWordIsNoFile(String word) {
        assertTrue(Run.plain("run", "--config", word).isEmpty());
        assertTrue(Run.plain(word).isEmpty());
    }
}
