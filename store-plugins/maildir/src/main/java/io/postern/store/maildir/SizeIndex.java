package io.postern.store.maildir;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The file that remembers a maildrop's names and sizes, so that a login reads no message again. It
 * saves time and nothing else: where it is missing, damaged or old, the Maildir itself is read.
 *
 * <p>It is written whole under another name and renamed, and ends in a checksum over all of it.
 * There is no fsync: a crash that loses or tears it costs the time to make it again.
 */
final class SizeIndex {
    private static final Logger LOG = LoggerFactory.getLogger(SizeIndex.class);

    /**
     * First in the file; the last character is the version. It changes with the layout, and with
     * what a surrogate is: the sizes of those are kept.
     */
    private static final byte[] MAGIC = "PSTNIDX3".getBytes(StandardCharsets.US_ASCII);

    private static final int HEADER = MAGIC.length + 8 + 8 + 1 + 4;

    /**
     * All of a record but the name: marks, length of the name, size, identity, and the size of the
     * surrogate where there is one.
     */
    private static final int RECORD = 1 + 2 + 8 + 4 + 8;

    private static final int CHECKSUM = 4;
    private static final int CHUNK = 64 * 1024;

    /** The file is in {@code new}. */
    private static final int IN_NEW = 1;

    /** The size was counted; otherwise it is not known. */
    private static final int COUNTED = 2;

    /** What the name says of the size was wrong once. */
    private static final int HINT_WRONG = 4;

    /** The message was seen under two names. */
    private static final int TWIN = 8;

    /** The surrogate has another size, which stands behind the identity. */
    private static final int SURROGATE = 16;

    /** The octets of the file are those that travel. */
    private static final int WIRE_READY = 32;

    private SizeIndex() {}

    /** What tells one writing of the file from another. */
    record Mark(FileTime changed, long octets, Object key) {}

    /** The file as it is now; empty where there is none that can be looked at. */
    static Optional<Mark> mark(Path file) {
        try {
            var now = Files.readAttributes(file, BasicFileAttributes.class);
            return Optional.of(new Mark(now.lastModifiedTime(), now.size(), now.fileKey()));
        } catch (IOException e) {
            return Optional.empty(); // who reads it finds the same, and says it
        }
    }

    /**
     * Reads the file.
     *
     * @return nothing where there is none that can be used
     */
    static Optional<MaildirListing> read(Path file) throws IOException {
        byte[] octets;
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            var size = channel.size();
            if (size > Integer.MAX_VALUE - 16) {
                return damaged(file, "it is too long");
            }
            var buffer = ByteBuffer.allocate((int) size);
            while (buffer.hasRemaining()) {
                if (channel.read(buffer) < 0) {
                    throw new EOFException(file + " became shorter while it was read");
                }
            }
            octets = buffer.array();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        var body = octets.length - CHECKSUM;
        if (body < HEADER || !Arrays.equals(octets, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            return damaged(file, "its head is not that of an index");
        }
        var checksum = new CRC32C();
        checksum.update(octets, 0, body);
        if (ByteBuffer.wrap(octets).getInt(body) != (int) checksum.getValue()) {
            return damaged(file, "its checksum is wrong");
        }
        return Optional.of(parse(octets));
    }

    private static Optional<MaildirListing> damaged(Path file, String why) {
        LOG.warn("size index {} is made again: {}", file, why);
        return Optional.empty();
    }

    private static MaildirListing parse(byte[] octets) {
        var in = ByteBuffer.wrap(octets).position(MAGIC.length);
        var stamp = new Maildir.Stamp(in.getLong(), in.getLong());
        var settled = in.get() == 1;
        var count = in.getInt();
        var names = new Names.Builder();
        var sizes = new long[count];
        var surrogates = new HashMap<Integer, Long>();
        var identities = new int[count];
        var wrongHints = new boolean[count];
        var wireReady = new BitSet();
        for (var index = 0; index < count; index++) {
            var marks = in.get();
            sizes[index] = in.getLong();
            if ((marks & COUNTED) == 0) {
                sizes[index] = MaildirListing.UNKNOWN;
            }
            identities[index] = in.getInt();
            if ((marks & SURROGATE) != 0) {
                surrogates.put(index, in.getLong());
            }
            wrongHints[index] = (marks & HINT_WRONG) != 0;
            wireReady.set(index, (marks & WIRE_READY) != 0);
            var length = Short.toUnsignedInt(in.getShort());
            var at = in.position();
            names.add((marks & IN_NEW) != 0, octets, at, at + length, (marks & TWIN) != 0);
            in.position(at + length);
        }
        return new MaildirListing(
                names.sorted(),
                stamp,
                settled,
                sizes,
                surrogates,
                identities,
                wrongHints,
                wireReady);
    }

    /** Writes the file. */
    static void write(Path file, MaildirListing listing) throws IOException {
        var next = file.resolveSibling(file.getFileName() + ".next");
        try {
            try (var channel =
                    FileChannel.open(
                            next,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING)) {
                new Writer(channel).write(listing);
            }
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            try {
                Files.deleteIfExists(next);
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    private static final class Writer {
        private final FileChannel channel;
        private final CRC32C checksum = new CRC32C();
        private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK);

        Writer(FileChannel channel) {
            this.channel = channel;
        }

        void write(MaildirListing listing) throws IOException {
            var names = listing.names();
            chunk.put(MAGIC);
            chunk.putLong(listing.stamp().inNew()).putLong(listing.stamp().inCur());
            chunk.put((byte) (listing.settled() ? 1 : 0)).putInt(names.count());
            for (var index = 0; index < names.count(); index++) {
                var name = names.name(index).getBytes(StandardCharsets.ISO_8859_1);
                if (chunk.remaining() < RECORD + name.length) {
                    flush();
                }
                var surrogate = listing.counted(index) && listing.hasSurrogate(index);
                var marks =
                        (names.inNew(index) ? IN_NEW : 0)
                                | (listing.counted(index) ? COUNTED : 0)
                                | (listing.hintWrong(index) ? HINT_WRONG : 0)
                                | (names.twin(index) ? TWIN : 0)
                                | (surrogate ? SURROGATE : 0)
                                | (listing.wireReady(index) ? WIRE_READY : 0);
                chunk.put((byte) marks)
                        .putLong(listing.counted(index) ? listing.size(index) : 0)
                        .putInt(listing.identity(index));
                if (surrogate) {
                    chunk.putLong(listing.surrogateSize(index));
                }
                chunk.putShort((short) name.length).put(name);
            }
            flush();
            chunk.putInt((int) checksum.getValue());
            drain();
        }

        private void flush() throws IOException {
            checksum.update(chunk.array(), 0, chunk.position());
            drain();
        }

        private void drain() throws IOException {
            chunk.flip();
            while (chunk.hasRemaining()) {
                channel.write(chunk);
            }
            chunk.clear();
        }
    }
}
