package io.postern.store.maildir;

import io.postern.spi.wire.MessageCounter;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.TimeUnit;

/** Reads message files. A symbolic link is never followed: it could show any file to its owner. */
final class MessageFile {
    private static final int CHUNK = 32 * 1024;

    /** How often a file is counted again that changes meanwhile. */
    private static final int TRIES = 3;

    private final ByteBuffer in = ByteBuffer.allocate(CHUNK);
    private final MessageCounter counter = new MessageCounter();

    /**
     * What was counted.
     *
     * @param size on the wire
     * @param identity of the file that was read
     */
    record Measure(MessageCounter.Size size, int identity) {}

    /** There is something of that name that is no file, so no message either. */
    static final class NotAFile extends IOException {
        private static final long serialVersionUID = 1L;

        final boolean folder;

        NotAFile(Path file, boolean folder) {
            super(file + " is not a file");
            this.folder = folder;
        }
    }

    /** Reads a file to its end and counts its size on the wire. One thread at a time. */
    Measure measure(Path file) throws IOException {
        for (var tries = 1; ; tries++) {
            var before = attributes(file);
            if (!before.isRegularFile()) {
                throw new NotAFile(file, before.isDirectory());
            }
            counter.restart();
            var read = 0L;
            try (var channel = open(file)) {
                for (int some; (some = channel.read(in.clear())) >= 0; read += some) {
                    counter.count(in.flip());
                }
            }
            var identity = identity(before);
            if (read == before.size() && identity == identity(attributes(file))) {
                return new Measure(counter.finish(), identity);
            }
            if (tries == TRIES) {
                throw new IOException(file + " changes while it is read");
            }
        }
    }

    /** What tells a file from another that took its name: made of its length and time of change. */
    static int identity(Path file) throws IOException {
        return identity(attributes(file));
    }

    /** A stream over all of a file; it fails where the file turns out shorter than it was. */
    static InputStream stream(Path file) throws IOException {
        var channel = open(file);
        try {
            return new Whole(file, channel, channel.size());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static int identity(BasicFileAttributes attributes) {
        var mixed =
                (attributes.size() * 0x9E3779B97F4A7C15L)
                        ^ attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS);
        mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
        var identity = (int) (mixed ^ (mixed >>> 32));
        return identity == 0 ? 1 : identity;
    }

    private static final class Whole extends InputStream {
        private final Path file;
        private final FileChannel channel;
        private long left;

        Whole(Path file, FileChannel channel, long left) {
            this.file = file;
            this.channel = channel;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] octets, int from, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (left == 0) {
                return -1;
            }
            var read = channel.read(ByteBuffer.wrap(octets, from, (int) Math.min(length, left)));
            if (read < 0) {
                throw new EOFException(file + " became shorter by " + left + " octets");
            }
            left -= read;
            return read;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
