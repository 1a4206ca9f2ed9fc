package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Every rule of the wire names the classes of its tests, or says why it has none. */
class ProtocolRulesIT {
    private static final String NONE = "none: ";
    private static final Pattern TAG = Pattern.compile("@Tag\\(\"protocol-([0-9]+)\"\\)");
    private static final Pattern ROW =
            Pattern.compile("\\| ([0-9]+) \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|");

    private final Path root = Path.of(System.getProperty("postern.root"));

    @Test
    void everyRuleNamesItsTestsOrSaysWhyItHasNone() throws IOException {
        var tests = tests();
        var written = Files.readAllLines(root.resolve("docs/protocol-rules.md"));
        var right = new ArrayList<String>();
        var rules = new ArrayList<Integer>();
        var without = new TreeSet<Integer>();
        for (var line : written) {
            var row = ROW.matcher(line);
            if (!row.matches()) {
                right.add(line);
                continue;
            }
            var rule = Integer.valueOf(row.group(1));
            rules.add(rule);
            var classes = tests.getOrDefault(rule, new TreeSet<>());
            if (classes.isEmpty()) {
                without.add(rule);
            }
            var excused = classes.isEmpty() && row.group(4).startsWith(NONE);
            var cell = excused ? row.group(4) : String.join(", ", classes);
            right.add(
                    "| "
                            + String.join(" | ", row.group(1), row.group(2), row.group(3), cell)
                            + " |");
        }
        System.out.println(
                "protocol rules with a test: "
                        + (rules.size() - without.size())
                        + " of "
                        + rules.size()
                        + "; without: "
                        + without);
        for (var at = 0; at < rules.size(); at++) {
            assertEquals(at + 1, rules.get(at), "rules are numbered from 1, in order");
        }
        assertEquals(
                List.of(),
                tests.keySet().stream().filter(rule -> rule > rules.size()).toList(),
                "tags of rules that docs/protocol-rules.md does not have");
        var remedy = root.resolve("distribution/target/protocol-rules.md");
        if (!written.equals(right)) {
            Files.write(remedy, right);
        }
        assertEquals(
                String.join("\n", right),
                String.join("\n", written),
                "the tests of a rule have changed: copy " + remedy + " to docs/");
    }

    /** The classes that are tagged with each rule. */
    private Map<Integer, SortedSet<String>> tests() throws IOException {
        var tests = new TreeMap<Integer, SortedSet<String>>();
        try (var files = Files.walk(root)) {
            for (var file : files.filter(ProtocolRulesIT::isTest).toList()) {
                var name = file.getFileName().toString().replace(".java", "");
                TAG.matcher(Files.readString(file))
                        .results()
                        .map(tag -> Integer.valueOf(tag.group(1)))
                        .forEach(rule ->
                                tests.computeIfAbsent(rule, _ -> new TreeSet<>()).add(name));
            }
        }
        return tests;
    }

    static boolean isTest(Path file) {
        var name = file.toString();
        return name.endsWith(".java")
                && !name.contains("/target/")
                && (name.contains("/src/test/") || name.contains("/testkit/"));
    }
}
