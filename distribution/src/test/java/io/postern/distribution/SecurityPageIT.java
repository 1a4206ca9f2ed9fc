package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What docs/security.md says of the server and of the tests is so. */
class SecurityPageIT {
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| ([0-9]+) \\| [^|]* \\| ([^|]*) \\|$");

    @TempDir Path folder;

    private static String page() throws IOException {
        return Files.readString(Installation.ROOT.resolve("docs/security.md"));
    }

    @Test
    @Tag("protocol-76")
    @Tag("protocol-77")
    void capaIsAsItStandsThereOnEachListenerAndInEachState() throws Exception {
        var site =
                new Site(folder)
                        .user("anna")
                        .mechanisms(
                                "user-pass",
                                "apop",
                                "sasl-plain",
                                "sasl-login",
                                "sasl-cram-md5",
                                "scram-sha-256",
                                "scram-sha-256-plus");
        var said = new StringBuilder();
        try (var server = PackagedServer.start(site)) {
            try (var client = Pop3.connect(server.port())) {
                client.line();
                said.append(capa("tls=\"none\" allow-plaintext=\"true\"", client));
                client.ok("USER anna");
                client.ok("PASS " + site.password("anna"));
                said.append(capa("the same, after the login", client));
            }
            try (var client = Pop3.connect(server.port(Security.TLS), server.certificate())) {
                client.line();
                said.append(capa("tls=\"implicit\"", client));
                client.ok("USER anna");
                client.ok("PASS " + site.password("anna"));
                said.append(capa("the same, after the login", client));
            }
            try (var client = Pop3.connect(server.port(Security.STLS))) {
                client.line();
                said.append(capa("tls=\"starttls\", in the clear", client));
                client.ok("STLS");
                var over = client.secured(server.certificate());
                said.append(capa("the same, after STLS", over));
                over.ok("USER anna");
                over.ok("PASS " + site.password("anna"));
                said.append(capa("the same, after the login", over));
            }
        }
        var expected = "```\n" + said.toString().strip() + "\n```\n";
        assertTrue(page().contains(expected), "docs/security.md lacks this:\n" + expected);
    }

    private static String capa(String where, Pop3 client) throws IOException {
        client.send("CAPA\r\n");
        var first = client.line();
        var lines = new String(client.multiline(), StandardCharsets.US_ASCII).lines();
        return Stream.concat(Stream.concat(Stream.of(first), lines), Stream.of("."))
                .map(line -> "S: " + line + "\n")
                .collect(Collectors.joining("", "# " + where + "\nC: CAPA\n", "\n"));
    }

    @Test
    void theTableOfMechanismsAndClientsIsThatOfTheTests() throws IOException {
        var tested = new TreeSet<String>();
        MechanismsIT.all().forEach(way -> tested.add(way.program() + " " + way.mechanism()));
        ClientsIT.all()
                .forEach(one ->
                        tested.add(
                                one.program()
                                        + " "
                                        + one.login().name().replace("USER", "USER and PASS")));
        tested.addAll(MechanismsIT.OTHERS);
        var rows = page().lines().filter(line -> line.startsWith("|")).toList();
        var head =
                rows.stream()
                        .filter(row -> row.startsWith("| mechanism |"))
                        .findFirst()
                        .orElseThrow();
        var programs = cells(head);
        var told = new TreeSet<String>();
        for (var row : rows.subList(rows.indexOf(head) + 2, rows.size())) {
            var cells = cells(row);
            if (cells.size() != programs.size()) {
                break; // another table
            }
            for (var at = 1; at < cells.size(); at++) {
                if (cells.get(at).equals("yes")) {
                    told.add(programs.get(at) + " " + cells.getFirst());
                }
            }
        }
        assertEquals(tested, told);
        System.out.println("logins by mechanism and program that are tested: " + tested.size());
    }

    private static List<String> cells(String row) {
        return Stream.of(row.substring(1).split("\\|", -1))
                .map(String::strip)
                .toList()
                .subList(0, row.substring(1).split("\\|", -1).length - 1);
    }

    @Test
    void theRulesOfTheWireHaveTheTestsThatStandThere() throws IOException {
        var told = new TreeSet<Integer>();
        var rows = ROW.matcher(page());
        while (rows.find()) {
            var rule = Integer.parseInt(rows.group(1));
            told.add(rule);
            for (var test : rows.group(2).split(", ", -1)) {
                assertTrue(tests(rule).contains(test), test + " does not test rule " + rule);
            }
        }
        var wanted = new TreeSet<Integer>();
        var ranges =
                List.of(
                        IntStream.rangeClosed(52, 86),
                        IntStream.rangeClosed(116, 125),
                        IntStream.of(134));
        ranges.forEach(range -> range.filter(rule -> !tests(rule).isEmpty()).forEach(wanted::add));
        assertEquals(wanted, told);
    }

    /** The names of the test classes that have this rule's tag. */
    private static Set<String> tests(int rule) {
        var tag = "@Tag(\"protocol-" + rule + "\")";
        var found = new TreeSet<String>();
        for (var test : TESTS) {
            if (test.text().contains(tag)) {
                found.add(test.name());
            }
        }
        return found;
    }

    private record Source(String name, String text) {}

    private static final List<Source> TESTS = sources();

    private static List<Source> sources() {
        var sources = new ArrayList<Source>();
        try (var files = Files.walk(Installation.ROOT)) {
            for (var file : files.filter(ProtocolRulesIT::isTest).toList()) {
                var name = file.getFileName().toString().replace(".java", "");
                sources.add(new Source(name, Files.readString(file)));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return sources;
    }
}
