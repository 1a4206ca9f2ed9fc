package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Mail and locks in SQL, from the tarball as it is. */
class SqlStoreIT {
    /** Octets of a row of blob_chunk. */
    private static final int CHUNK = 256 * 1024;

    @TempDir private Path folder;

    @Test
    void mailInSqlIsReadRemovedAndOutlivesTheServer() throws Exception {
        var installation = Installation.unpack(folder);
        var site =
                new Site(folder)
                        .user("anna")
                        .store("<store plugin=\"jdbc\"/>")
                        .locks("<locks plugin=\"jdbc\"/>");
        var mail = new ArrayList<>(Mail.ODD);
        mail.add(Mail.octets("Subject: large\n\n" + "0123456789abcdef\n".repeat(40_000)));

        try (var server = PackagedServer.start(installation, site)) {
            try (var first = server.login("anna");
                    var second = Pop3.connect(server.port())) {
                assertEquals(0, first.count());
                second.line();
                second.ok("USER anna");
                var refused = second.command("PASS " + site.password("anna"));
                assertTrue(refused.startsWith("-ERR [IN-USE]"), refused);
                first.quit();
            }
        }
        insert(installation, "anna", mail);

        var ids = new ArrayList<String>();
        try (var server = PackagedServer.start(installation, site);
                var client = server.login("anna")) {
            assertEquals(mail.size(), client.count());
            for (var number = 1; number <= mail.size(); number++) {
                assertArrayEquals(
                        Mail.onTheWire(mail.get(number - 1)), client.retrieve(number), "" + number);
                ids.add(client.ok("UIDL " + number).split(" ", 3)[2]);
            }
            client.ok("DELE 2");
            client.quit();
            server.kill();
        }

        try (var server = PackagedServer.start(installation, site);
                var client = server.login("anna")) {
            assertEquals(mail.size() - 1, client.count());
            assertTrue(client.ok("UIDL 1").endsWith(" " + ids.get(0)));
            assertTrue(client.ok("UIDL 2").endsWith(" " + ids.get(2)));
            assertArrayEquals(Mail.onTheWire(mail.get(2)), client.retrieve(2));
            client.quit();
        }
    }

    @Test
    void checkAndPluginsKnowItsSettings() throws Exception {
        var installation = Installation.shared();
        var site = new Site(folder).user("anna");
        site.store("<store plugin=\"jdbc\"><pool-size>many</pool-size></store>");
        var wrong = installation.postern("check", "--config", site.write().toString()).run();
        assertEquals(1, wrong.status());
        assertTrue(wrong.err().contains("pool-size"), wrong.err());

        var plugins = installation.postern("plugins").run().well().text();
        for (var setting : List.of("url", "user", "password", "pool-size", "lease")) {
            assertTrue(plugins.contains(setting), setting + " is missing in\n" + plugins);
        }
    }

    /** As another program might, while the server is down: H2 lets one program in. */
    private void insert(Installation installation, String user, List<byte[]> mail)
            throws IOException, InterruptedException {
        var sql = new StringBuilder();
        for (var number = 0; number < mail.size(); number++) {
            var stored = mail.get(number);
            for (int from = 0, n = 0; from < stored.length; from += CHUNK, n++) {
                var to = Math.min(from + CHUNK, stored.length);
                sql.append("INSERT INTO blob_chunk VALUES ('blob%d', %d, X'".formatted(number, n))
                        .append(HexFormat.of().formatHex(stored, from, to))
                        .append("');\n");
            }
            sql.append(
                    """
                    INSERT INTO message (mailbox_id, seq, unique_id, octets, blob_id,
                                         stored_octets, received)
                      SELECT id, next_seq, 'sql-%d', %d, 'blob%d', %d, 0
                        FROM mailbox WHERE name = '%s';
                    UPDATE mailbox SET next_seq = next_seq + 1 WHERE name = '%s';
                    """
                            .formatted(
                                    number,
                                    Mail.onTheWire(stored).length,
                                    number,
                                    stored.length,
                                    user,
                                    user));
        }
        var script = Files.writeString(folder.resolve("mail.sql"), sql);
        Program.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        installation.home().resolve("plugins/jdbc").toString() + "/*",
                        "org.h2.tools.RunScript",
                        "-url",
                        "jdbc:h2:file:" + file(installation),
                        "-script",
                        script.toString())
                .run()
                .well();
    }

    /** Without its ending. */
    private static String file(Installation installation) throws IOException {
        try (var files = Files.walk(installation.home().resolve("state"))) {
            var found =
                    files.map(Path::toString)
                            .filter(name -> name.endsWith(".mv.db") && name.contains("/store/"))
                            .toList();
            assertEquals(1, found.size(), found::toString);
            return found.getFirst().replace(".mv.db", "");
        }
    }
}
