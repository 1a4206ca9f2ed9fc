package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

/** A path that cannot be meant, given to {@code import} or {@code export}: what is said of it. */
class TransferPathsIT {
    @TempDir private Path home;

    @Test
    void aPathThatCannotBeMeantIsToldInWordsWithTheRemedy() throws Exception {
        ConfigurationTableIT.write(home, ConfigurationCase.GOOD);
        try (var commands = new InProcess(Installation.shared())) {
            for (var store : new String[] {"maildir", "mbox"}) {
                var absent = home.resolve("out/anna");
                for (var way : new String[] {"export", "import"}) {
                    var ended = commands.run(home, way, store, absent.toString(), "--user=anna");
                    assertEquals(3, ended.code(), ended.text());
                    assertTrue(
                            ended.text()
                                    .contains(
                                            "there is no folder "
                                                    + absent.getParent()
                                                    + ". Make it first, or name another path."),
                            ended.text());
                    ConfigurationTableIT.assertWords(ended);
                }
            }
            var folder = Files.createDirectories(home.resolve("mail/anna"));
            var file = home.resolve("users.xml");
            for (var wrong : new String[] {"mbox " + folder, "maildir " + file}) {
                var words = wrong.split(" ", 2);
                var ended = commands.run(home, "import", words[0], words[1], "--user=anna");
                assertTrue(ended.code() == 3 || ended.code() == 1, ended.text());
                assertTrue(ended.text().contains(words[1]), ended.text());
                ConfigurationTableIT.assertWords(ended);
            }
        } finally {
            Files.delete(home.resolve("plugins"));
        }
    }
}
