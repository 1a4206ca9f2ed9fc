package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What {@code check}, {@code check --start} and {@code run} say of configurations with one mistake
 * each, and of some that are good: none is green and refused, none is wrong in silence, and no
 * answer has a stack trace, the name of a Java class, or two full stops.
 */
class ConfigurationTableIT {
    private static InProcess commands;

    @TempDir private Path home;

    @BeforeAll
    static void theJars() throws Exception {
        commands = new InProcess(Installation.shared());
    }

    @AfterAll
    static void closed() throws Exception {
        commands.close();
    }

    /** JUnit warns of a link that it finds when it removes the folder. */
    @AfterEach
    void noLinks() throws Exception {
        Files.deleteIfExists(home.resolve("plugins"));
    }

    static Stream<ConfigurationCase> all() {
        return Stream.of(
                        ConfigurationCases.xml(),
                        ConfigurationCases.listeners(),
                        ConfigurationCases.limits(),
                        ConfigurationCases.structure(),
                        ConfigurationCases.settings(),
                        ConfigurationCases.files(),
                        ConfigurationCases.servers())
                .flatMap(it -> it);
    }

    @Test
    void theTableIsLong() {
        assertTrue(all().count() >= 150, all().count() + " rows");
        assertEquals(all().count(), all().map(ConfigurationCase::name).distinct().count());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void checkAndRunAgreeAndSayWhatIsWrong(ConfigurationCase row) throws Exception {
        site(row);
        var check = commands.run(home, "check");
        var run = commands.run(home, "run");
        assertWords(check);
        assertWords(run);
        switch (row.verdict()) {
            case REFUSED -> refused(row, check, run);
            case REFUSED_AT_START -> {
                assertEquals(0, check.code(), check.text());
                assertFalse(run.code() == 0, "run starts: " + run.text());
                assertTrue(row.words().matcher(run.text()).find(), "run: " + run.text());
                var start = commands.run(home, "check", "--start");
                assertWords(start);
                assertEquals(3, start.code(), start.text());
                assertTrue(row.words().matcher(start.text()).find(), "start: " + start.text());
            }
            case WARNED -> warned(row, check, run);
            case TOLD -> {
                if (check.code() == 0) {
                    warned(row, check, run);
                } else {
                    refused(row, check, run);
                }
            }
            case GOOD -> {
                starts(check, run);
                assertFalse(check.text().contains("warning:"), check.text());
            }
        }
    }

    private static void refused(ConfigurationCase row, InProcess.Ended check, InProcess.Ended run) {
        assertEquals(1, check.code(), check.text());
        assertTrue(row.words().matcher(check.text()).find(), "check: " + check.text());
        assertTrue(run.code() == 1 || run.code() == 3, "run: " + run.code() + run.text());
        assertTrue(row.words().matcher(run.text()).find(), "run: " + run.text());
    }

    private void warned(ConfigurationCase row, InProcess.Ended check, InProcess.Ended run)
            throws Exception {
        starts(check, run);
        assertTrue(
                check.text()
                        .lines()
                        .dropWhile(line -> !line.startsWith("warning: "))
                        .anyMatch(line -> row.words().matcher(line).find()),
                "no warning: " + check.text());
    }

    private void starts(InProcess.Ended check, InProcess.Ended run) throws Exception {
        assertEquals(0, check.code(), check.text());
        assertTrue(run.code() == 0 && run.text().contains("\nready\n"), "run: " + run.text());
        var start = commands.run(home, "check", "--start");
        assertEquals(0, start.code(), start.text());
    }

    /** What no operator should have to read. */
    static void assertWords(InProcess.Ended ended) {
        var text = ended.text();
        assertFalse(text.contains("\tat "), "a stack trace: " + text);
        assertFalse(text.matches("(?s).*[^.]\\.\\.(\\s.*|$)"), "two full stops: " + text);
        assertFalse(
                text.matches("(?s).*\\b(java|javax|com|org)\\.[a-z.]+\\.[A-Z].*"),
                "the name of a class: " + text);
        assertFalse(text.contains("cvc-"), text);
    }

    private void site(ConfigurationCase row) throws Exception {
        write(home, row.config().apply(ConfigurationCase.GOOD));
        for (var files : row.files()) {
            files.make(home);
        }
    }

    /** An installation with the plugins of the tarball, a user and a folder of mail. */
    static void write(Path home, String config) throws Exception {
        Files.createSymbolicLink(
                home.resolve("plugins"), Installation.shared().home().resolve("plugins"));
        Files.createDirectory(home.resolve("conf"));
        Files.createDirectory(home.resolve("mail"));
        Files.writeString(home.resolve("conf/gateway.xml"), config);
        Files.writeString(
                home.resolve("users.xml"),
                "<users><user name=\"anna\" password=\"{PLAIN}secret\"/></users>");
        Files.writeString(home.resolve("passwd"), "anna:{PLAIN}secret\n");
    }
}
