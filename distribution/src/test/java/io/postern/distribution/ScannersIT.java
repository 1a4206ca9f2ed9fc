package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What programs that look for holes in TLS find in the packaged server: nothing above LOW. Its
 * certificate is of an authority that they are told to trust, so that no finding about trust has to
 * be left out.
 */
class ScannersIT {
    private static final boolean LONG = Boolean.getBoolean("postern.long");

    /**
     * testssl.sh's sections for every build: protocols and classes of suites. A long run has all of
     * them.
     */
    private static final List<String> SECTIONS = List.of("--protocols", "--std");

    /** testssl.sh's words for findings above LOW. */
    private static final Set<String> ABOVE_LOW = Set.of("MEDIUM", "HIGH", "CRITICAL", "FATAL");

    /** Those that do not fail and that whoever reads the report wants to know. */
    private static final Set<String> WORTH_READING = Set.of("LOW", "WARN");

    private static final Pattern ROW =
            Pattern.compile(
                    "\"([^\"]*)\",\"([^\"]*)\",\"([^\"]*)\",\"([^\"]*)\",\"((?:[^\"]|\"\")*)\".*");

    @TempDir static Path folder;
    private static Authority authority;
    private static PackagedServer server;

    @BeforeAll
    static void start() throws Exception {
        authority = new Authority(folder.resolve("authority"));
        var site = new Site(Files.createDirectory(folder.resolve("site"))).user("anna");
        site.identity(
                authority.identity("rsa", "rsa:2048", "-days 90")
                        + authority.identity(
                                "ec", "ec -pkeyopt ec_paramgen_curve:prime256v1", "-days 90"));
        server = PackagedServer.start(site);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** The same TLS is behind both; sslscan, which is quick, always looks at both. */
    static List<Security> ways() {
        return LONG ? List.of(Security.TLS, Security.STLS) : List.of(Security.TLS);
    }

    @ParameterizedTest
    @MethodSource("ways")
    @Tag("protocol-123")
    void testsslFindsNothingAboveLow(Security security) throws Exception {
        var found = folder.resolve(security + ".csv");
        var command =
                new ArrayList<>(
                        List.of(
                                "testssl",
                                "--quiet",
                                "--color",
                                "0",
                                "--warnings",
                                "off",
                                "--ip",
                                "127.0.0.1",
                                "--add-ca",
                                authority.certificate().toString(),
                                "--csvfile",
                                found.toString()));
        if (security == Security.STLS) {
            command.addAll(List.of("--starttls", "pop3"));
        }
        if (!LONG) {
            command.addAll(SECTIONS);
        }
        command.add("localhost:" + server.port(security));
        var ending =
                Program.client(command.toArray(String[]::new))
                        .within(Duration.ofMinutes(LONG ? 15 : 4))
                        .run();
        assertTrue(Files.exists(found), ending.text() + ending.err());
        var counts = new TreeMap<String, Integer>();
        var bad = new ArrayList<String>();
        var ids = new TreeMap<String, String>();
        for (var line : Files.readAllLines(found)) {
            var row = ROW.matcher(line);
            if (!row.matches() || row.group(1).equals("id")) {
                continue;
            }
            ids.put(row.group(1), row.group(5));
            counts.merge(row.group(4), 1, Integer::sum);
            if (ABOVE_LOW.contains(row.group(4))) {
                bad.add(line);
            } else if (WORTH_READING.contains(row.group(4))) {
                System.out.println("testssl.sh, " + security + ": " + line);
            }
        }
        System.out.println("testssl.sh, " + security + ": " + counts);
        assertEquals(List.of(), bad);
        // It looked, and at a server that is as it should be.
        for (var expected :
                Map.of(
                                "SSLv3", "not offered",
                                "TLS1", "not offered",
                                "TLS1_1", "not offered",
                                "TLS1_2", "offered",
                                "TLS1_3", "offered with final",
                                "cipherlist_NULL", "not offered")
                        .entrySet()) {
            var said = ids.getOrDefault(expected.getKey(), "nothing");
            assertTrue(said.startsWith(expected.getValue()), expected.getKey() + ": " + said);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"TLS", "STLS"})
    @Tag("protocol-123")
    void sslscanFindsNewVersionsAndGoodSuitesOnly(Security security) throws Exception {
        var command = new ArrayList<>(List.of("sslscan", "--no-colour", "--ipv4"));
        if (security == Security.STLS) {
            command.add("--starttls-pop3");
        }
        command.add("localhost:" + server.port(security));
        var said =
                Program.client(command.toArray(String[]::new))
                        .within(Duration.ofMinutes(2))
                        .run()
                        .well()
                        .text();
        for (var version : List.of("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1")) {
            assertTrue(
                    said.matches("(?s).*\\n" + Pattern.quote(version) + " +disabled\\n.*"), said);
        }
        for (var version : List.of("TLSv1.2", "TLSv1.3")) {
            assertTrue(said.matches("(?s).*\\n" + Pattern.quote(version) + " +enabled\\n.*"), said);
            assertTrue(said.contains(version + " not vulnerable to heartbleed"), said);
        }
        assertTrue(said.contains("Session renegotiation not supported"), said);
        var suites = said.lines().filter(line -> line.matches("(Preferred|Accepted) .*")).toList();
        System.out.println("sslscan, " + security + ": " + suites.size() + " suites");
        assertFalse(suites.isEmpty(), said);
        for (var suite : suites) {
            assertTrue(suite.matches(".* (TLS_|ECDHE-)\\S*(GCM|CHACHA20)\\S* .*"), suite);
        }
    }
}
