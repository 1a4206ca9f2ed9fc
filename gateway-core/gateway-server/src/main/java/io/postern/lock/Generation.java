package io.postern.lock;

import io.postern.spi.PrivateFiles;

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
import java.util.HexFormat;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The number of this start, higher than that of every start before: kept in a file, and never below
 * the clock, so that it grows even where the file is lost or cannot be written. Milliseconds since
 * 1970, or one more than the last one.
 */
final class Generation {
    private static final Logger log = LoggerFactory.getLogger(Generation.class);
    private static final String NAME = "generation";

    /**
     * There twice: a number that is lower than one before, or higher by damage, locks users out.
     */
    private static final Pattern LINE = Pattern.compile("([0-9]{1,18}) ([0-9a-f]{8})");

    /** As it was written once. */
    private static final String OLD = "[0-9]{1,18}\n";

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
                            + " Make the folder writable for the"
                            + " server, or move away what has that name.",
                    file,
                    e.toString());
            return now;
        }
    }

    private long last() throws IOException {
        String text;
        try {
            // Every octet is a character, so that one of no meaning is no failure.
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException first) {
            return 0;
        }
        for (var match = LINE.matcher(text); match.find(); ) {
            if (checksum(match.group(1)).equals(match.group(2))) {
                return Long.parseLong(match.group(1));
            }
        }
        if (text.matches(OLD)) {
            return Long.parseLong(text.strip());
        }
        log.warn("{} is damaged and begun anew from the clock", file);
        return 0;
    }

    private static String checksum(String digits) {
        var checksum = new CRC32C();
        checksum.update(digits.getBytes(StandardCharsets.US_ASCII));
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    private void write(long generation) throws IOException {
        PrivateFiles.makeFolders(file.getParent());
        var next = file.resolveSibling(NAME + ".new");
        try (var out =
                PrivateFiles.open(
                        next,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            var digits = Long.toString(generation);
            var line = digits + " " + checksum(digits) + "\n";
            var text = ByteBuffer.wrap(line.repeat(2).getBytes(StandardCharsets.US_ASCII));
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
