package io.postern.distribution;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/**
 * Mail that is not as it should be, below the packaged server: what the client hears, what the
 * operator reads, and that nothing is lost.
 */
class BadMailIT {
    private static final byte[] LETTER = Mail.octets("Subject: a letter\n\ntext\n");

    @TempDir private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"leave-out", "refuse"})
    void aFileThatCannotBeReadIsNamedAndTheMailWaits(String unreadable) throws Exception {
        var site = new Site(folder).user("anna");
        var _ =
                site.store(
                        "<store plugin=\"maildir\"><root>%s</root><unreadable>%s</unreadable></store>"
                                .formatted(site.maildrop("anna").getParent(), unreadable));
        site.deliver("anna", LETTER);
        site.deliver("anna", LETTER);
        Path denied;
        try (var files = Files.list(site.maildrop("anna").resolve("new"))) {
            denied = files.sorted().findFirst().orElseThrow();
        }
        Files.setPosixFilePermissions(denied, PosixFilePermissions.fromString("---------"));
        // Root reads everything, unless it gives that up.
        var prefix =
                System.getProperty("user.name").equals("root")
                        ? new String[] {
                            "setpriv", "--bounding-set", "-dac_override,-dac_read_search"
                        }
                        : new String[0];
        try (var server = PackagedServer.launch(Installation.shared(), site, prefix)) {
            server.awaitReady();
            if (unreadable.equals("refuse")) {
                refused(server, site, "anna", "-ERR [SYS/PERM]");
            } else {
                try (var client = server.login("anna")) {
                    assertEquals(1, client.count());
                    assertArrayEquals(Mail.onTheWire(LETTER), client.retrieve(1));
                    client.ok("DELE 1");
                    client.quit();
                }
                site.deliver("anna", LETTER);
            }
            logged(server, denied.toString());
            Files.setPosixFilePermissions(denied, PosixFilePermissions.fromString("rw-------"));
            try (var client = server.login("anna")) {
                assertEquals(2, client.count());
                assertArrayEquals(Mail.onTheWire(LETTER), client.retrieve(1));
                client.quit();
            }
        }
    }

    @Test
    void whatIsNoMessageIsLeftAlone() throws Exception {
        var site = new Site(folder).user("anna");
        site.deliver("anna", LETTER);
        var cur = site.maildrop("anna").resolve("cur");
        var link =
                Files.createSymbolicLink(
                        cur.resolve("1.link:2,S"),
                        Files.writeString(folder.resolve("secret"), "none of your mail"));
        var pipe = cur.resolve("2.pipe:2,S");
        Program.of("mkfifo", pipe.toString()).run().well();
        var inside = Files.createDirectory(cur.resolve("3.folder:2,S"));
        try (var server = PackagedServer.start(site)) {
            try (var client = server.login("anna")) {
                assertEquals(1, client.count());
                client.ok("DELE 1");
                client.quit();
            }
            logged(server, link.toString());
            logged(server, pipe.toString());
        }
        assertTrue(Files.isSymbolicLink(link) && Files.exists(pipe) && Files.exists(inside));
    }

    @Test
    void aMessageThatIsCutShortInASessionIsNotSentAsIfItWereWhole() throws Exception {
        var site = new Site(folder).user("anna");
        var large = Mail.octets("Subject: large\n\n" + "0123456789abcdef\n".repeat(20_000));
        site.deliver("anna", large);
        site.deliver("anna", LETTER);
        Path file;
        try (var files = Files.list(site.maildrop("anna").resolve("new"))) {
            file = files.sorted().findFirst().orElseThrow();
        }
        try (var server = PackagedServer.start(site)) {
            try (var client = server.login("anna")) {
                assertEquals(2, client.count());
                Files.write(file, LETTER);
                var answer = client.command("RETR 1");
                assertTrue(answer.startsWith("-ERR [SYS/TEMP]"), answer);
                assertArrayEquals(Mail.onTheWire(LETTER), client.retrieve(2));
                client.quit();
            }
            logged(server, file.toString());
            try (var client = server.login("anna")) {
                assertTrue(
                        client.ok("LIST 1").endsWith(" 1 " + Mail.onTheWire(LETTER).length),
                        "the next session counts it again");
                assertArrayEquals(Mail.onTheWire(LETTER), client.retrieve(1));
            }
        }
    }

    @Test
    void aMaildropThatIsALinkToElsewhereIsRefused() throws Exception {
        var site = new Site(folder).user("anna").user("bela");
        site.deliver("anna", LETTER);
        var elsewhere = Files.move(site.maildrop("anna"), folder.resolve("elsewhere"));
        Files.createSymbolicLink(site.maildrop("anna"), elsewhere);
        try (var server = PackagedServer.start(site)) {
            refused(server, site, "anna", "-ERR [SYS/PERM]");
            logged(server, site.maildrop("anna").toString());
            server.login("bela").quit();
        }
        try (var files = Files.list(elsewhere.resolve("new"))) {
            assertEquals(1, files.count());
        }
    }

    @Test
    void anMboxWithoutAFromLineIsRefusedAndLeftAsItIs() throws Exception {
        var mbox = Files.createDirectory(folder.resolve("mbox")).resolve("anna");
        var site =
                new Site(folder)
                        .user("anna")
                        .store(
                                "<store plugin=\"mbox\"><root>%s</root></store>"
                                        .formatted(mbox.getParent()));
        Files.write(mbox, LETTER);
        try (var server = PackagedServer.start(site)) {
            refused(server, site, "anna", "-ERR [SYS/PERM]");
            logged(server, mbox.toString());
        }
        assertArrayEquals(LETTER, Files.readAllBytes(mbox));
        try (var files = Files.list(mbox.getParent())) {
            assertEquals(List.of(mbox), files.toList());
        }
    }

    @Test
    void aDatabaseThatGoesAwayWithinAMessageLosesNothing() throws Exception {
        var data = folder.resolve("database");
        var body = new StringBuilder("Subject: large\n\n");
        var random = new Random(1);
        while (body.length() < 16 << 20) {
            body.append(random.nextLong()).append('\n');
        }
        var large = Mail.octets(body.toString());
        var database = SqlServer.postgresql(data);
        try (var mail = new SqlMail(Installation.shared(), database.url(), folder)) {
            mail.deliver("anna", large);
            mail.deliver("anna", LETTER);
        } catch (Throwable e) {
            database.close();
            throw e;
        }
        var site =
                new Site(folder)
                        .user("anna")
                        .store("<store plugin=\"jdbc\">" + database.settings() + "</store>");
        try (var server = PackagedServer.start(site)) {
            try (var client = server.login("anna")) {
                client.ok("DELE 2");
                client.ok("RETR 1");
                client.line();
                database.close();
                assertThrows(IOException.class, client::multiline, "it must not end in a dot");
            }
            logged(server, "message 1 for anna cut off");
            refused(server, site, "anna", "-ERR [SYS/TEMP]");
            try (var _ = SqlServer.postgresql(data, database.port());
                    var client =
                            await("the database is found again")
                                    .atMost(Duration.ofSeconds(60))
                                    .ignoreException(AssertionError.class)
                                    .until(() -> server.login("anna"), _ -> true)) {
                assertEquals(2, client.count());
                assertArrayEquals(Mail.onTheWire(large), client.retrieve(1));
                client.quit();
            }
        } finally {
            database.close();
        }
    }

    private static void refused(PackagedServer server, Site site, String user, String answer)
            throws IOException {
        try (var client = Pop3.connect(server.port())) {
            client.line();
            client.ok("USER " + user);
            var said = client.command("PASS " + site.password(user));
            assertTrue(said.startsWith(answer), said);
            assertFalse(
                    said.substring(answer.length()).contains("/"),
                    () -> "a path is nobody's business: " + said);
        }
    }

    private static void logged(PackagedServer server, String text) {
        await("the log names it")
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() ->
                        assertTrue(
                                server.log().contains(text),
                                () -> "no " + text + " in\n" + server.log()));
    }
}
