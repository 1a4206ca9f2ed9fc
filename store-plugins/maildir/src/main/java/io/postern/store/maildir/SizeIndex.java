package io.postern.store.maildir;

import io.postern.spi.PrivateFiles;

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
 *
 * <p>Each property of all messages stands together, as it does in memory, and the names stand in
 * their order, so that reading it is copying a few arrays: a server that has just started would be
 * slow at anything else.
 */
final class SizeIndex {
    private static final Logger LOG = LoggerFactory.getLogger(SizeIndex.class);

    /**
     * First in the file; the last character is the version. It changes with the layout, and with
     * what a surrogate is: the sizes of those are kept.
     */
    private static final byte[] MAGIC = "PSTNIDX5".getBytes(StandardCharsets.US_ASCII);

    /**
     * Behind it the times of the folders, whether they were settled, where names were cut, and how
     * much follows.
     */
    private static final int HEADER = MAGIC.length + 8 + 8 + 1 + 4 + 4 + 4 + 4;

    /** Of each message, outside of its name: where that ends, twice, size, identity, marks. */
    private static final int RECORD = 4 + 4 + 8 + 4 + 1;

    /** Of each surrogate with a size of its own: the message's index, and that size. */
    private static final int SURROGATE = 4 + 8;

    private static final int CHECKSUM = 4;
    private static final int CHUNK = 64 * 1024;

    /** What the name says of the size was wrong once. */
    private static final int HINT_WRONG = 1;

    /** The message was seen under two names. */
    private static final int TWIN = 2;

    /** The octets of the file are those that travel. */
    private static final int WIRE_READY = 4;

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
     * @param delimiters where names are cut; an index of names that were cut elsewhere is not used
     * @param trustHints whether sizes that were told by a name are taken, too
     * @return nothing where there is none that can be used
     */
    static Optional<MaildirListing> read(Path file, InfoDelimiters delimiters, boolean trustHints)
            throws IOException {
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
        var in = ByteBuffer.wrap(octets, 0, body).position(MAGIC.length);
        var stamp = new Maildir.Stamp(in.getLong(), in.getLong());
        var settled = in.get() == 1;
        if (in.getInt() != delimiters.characters().hashCode()) {
            return Optional.empty();
        }
        var count = in.getInt();
        var text = in.getInt();
        var surrogates = in.getInt();
        if (in.remaining() != (long) RECORD * count + text + (long) SURROGATE * surrogates) {
            return damaged(file, "its parts are not as long as it says");
        }
        var listing = parse(in, stamp, settled, count, text, surrogates);
        if (!trustHints) {
            listing.keepCounted();
        }
        return Optional.of(listing);
    }

    private static Optional<MaildirListing> damaged(Path file, String why) {
        LOG.warn("size index {} is made again: {}", file, why);
        return Optional.empty();
    }

    private static MaildirListing parse(
            ByteBuffer in,
            Maildir.Stamp stamp,
            boolean settled,
            int count,
            int length,
            int surrogateCount) {
        var ends = ints(in, count);
        var uniqueEnds = ints(in, count);
        var sizes = new long[count];
        in.asLongBuffer().get(sizes);
        in.position(in.position() + Long.BYTES * count);
        var identities = ints(in, count);
        var marks = new byte[count];
        in.get(marks);
        var text = new byte[length];
        in.get(text);
        var surrogates = new HashMap<Integer, Long>();
        for (var surrogate = 0; surrogate < surrogateCount; surrogate++) {
            surrogates.put(in.getInt(), in.getLong());
        }
        var twins = new BitSet();
        var wrongHints = new boolean[count];
        var wireReady = new BitSet();
        for (var index = 0; index < count; index++) {
            if (marks[index] == 0) {
                continue;
            }
            wrongHints[index] = (marks[index] & HINT_WRONG) != 0;
            twins.set(index, (marks[index] & TWIN) != 0);
            wireReady.set(index, (marks[index] & WIRE_READY) != 0);
        }
        return new MaildirListing(
                new Names(text, ends, uniqueEnds, twins),
                stamp,
                settled,
                sizes,
                surrogates,
                identities,
                wrongHints,
                wireReady);
    }

    private static int[] ints(ByteBuffer in, int count) {
        var ints = new int[count];
        in.asIntBuffer().get(ints);
        in.position(in.position() + Integer.BYTES * count);
        return ints;
    }

    /**
     * Writes the file.
     *
     * @param delimiters where the listing's names are cut
     */
    static void write(Path file, InfoDelimiters delimiters, MaildirListing listing)
            throws IOException {
        var next = file.resolveSibling(file.getFileName() + ".next");
        try {
            try (var channel =
                    PrivateFiles.open(
                            next,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING)) {
                new Writer(channel).write(delimiters, listing);
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

        void write(InfoDelimiters delimiters, MaildirListing listing) throws IOException {
            var names = listing.names();
            var count = names.count();
            var sizes = new long[count];
            var identities = new int[count];
            var marks = new byte[count];
            var surrogates = 0;
            for (var index = 0; index < count; index++) {
                var counted = listing.keepsCount(index);
                sizes[index] = listing.keptSize(index);
                identities[index] = counted ? listing.identity(index) : 0;
                marks[index] =
                        (byte)
                                ((listing.hintWrong(index) ? HINT_WRONG : 0)
                                        | (names.twin(index) ? TWIN : 0)
                                        | (counted && listing.wireReady(index) ? WIRE_READY : 0));
                if (counted && listing.hasSurrogate(index)) {
                    surrogates++;
                }
            }
            chunk.put(MAGIC);
            chunk.putLong(listing.stamp().inNew()).putLong(listing.stamp().inCur());
            chunk.put((byte) (listing.settled() ? 1 : 0));
            chunk.putInt(delimiters.characters().hashCode());
            chunk.putInt(count).putInt(names.octets()).putInt(surrogates);
            put(names.ends());
            put(names.uniqueEnds());
            put(sizes);
            put(identities);
            put(marks);
            put(names.text());
            for (var index = 0; index < count && surrogates > 0; index++) {
                if (listing.keepsCount(index) && listing.hasSurrogate(index)) {
                    makeRoom(SURROGATE);
                    chunk.putInt(index).putLong(listing.surrogateSize(index));
                }
            }
            flush();
            chunk.putInt((int) checksum.getValue());
            drain();
        }

        private void put(int[] ints) throws IOException {
            for (var at = 0; at < ints.length; ) {
                makeRoom(Integer.BYTES);
                var part = Math.min(ints.length - at, chunk.remaining() / Integer.BYTES);
                chunk.asIntBuffer().put(ints, at, part);
                chunk.position(chunk.position() + part * Integer.BYTES);
                at += part;
            }
        }

        private void put(long[] longs) throws IOException {
            for (var at = 0; at < longs.length; ) {
                makeRoom(Long.BYTES);
                var part = Math.min(longs.length - at, chunk.remaining() / Long.BYTES);
                chunk.asLongBuffer().put(longs, at, part);
                chunk.position(chunk.position() + part * Long.BYTES);
                at += part;
            }
        }

        private void put(byte[] octets) throws IOException {
            for (var at = 0; at < octets.length; ) {
                makeRoom(1);
                var part = Math.min(octets.length - at, chunk.remaining());
                chunk.put(octets, at, part);
                at += part;
            }
        }

        private void makeRoom(int octets) throws IOException {
            if (chunk.remaining() < octets) {
                flush();
            }
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
