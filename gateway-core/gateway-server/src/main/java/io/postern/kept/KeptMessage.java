package io.postern.kept;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A removed message that can be had again.
 *
 * @param files where it is, with the same octets each, the newest first; at least one
 */
public record KeptMessage(Head head, List<Path> files) {
    public KeptMessage {
        files = List.copyOf(files);
    }

    /** The octets as they were stored. The caller closes it. */
    public InputStream content() throws IOException {
        return Head.content(files.getFirst());
    }

    /** Forgets it: the message is where it was, or nobody wants it. */
    public void remove() throws IOException {
        for (var file : files) {
            Files.deleteIfExists(file);
        }
    }
}
