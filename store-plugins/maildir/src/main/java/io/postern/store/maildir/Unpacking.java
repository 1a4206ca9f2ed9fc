package io.postern.store.maildir;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Unpacks compressed messages. What that takes of memory is bounded for all sessions together: who
 * finds it used up waits until another one is done, which takes no longer than the disk and the
 * processor do. So no client is waited for: a message that is being sent was unpacked before. Any
 * number of threads.
 */
final class Unpacking {
    private static final Logger LOG = LoggerFactory.getLogger(Unpacking.class);

    /** Part of the heap that may be in use for it. */
    private static final int PART = 4;

    private static final int MEBIBYTE = 1024 * 1024;

    /** Messages up to this size are unpacked in memory, larger ones on the disk; octets. */
    private static final int IN_MEMORY = 64 * 1024;

    private static final int CHUNK = 32 * 1024;

    private static final FileAttribute<?> OWNER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final AtomicLong FILES = new AtomicLong();

    private final long limit;
    private final Semaphore memory;
    private final AtomicBoolean told = new AtomicBoolean();

    /**
     * @param limit of the size that a message may have when it is unpacked, octets: some archives
     *     become more than a thousand times as large
     */
    Unpacking(long limit) {
        this.limit = limit;
        var least = 0;
        for (var compression : Compression.values()) {
            least = Math.max(least, compression.memory());
        }
        var part = Runtime.getRuntime().maxMemory() / MEBIBYTE / PART;
        memory = new Semaphore((int) Math.min(Math.max(least, part), Integer.MAX_VALUE), true);
    }

    /**
     * Starts to unpack a message. Whoever reads it must not wait for anything meanwhile.
     *
     * @param channel at the beginning of the file; stays open
     * @param file for messages to the operator
     * @param size that the file's name tells; it counts where the archive does not mark its end
     * @return fails with {@link UnreadableMessage} where there is no message in the file
     */
    InputStream open(Compression compression, FileChannel channel, Path file, OptionalLong size)
            throws IOException, InterruptedException {
        if (told.compareAndSet(false, true)) {
            LOG.warn(
                    "there are compressed messages, such as {} ({}): each is unpacked whenever it is"
                            + " retrieved",
                    file,
                    compression);
        }
        memory.acquire(compression.memory());
        var unpacked = new Unpacked(compression, channel, file, size);
        try {
            unpacked.start();
            return unpacked;
        } catch (IOException | RuntimeException e) {
            unpacked.close();
            throw e;
        }
    }

    /**
     * Unpacks a whole message, so that it can be read as slowly as a client takes it.
     *
     * @param channel at the beginning of the file; stays open
     * @param scratch begins the path of a file that has no name any more once it is open
     */
    InputStream whole(
            Compression compression,
            FileChannel channel,
            Path file,
            OptionalLong size,
            Path scratch)
            throws IOException, InterruptedException {
        try (var unpacked = open(compression, channel, file, size)) {
            var head = unpacked.readNBytes(IN_MEMORY);
            if (head.length < IN_MEMORY) {
                return new ByteArrayInputStream(head);
            }
            var all =
                    nameless(
                            scratch.resolveSibling(
                                    scratch.getFileName() + "-" + FILES.incrementAndGet()));
            try {
                write(all, head, head.length);
                var chunk = new byte[CHUNK];
                for (int read; (read = unpacked.read(chunk)) >= 0; ) {
                    write(all, chunk, read);
                }
                return Channels.newInputStream(all.position(0));
            } catch (IOException | RuntimeException e) {
                all.close();
                throw e;
            }
        }
    }

    /** A file for nobody else, which the system removes at once or when it is closed. */
    private static FileChannel nameless(Path path) throws IOException {
        var options =
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.DELETE_ON_CLOSE);
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? FileChannel.open(path, options, OWNER)
                : FileChannel.open(path, options);
    }

    private static void write(FileChannel channel, byte[] octets, int length) throws IOException {
        var buffer = ByteBuffer.wrap(octets, 0, length);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** A message while it is unpacked. */
    private final class Unpacked extends InputStream {
        private final Compression compression;
        private final Packed packed;
        private final InputStream buffered;
        private final Path file;
        private final long least;
        private InputStream plain;
        private long octets;
        private boolean closed;

        Unpacked(Compression compression, FileChannel channel, Path file, OptionalLong size) {
            least = compression.marksItsEnd() ? 0 : size.orElse(0);
            this.compression = compression;
            this.packed = new Packed(channel);
            this.buffered = new BufferedInputStream(packed, CHUNK);
            this.file = file;
        }

        void start() throws IOException {
            try {
                plain = compression.open(buffered);
            } catch (IOException | RuntimeException e) {
                throw judged(e);
            }
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            int read;
            try {
                read = plain.read(target, from, length);
                if (read < 0 && buffered.read() >= 0) {
                    throw new IOException("there is something behind its end");
                }
                if (read < 0 && octets < least) {
                    throw new EOFException("it has " + octets + " octets of " + least);
                }
            } catch (IOException | RuntimeException e) {
                throw judged(e);
            }
            octets += Math.max(read, 0);
            if (octets > limit) {
                throw new UnreadableMessage(
                        file
                                + " ("
                                + compression
                                + ") has more than "
                                + limit
                                + " octets when it is unpacked, see unpacked-limit",
                        null);
            }
            return read;
        }

        /** A disk that fails, or a file that is no archive of its kind. */
        private IOException judged(Exception e) {
            if (packed.failure != null) {
                return packed.failure;
            }
            return new UnreadableMessage(
                    file
                            + " ("
                            + compression
                            + ") cannot be unpacked: "
                            + (e.getMessage() == null ? "it ends too early" : e.getMessage()),
                    e);
        }

        @Override
        public void close() throws IOException {
            if (closed) {
                return;
            }
            closed = true;
            try {
                if (plain != null) {
                    plain.close();
                }
            } finally {
                memory.release(compression.memory());
            }
        }
    }

    /** The octets of the file; remembers whether it was the file that failed. */
    private static final class Packed extends InputStream {
        private final FileChannel channel;
        private IOException failure;

        Packed(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] octets, int from, int length) throws IOException {
            try {
                return channel.read(ByteBuffer.wrap(octets, from, length));
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }
    }
}
