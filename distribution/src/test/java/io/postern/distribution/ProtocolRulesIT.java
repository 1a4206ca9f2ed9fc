package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Every rule of the wire has a test, or a reason why not. */
class ProtocolRulesIT {
    /** The rules of the sections that are built, and the one on the PROXY header. */
    private static final int LAST = 134;

    private static final Pattern TAG = Pattern.compile("@Tag\\(\"protocol-([0-9]+)\"\\)");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| ([0-9]+) \\|");

    private final Path root = Path.of(System.getProperty("postern.root"));

    @Test
    void everyRuleHasATestOrAReason() throws IOException {
        var tested = new TreeSet<Integer>();
        try (var files = Files.walk(root)) {
            for (var file : files.filter(ProtocolRulesIT::isTest).toList()) {
                add(tested, TAG, Files.readString(file));
            }
        }
        var excused = new TreeSet<Integer>();
        add(excused, ROW, Files.readString(root.resolve("docs/protocol-rules.md")));
        System.out.println(
                "protocol rules with a test: "
                        + tested.headSet(LAST + 1).size()
                        + " of "
                        + LAST
                        + ", and "
                        + tested.tailSet(LAST + 1).size()
                        + " beyond; without: "
                        + excused);
        var without =
                IntStream.rangeClosed(1, LAST)
                        .boxed()
                        .filter(rule -> !tested.contains(rule))
                        .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(without, excused, "rules without a test, and those with a reason");
    }

    static boolean isTest(Path file) {
        var name = file.toString();
        return name.endsWith(".java")
                && !name.contains("/target/")
                && (name.contains("/src/test/") || name.contains("/testkit/"));
    }

    private static void add(Set<Integer> numbers, Pattern pattern, String text) {
        var matcher = pattern.matcher(text);
        while (matcher.find()) {
            numbers.add(Integer.valueOf(matcher.group(1)));
        }
    }
}
