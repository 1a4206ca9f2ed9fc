package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

class TransferTest {
    @TempDir private Path home;
    private TestSite site;

    @BeforeEach
    void begin() throws Exception {
        site = new TestSite(home).config(TestSite.good(0));
        Files.writeString(
                Files.createDirectories(home.resolve("old/alice")).resolve("7.eml"),
                "Subject: old\n\nmail\n");
    }

    @Test
    void anImportCopiesIntoTheStoreOfTheUsersRealm() {
        var ended = site.run("import", "memory", home.resolve("old").toString(), "--user=alice");

        assertEquals("copied 1 message, 22 octets; there already 0; not copied 0\n", ended.out());
        assertEquals(ExitCode.OK, ended.code(), ended.err());
        assertTrue(ended.err().contains("alice is taken as it is typed"), ended.err());
    }

    @Test
    void anExportCopiesOutOfIt() {
        var ended = site.run("export", "memory", home.resolve("old").toString(), "--user=alice");

        assertEquals("copied 1 message, 22 octets; there already 0; not copied 0\n", ended.out());
        assertEquals(ExitCode.OK, ended.code(), ended.err());
    }

    @Test
    void everyPluginThatWasStartedIsClosed() throws Exception {
        site.run("import", "memory", home.resolve("old").toString(), "--user=alice", "--dry-run");

        assertTrue(TestSite.life().endsWith("anybody-"), TestSite.life());
    }

    @Test
    void aPluginFindsItsClassesWhenItIsClosed() {
        for (var command :
                new String[][] {{"import", "memory", "old"}, {"export", "memory", "new"}}) {
            System.clearProperty("postern.test.last");
            site.run(
                    command[0],
                    command[1],
                    home.resolve(command[2]).toString(),
                    "--user=alice",
                    "--dry-run");
            assertEquals("word", System.getProperty("postern.test.last"), command[0]);
        }
    }

    @Test
    void whatCannotBeUsedIsToldWithTheRemedy() {
        var store = site.run("import", "nosuch", "old", "--user=alice");
        assertEquals(ExitCode.CONFIGURATION, store.code());
        assertTrue(store.err().contains("nosuch"), store.err());

        var path = site.run("import", "memory", "/no/such/folder", "--user=alice");
        assertEquals(ExitCode.CONFIGURATION, path.code());
        assertTrue(path.err().contains("is not a folder"), path.err());

        var realm = site.run("import", "memory", "old", "--user=alice", "--realm=other");
        assertEquals(ExitCode.USAGE, realm.code());
        assertTrue(realm.err().contains("There is no realm other"), realm.err());

        assertEquals(ExitCode.USAGE, site.run("import", "memory", "old").code(), "no --user");
    }
}
