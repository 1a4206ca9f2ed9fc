package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** {@code postern import} and {@code postern export} of the tarball, with a real PostgreSQL. */
class TransferIT {
    private static final int LETTERS = 500;

    /** How many are there when an import is killed. */
    private static final int[] KILLED_AT = {20, 150};

    @TempDir private Path folder;
    private Site site;

    @Test
    void whatIsImportedComesBackToTheOctetWhateverKillsTheImport() throws Exception {
        site = new Site(folder).user("anna");
        for (var odd : Mail.ODD) {
            site.deliver("anna", odd);
        }
        site.deliver(
                "anna", Mail.octets("Subject: large\r\n\r\n" + "0123456789\r\n".repeat(60_000)));
        for (var number = Mail.ODD.size() + 1; number < LETTERS; number++) {
            site.deliver("anna", Mail.octets("Subject: letter " + number + "\n\ntext\n"));
        }
        var before = files(site.maildrop("anna"));
        assertEquals(LETTERS, before.size());
        try (var database = SqlServer.postgresql(folder.resolve("database"))) {
            site.store("<store plugin=\"jdbc\">" + database.settings() + "</store>");
            var config = site.write();
            for (var messages : KILLED_AT) {
                kill(config, database, messages);
            }
            var there = messages(database);
            assertTrue(there >= KILLED_AT[1] && there < LETTERS, "messages there: " + there);

            var first = transfer(config, "import", site.maildrop("anna"));
            assertTrue(first.contains("there already " + there + "; not copied 0"), first);
            var again = transfer(config, "import", site.maildrop("anna"));
            assertTrue(again.contains("there already " + LETTERS + "; not copied 0"), again);

            var back = folder.resolve("back/anna");
            Files.createDirectories(back.getParent());
            transfer(config, "export", back);
            assertEquals(before, files(back));
        }
        assertEquals(before, files(site.maildrop("anna")), "the source stays as it is");
    }

    /** Starts an import, and kills it when so many messages are there. */
    private void kill(Path config, SqlServer database, int messages) throws Exception {
        var log = folder.resolve("import.log");
        var process =
                new ProcessBuilder(command(config, "import", site.maildrop("anna")))
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            await("messages are copied")
                    .atMost(Duration.ofSeconds(60))
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> !process.isAlive() || messages(database) >= messages);
        } finally {
            process.destroyForcibly();
        }
        assertNotEquals(0, process.waitFor(), () -> "it was not killed in the middle");
    }

    private String transfer(Path config, String what, Path maildir) throws InterruptedException {
        return Program.of(command(config, what, maildir).toArray(String[]::new))
                .run()
                .well()
                .text();
    }

    private static List<String> command(Path config, String what, Path maildir)
            throws InterruptedException {
        try {
            return List.of(
                    Installation.shared().launcher().toString(),
                    what,
                    "--config",
                    config.toString(),
                    "maildir",
                    maildir.toString(),
                    "--user",
                    "anna");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** 0 while there are no tables yet. */
    private static int messages(SqlServer database) throws Exception {
        try (var connection = DriverManager.getConnection(database.url());
                var query =
                        connection.prepareStatement(
                                "SELECT CASE WHEN to_regclass('message') IS NULL THEN 0 ELSE 1 END");
                var there = query.executeQuery()) {
            there.next();
            if (there.getInt(1) == 0) {
                return 0;
            }
            try (var count = connection.prepareStatement("SELECT COUNT(*) FROM message");
                    var rows = count.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        }
    }

    /** The octets by the name without flags. */
    private static Map<String, String> files(Path maildir) throws IOException {
        var all = new TreeMap<String, String>();
        for (var part : List.of("new", "cur")) {
            try (var files = Files.newDirectoryStream(maildir.resolve(part))) {
                for (var file : files) {
                    all.put(
                            file.getFileName().toString().split(":", -1)[0],
                            Files.readString(file, StandardCharsets.ISO_8859_1));
                }
            }
        }
        return all;
    }
}
