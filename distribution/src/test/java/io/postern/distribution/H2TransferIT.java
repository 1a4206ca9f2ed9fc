package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What commands that copy mail into and out of a file of H2 say, alone and beside a server. */
class H2TransferIT {
    private static final int LETTERS = 20;

    @TempDir private Path folder;
    private Installation installation;
    private Site site;

    @Test
    void theyEndInSilenceAndBesideAServerSayWhatToDo() throws Exception {
        installation = Installation.unpack(folder);
        site = new Site(folder).user("anna");
        for (var number = 0; number < LETTERS; number++) {
            site.deliver("anna", Mail.octets("Subject: " + number + "\n\ntext\n"));
        }
        site.realms(
                """
                <realm name="main" default="true">
                  <directory plugin="xml-users"><file>%s</file></directory>
                  <store plugin="jdbc"/>
                  <kept-deletions folder="%s" days="30"/>
                </realm>
                """
                        .formatted(site.users(), folder.resolve("kept")));
        site.write();
        var source = site.maildrop("anna").toString();
        var first = silent("import", "maildir", source);
        assertTrue(first.contains("copied " + LETTERS + " messages"), first);
        var again = silent("import", "maildir", source);
        assertTrue(again.contains("there already " + LETTERS), again);
        silent("export", "maildir", folder.resolve("copy").toString());

        try (var server = PackagedServer.start(installation, site)) {
            try (var client = Pop3.login(server.port(), "anna", site.password("anna"))) {
                client.ok("DELE 1");
                client.ok("QUIT");
            }
            for (var command :
                    List.of(
                            List.of("import", "maildir", source),
                            List.of("export", "maildir", folder.resolve("late").toString()),
                            List.of("undelete"))) {
                var ended = postern(command.toArray(String[]::new)).run();
                assertEquals(3, ended.status(), ended.err());
                var told = ended.err().lines().filter(line -> !line.contains(" INFO ")).toList();
                assertEquals(1, told.size(), ended.err());
                assertTrue(
                        told.getFirst()
                                .matches(
                                        "postern: .* is in use by another process, most likely by a"
                                                + " running server: stop that first, .*"),
                        told.getFirst());
            }
            server.terminate();
            assertEquals(0, server.ended());
            // Flyway's lines are among those of the log.
            assertLogged(server.log().lines().filter(line -> !line.matches("(listening|ready).*")));
            assertTrue(server.log().contains("lyway"), server.log());
        }
        var back = silent("undelete");
        assertTrue(back.contains("copied 1 message"), back);
    }

    /** Runs a command that says nothing but lines of the log that nobody has to act upon. */
    private String silent(String... words) throws Exception {
        var ended = postern(words).run().well();
        assertLogged(ended.err().lines());
        assertTrue(
                ended.err().lines().noneMatch(line -> line.matches(".* (WARN|ERROR) .*")),
                ended.err());
        return ended.text();
    }

    /** Each line is one of the log's: with its time, as nothing from another logger has. */
    private static void assertLogged(Stream<String> lines) {
        var others =
                lines.filter(line -> !line.isBlank())
                        .filter(line -> !line.matches("\\d{4}-\\d\\d-\\d\\dT.* [A-Z]+ .*"))
                        .toList();
        assertEquals(List.of(), others);
    }

    private Program postern(String... words) throws Exception {
        var all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--user", "anna", "--config", folder.resolve("gateway.xml").toString()));
        return installation.postern(all.toArray(String[]::new));
    }
}
