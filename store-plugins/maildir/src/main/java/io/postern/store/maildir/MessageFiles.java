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
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** Reads message files, compressed ones too. Any number of threads. */
final class MessageFiles {
    private static final int CHUNK = 32 * 1024;

    /** How often a file is counted again that changes meanwhile. */
    private static final int TRIES = 3;

    /** In the name of a file that a script compressed. */
    private static final char COMPRESSED = 'Z';

    private final InfoDelimiters delimiters;
    private final Links links;
    private final Unpacking unpacking;

    MessageFiles(InfoDelimiters delimiters, Links links, Unpacking unpacking) {
        this.delimiters = delimiters;
        this.links = links;
        this.unpacking = unpacking;
    }

    /**
     * What was counted.
     *
     * @param size on the wire; never {@code asStored} if the file is compressed
     * @param identity of the file that was read
     */
    record Measure(MessageCounter.Size size, int identity) {}

    /**
     * An opened file.
     *
     * @param compression empty if the octets of the file are the message
     */
    record Opened(Path file, FileChannel channel, Optional<Compression> compression)
            implements AutoCloseable {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /**
     * What tells a file from another that took its name: made of its length and time of change. Of
     * a link, that of the file that it leads to.
     *
     * @throws NotAFile if it is a link that is not followed
     */
    int identity(Path file) throws IOException {
        return identity(attributes(file));
    }

    /**
     * Opens a file.
     *
     * @throws UnreadableMessage if it is an archive of an unknown kind
     * @throws NotAFile if it is a link that is not followed
     */
    Opened open(Path file) throws IOException {
        var channel = channel(file);
        try {
            var head = ByteBuffer.allocate(Compression.MAGIC_OCTETS);
            while (head.hasRemaining() && channel.read(head, head.position()) >= 0) {
                // As often as it takes.
            }
            var octets = head.array();
            var flagged = delimiters.flagged(FileName.of(file), COMPRESSED);
            var compression = Compression.of(octets, head.position(), flagged);
            if (flagged && compression.isEmpty() && !Compression.text(octets, head.position())) {
                throw new UnreadableMessage(
                        file + " has the flag Z and is compressed in an unknown way", null);
            }
            return new Opened(file, channel, compression);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * A stream over the message in a file; it fails where the file turns out shorter than it was.
     *
     * @param opened closed with the stream, or here
     * @param scratch begins the path of a file that has no name any more once it is open
     * @throws UnreadableMessage if it is an archive that is damaged or too large
     */
    InputStream stream(Opened opened, Path scratch) throws IOException, InterruptedException {
        var channel = opened.channel();
        try {
            if (opened.compression().isEmpty()) {
                return new Whole(opened.file(), channel, channel.size());
            }
            var compression = opened.compression().get();
            var whole =
                    unpacking.whole(
                            compression, channel, opened.file(), sizeHint(opened.file()), scratch);
            channel.close();
            return whole;
        } catch (IOException | InterruptedException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** 22 characters that stand for the octets of a message, however it is stored. */
    String digest(Path file) throws IOException, InterruptedException {
        var reader = new Reader();
        reader.digest = UniqueId.sha256();
        var _ = reader.measure(file);
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(reader.digest.digest())
                .substring(0, 22);
    }

    /** Whether two files hold the same message. */
    boolean same(Path one, Path other) throws IOException, InterruptedException {
        return Files.isSameFile(one, other) || digest(one).equals(digest(other));
    }

    /** Reads one file after the other to its end. Has buffers. One thread at a time. */
    final class Reader {
        private final ByteBuffer in = ByteBuffer.allocate(CHUNK);
        private final MessageCounter counter = new MessageCounter();
        private MessageDigest digest;

        /**
         * Counts the size of a message on the wire.
         *
         * @throws NotAFile if there is something else of that name
         * @throws UnreadableMessage if no message can be made of it
         */
        Measure measure(Path file) throws IOException, InterruptedException {
            for (var tries = 1; ; tries++) {
                var before = attributes(file);
                if (!before.isRegularFile()) {
                    throw new NotAFile(
                            file + " is neither a file nor a folder", before.isDirectory());
                }
                counter.restart();
                if (digest != null) {
                    digest.reset();
                }
                var identity = identity(before);
                try (var opened = open(file)) {
                    var plain = opened.compression().isEmpty();
                    var whole = plain ? count(opened.channel()) == before.size() : unpack(opened);
                    if (whole && identity == identity(attributes(file))) {
                        var size = counter.finish();
                        return new Measure(
                                plain
                                        ? size
                                        : new MessageCounter.Size(
                                                size.octets(), size.surrogateOctets(), false),
                                identity);
                    }
                }
                if (tries == TRIES) {
                    throw new IOException(file + " changes while it is read");
                }
            }
        }

        /** Gives the octets that were read. */
        private long count(FileChannel channel) throws IOException {
            var read = 0L;
            for (int some; (some = channel.read(in.clear())) >= 0; read += some) {
                take();
            }
            return read;
        }

        private boolean unpack(Opened opened) throws IOException, InterruptedException {
            var compression = opened.compression().orElseThrow();
            try (var plain =
                    unpacking.open(
                            compression,
                            opened.channel(),
                            opened.file(),
                            sizeHint(opened.file()))) {
                for (int some; (some = plain.read(in.array())) >= 0; ) {
                    in.clear().position(some);
                    take();
                }
            }
            return true;
        }

        private void take() {
            in.flip();
            if (digest != null) {
                digest.update(in.duplicate());
            }
            counter.count(in);
        }
    }

    private OptionalLong sizeHint(Path file) {
        return FileName.storedSizeHint(delimiters.unique(FileName.of(file)));
    }

    private FileChannel channel(Path file) throws IOException {
        try {
            return plainChannel(file);
        } catch (IOException e) {
            if (!Files.isSymbolicLink(file)) {
                throw e;
            }
            return plainChannel(links.follow(file));
        }
    }

    private static FileChannel plainChannel(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    private BasicFileAttributes attributes(Path file) throws IOException {
        var attributes = plainAttributes(file);
        return attributes.isSymbolicLink() ? plainAttributes(links.follow(file)) : attributes;
    }

    private static BasicFileAttributes plainAttributes(Path file) throws IOException {
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
