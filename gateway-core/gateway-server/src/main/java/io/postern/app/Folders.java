package io.postern.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whether folders that the start makes can be made and written to, without making them. */
final class Folders {
    private Folders() {}

    /**
     * @return what is in the way of this process, as the end of a sentence that begins with the
     *     folder; empty where nothing is
     */
    static Optional<String> obstacle(Path folder) {
        var there = folder.toAbsolutePath();
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        if (!Files.isDirectory(there)) {
            return Optional.of(
                    there.equals(folder)
                            ? "is not a folder"
                            : "cannot be made: " + there + " is not a folder");
        }
        if (!Files.isWritable(there) || !Files.isExecutable(there)) {
            return Optional.of(
                    there.equals(folder)
                            ? "cannot be written to"
                            : "cannot be made: " + there + " cannot be written to");
        }
        return Optional.empty();
    }
}
