package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.postern.spi.PluginConfig;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code plugins health} says of the folder for all files. */
class MboxHealthTest {
    @TempDir private Path folder;

    @Test
    void aRootThatIsMissingOrIsNoFolderIsTrouble() throws Exception {
        var root = folder.resolve("mail");
        try (var store = new MboxStore()) {
            var settings = Map.of("root", List.of(root.toString()));
            store.start(new PluginConfig(store.settings(), settings, folder, folder));
            assertEquals(Optional.of("there is no folder " + root), store.trouble());
            Files.writeString(root, "a file");
            assertEquals(Optional.of(root + " is not a folder"), store.trouble());
            Files.delete(root);
            Files.createDirectory(root);
            assertEquals(Optional.empty(), store.trouble());
        }
    }
}
