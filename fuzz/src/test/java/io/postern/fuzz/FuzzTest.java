package io.postern.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.auth.passwdfile.PasswdFuzz;
import io.postern.auth.xmlusers.UsersFuzz;
import io.postern.config.GatewayFuzz;
import io.postern.engine.EngineFuzz;
import io.postern.spi.wire.SurrogateFuzz;
import io.postern.store.maildir.IdListFuzz;
import io.postern.store.maildir.NamesFuzz;
import io.postern.store.mbox.MboxFuzz;
import io.postern.transport.ProxyFuzz;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Runs each target in a JVM of its own under Jazzer, which makes inputs by what they cover: first
 * all of the corpus, then what comes of it. An input that breaks a target's promise fails the test
 * and stays in {@code target/fuzz}.
 */
class FuzzTest {
    private static final String MUCH = System.getProperty("postern.fuzz");
    private static final boolean TIMED = MUCH.startsWith("P");
    private static final Duration TIME = TIMED ? Duration.parse(MUCH) : Duration.ZERO;
    private static final String SEED = System.getProperty("postern.seed");
    private static final boolean KEEP = Boolean.getBoolean("postern.fuzz.keep");

    /** Beyond its time: a JVM starts, the corpus is played, a file of classes is prepared. */
    private static final Duration AROUND = Duration.ofMinutes(2);

    /** Longest time for one input, seconds, on a busy machine. */
    private static final int SLOW = 25;

    private static final List<String> HOOKS =
            List.of("RegexInjection", "RegexRoadblocks", "FilePathTraversal");

    private static final Pattern RUNS = Pattern.compile("stat::number_of_executed_units: +(\\d+)");
    private static final Pattern COVERAGE = Pattern.compile(" cov: (\\d+) ft: (\\d+) ");

    /** What Jazzer said when it came to its end. */
    private record Run(int exit, String said, Path folder) {}

    @ParameterizedTest
    @ValueSource(
            classes = {
                EngineFuzz.class,
                SaslFuzz.class,
                ProxyFuzz.class,
                UsersFuzz.class,
                PasswdFuzz.class,
                GatewayFuzz.class,
                MboxFuzz.class,
                NamesFuzz.class,
                IdListFuzz.class,
                SurrogateFuzz.class
            })
    void noInputBreaksItsPromise(Class<?> target) throws Exception {
        var name = target.getSimpleName().replace("Fuzz", "").toLowerCase(java.util.Locale.ROOT);
        var corpus = Path.of("corpus", name).toAbsolutePath();
        var files = count(corpus);
        assertTrue(files > 0, "a target without a corpus");
        var run =
                jazzer(
                        target,
                        name,
                        List.of(
                                TIMED ? "-max_total_time=" + TIME.toSeconds() : "-runs=" + MUCH,
                                "-print_final_stats=1"),
                        corpus);
        assertEquals(0, run.exit, () -> "inputs are in " + run.folder + "\n" + tail(run.said));
        var runs = Long.parseLong(last(RUNS, run.said, 1));
        System.out.println(
                "fuzz "
                        + name
                        + ": "
                        + runs
                        + " executions, corpus of "
                        + files
                        + " files, "
                        + last(COVERAGE, run.said, 1)
                        + " edges, "
                        + count(run.folder.resolve("found"))
                        + " new inputs of interest");
        assertTrue(runs > files, "there was more than the corpus:\n" + tail(run.said));
        if (KEEP) {
            var merge =
                    jazzer(
                            target,
                            name + "-merge",
                            List.of("-merge=1"),
                            corpus,
                            run.folder.resolve("found"));
            assertEquals(0, merge.exit, () -> tail(merge.said));
        }
    }

    @Test
    void aBrokenPromiseIsFound() throws Exception {
        var run =
                jazzer(
                        BrokenFuzz.class,
                        "broken",
                        List.of("-max_total_time=60"),
                        Files.createDirectories(Path.of("target/fuzz/no-corpus")).toAbsolutePath());
        assertTrue(run.exit != 0, () -> tail(run.said));
        assertTrue(run.said.contains("the planted defect"), () -> tail(run.said));
    }

    private static Run jazzer(Class<?> target, String name, List<String> options, Path... corpora)
            throws Exception {
        var folder = Files.createDirectories(Path.of("target/fuzz", name)).toAbsolutePath();
        var found = folder.resolve("found");
        empty(Files.createDirectories(found));
        var log = folder.resolve("log");
        var command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx256m",
                                "-XX:+UseSerialGC",
                                "-XX:+EnableDynamicAgentLoading",
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "com.code_intelligence.jazzer.Jazzer",
                                "--target_class=" + target.getName(),
                                "--instrumentation_includes=io.postern.**",
                                // What the targets look at with regular expressions are answers.
                                // The search for paths tries the name of this folder, so that
                                // another clone would see other inputs.
                                "--disabled_hooks=" + hooks(HOOKS),
                                "--custom_hook_includes=io.postern.**",
                                "-seed=" + SEED,
                                "-timeout=" + SLOW,
                                "-artifact_prefix=" + folder + "/"));
        command.addAll(options);
        if (!options.contains("-merge=1")) {
            command.add(found.toString()); // new inputs go into the first folder
        }
        for (var corpus : corpora) {
            command.add(corpus.toString());
        }
        var process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            var patience = TIME.plus(AROUND).toSeconds();
            assertTrue(process.waitFor(patience, TimeUnit.SECONDS), "Jazzer comes to no end");
        } finally {
            process.destroyForcibly();
        }
        return new Run(
                process.exitValue(), Files.readString(log, StandardCharsets.ISO_8859_1), folder);
    }

    private static String hooks(List<String> names) {
        return names.stream()
                .map("com.code_intelligence.jazzer.sanitizers."::concat)
                .collect(Collectors.joining(":"));
    }

    private static void empty(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private static long count(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.count();
        }
    }

    private static String last(Pattern pattern, String text, int group) {
        return pattern.matcher(text)
                .results()
                .reduce((_, later) -> later)
                .orElseThrow(() -> new AssertionError(tail(text)))
                .group(group);
    }

    private static String tail(String text) {
        return text.substring(Math.max(0, text.length() - 6_000));
    }
}
