package io.postern.lock;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;

/**
 * The number of this start, higher than that of every start before: kept in a file, and never below
 * the clock, so that it grows even where the file is lost or cannot be written. Milliseconds since
 * 1970, or one more than the last one.
 */
final class Generation {
    private static final Logger log = LoggerFactory.getLogger(Generation.class);
    private static final String NAME = "generation";

    private final Path file;
    private final Clock clock;

    Generation(Path folder, Clock clock) {
        this.file = folder.resolve(NAME);
        this.clock = clock;
    }

    /** Counts one start. */
    long next() {
        var now = clock.millis();
        try {
            var next = Math.max(last() + 1, now);
            write(next);
            return next;
        } catch (IOException e) {
            log.warn(
                    "{} cannot be kept: {}. The locks rely on the clock instead; if it is set back"
                            + " between two starts, sessions after the second cannot remove mail."
                            + " Make the folder writable for the server.",
                    file,
                    e.toString());
            return now;
        }
    }

    private long last() throws IOException {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.US_ASCII).strip();
        } catch (NoSuchFileException first) {
            return 0;
        }
        if (!text.matches("[0-9]{1,18}")) {
            log.warn("{} is damaged and begun anew from the clock", file);
            return 0;
        }
        return Long.parseLong(text);
    }

    private void write(long generation) throws IOException {
        Files.createDirectories(file.getParent());
        var next = file.resolveSibling(NAME + ".new");
        try (var out =
                FileChannel.open(
                        next,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            var text = ByteBuffer.wrap((generation + "\n").getBytes(StandardCharsets.US_ASCII));
            while (text.hasRemaining()) {
                out.write(text);
            }
            out.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (var folder = FileChannel.open(file.getParent())) {
            folder.force(true);
        }
    }
}
