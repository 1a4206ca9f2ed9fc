package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

/** {@code postern plugins health}, as a monitor uses it: by its status. */
class HealthIT {
    @TempDir Path folder;

    @Test
    void aFolderOfMailThatIsMissingIsStatus1UntilItIsBack() throws Exception {
        var installation =
                Installation.unpack(Files.createDirectory(folder.resolve("installation")));
        assertEquals(3, health(installation).status(), "no server runs");
        var root = Files.createDirectory(folder.resolve("mbox"));
        var site =
                new Site(Files.createDirectory(folder.resolve("site")))
                        .user("anna")
                        .store("<store plugin=\"mbox\"><root>%s</root></store>".formatted(root));
        try (var server = PackagedServer.start(installation, site)) {
            server.login("anna").quit();
            var well = health(installation).well().text();
            assertTrue(well.contains("<store plugin=\"mbox\">  well"), well);
            assertTrue(
                    well.matches(
                            "(?s).*<mechanism plugin=\"user-pass\">  running\n[^<]*    1 calls, 0"
                                    + " failed.*"),
                    well);

            var away = Files.move(root, folder.resolve("not mounted"));
            var unwell = health(installation);
            assertEquals(1, unwell.status(), unwell.err());
            assertEquals("", unwell.err());
            assertTrue(
                    unwell.text()
                            .contains(
                                    "<store plugin=\"mbox\">  unwell: there is no folder " + root),
                    unwell.text());

            Files.move(away, root);
            health(installation).well();
            assertTrue(server.log().contains("WARN mbox - unwell: "), server.log());
            assertTrue(server.log().contains("INFO mbox - well again"), server.log());
        }
    }

    private static Program.Ending health(Installation installation) throws Exception {
        return installation.postern("plugins", "health").run();
    }
}
