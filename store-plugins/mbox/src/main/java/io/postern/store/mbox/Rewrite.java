package io.postern.store.mbox;

import io.postern.spi.PrivateFiles;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Cuts messages out of an mbox in place, so that a crash at any moment loses nothing.
 *
 * <p>In place, because a program that waits for the locks has the file open already: what it would
 * then append to a file that was renamed away would be lost. First the new end of the file is
 * written to a journal beside it and made durable: a full disk shows itself here, before anything
 * has changed. Then it is written over the old one, the file is cut, and the journal removed. After
 * a crash the journal says what was meant, and it is done again.
 *
 * <p>The caller holds the file's locks. One thread.
 */
final class Rewrite {
    private static final Logger LOG = LoggerFactory.getLogger(Rewrite.class);

    private static final long MAGIC = 0x506f7374656d6231L;
    private static final int CHUNK = 256 * 1024;
    private static final int SHA256 = 32;

    /** How much before the first change must be as it was, for a redo to be safe, octets. */
    private static final int WITNESS = 64 * 1024;

    /** Longest {@link Intent#note}, octets. */
    private static final int MAX_NOTE = 64 * 1024 * 1024;

    /**
     * Part of a file.
     *
     * @param from where it begins
     * @param to where it ends
     */
    record Range(long from, long to) {}

    /**
     * What a journal says.
     *
     * @param oldEnd how long the file was
     * @param from where the first change is
     * @param newEnd how long it will be
     * @param witness the digest of what stands before {@code from}
     * @param cutOff the digest of the old octets from {@code newEnd} to {@code oldEnd}
     * @param note what the caller wants back when the rewrite is done
     * @param tailAt where in the journal the new octets from {@code from} to {@code newEnd} are
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by Arrays.equals, field by field
    private record Intent(
            long oldEnd,
            long from,
            long newEnd,
            byte[] witness,
            byte[] cutOff,
            byte[] note,
            long tailAt) {}

    /** A journal that does not belong to the file as it is now. */
    static final class ForeignJournalException extends Exception {
        private static final long serialVersionUID = 1L;

        ForeignJournalException(String message) {
            super(message);
        }
    }

    /** Takes the note of a rewrite that is durably done. */
    interface Done {
        void take(byte[] note) throws IOException;
    }

    private final Path path;
    private final FileChannel file;
    private final Path journal;

    /**
     * @param path the mbox
     * @param file the same, open for reading and writing
     */
    Rewrite(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
        this.journal = path.resolveSibling(path.getFileName() + ".postern-journal");
    }

    /**
     * Keeps these parts of the file from {@code from} on, and drops everything else there.
     *
     * @param keep in order, not overlapping, none before {@code from}
     * @param note comes back to {@code done}, now or after a crash
     */
    void keepOnly(long from, List<Range> keep, byte[] note, Done done) throws IOException {
        var oldEnd = file.size();
        write(from, oldEnd, keep, note);
        apply(read().orElseThrow(() -> new IOException(journal + " cannot be read back")), done);
    }

    /**
     * Finishes what a crash interrupted. Nothing to do in most cases.
     *
     * @throws ForeignJournalException if another program has changed the file since, or the journal
     *     is damaged; it is kept under another name, for it holds mail
     */
    void recover(Done done) throws IOException, ForeignJournalException {
        if (!Files.exists(journal)) {
            return;
        }
        var found = read();
        if (found.isEmpty()) {
            // It got its name when it was whole and durable: no crash leaves half of one.
            throw new ForeignJournalException(
                    "the journal of a removal from "
                            + path
                            + " is damaged, and mail may be missing there. The journal, which holds"
                            + " what was to be the end of the file, is kept in "
                            + setAside()
                            + ": compare the two, then log in again");
        }
        var intent = found.get();
        var size = file.size();
        if (size < intent.newEnd
                || !Arrays.equals(intent.witness, digest(witnessStart(intent.from), intent.from))) {
            throw foreign(size);
        }
        var cut =
                size < intent.oldEnd
                        || !Arrays.equals(intent.cutOff, digest(intent.newEnd, intent.oldEnd));
        if (cut) {
            // It is cut only when the new octets are durable. Where they are not there, another
            // program has made the file shorter, and the journal may hold the only whole copy.
            if (!holdsNew(intent)) {
                throw foreign(size);
            }
            finish(intent, done);
            return;
        }
        if (size > intent.oldEnd) {
            // Mail has arrived behind the old end. It becomes part of what is meant.
            var arrived = new Range(intent.oldEnd, size);
            extend(intent, arrived);
            intent = read().orElseThrow(() -> new IOException(journal + " cannot be read back"));
        }
        LOG.info("{}: finishing what was interrupted", path);
        apply(intent, done);
    }

    /** Whether the file holds the octets that the journal has for it. */
    private boolean holdsNew(Intent intent) throws IOException {
        try (var kept = FileChannel.open(journal, StandardOpenOption.READ)) {
            var length = intent.newEnd - intent.from;
            return Arrays.equals(
                    digest(kept, intent.tailAt, intent.tailAt + length),
                    digest(intent.from, intent.newEnd));
        }
    }

    private void apply(Intent intent, Done done) throws IOException {
        try (var from = FileChannel.open(journal, StandardOpenOption.READ)) {
            copy(from, intent.tailAt, file, intent.from, intent.newEnd - intent.from);
        }
        file.force(true);
        file.truncate(intent.newEnd);
        file.force(true);
        finish(intent, done);
    }

    private void finish(Intent intent, Done done) throws IOException {
        done.take(intent.note);
        remove();
    }

    private void remove() throws IOException {
        Files.deleteIfExists(journal);
        forceFolder();
    }

    private ForeignJournalException foreign(long size) throws IOException {
        return new ForeignJournalException(
                "another program changed "
                        + path
                        + " (now "
                        + size
                        + " octets) after a removal was interrupted. What was to be its end is kept in "
                        + setAside()
                        + ": compare the two, then log in again");
    }

    private Path setAside() throws IOException {
        return Files.move(
                journal,
                journal.resolveSibling(journal.getFileName() + "." + System.currentTimeMillis()));
    }

    private void write(long from, long oldEnd, List<Range> keep, byte[] note) throws IOException {
        var length = keep.stream().mapToLong(range -> range.to - range.from).sum();
        var newEnd = from + length;
        var intent =
                new Intent(
                        oldEnd,
                        from,
                        newEnd,
                        digest(witnessStart(from), from),
                        digest(newEnd, oldEnd),
                        note,
                        0);
        write(intent, keep, null);
    }

    /** Puts a journal in the place of another, with octets of the file behind the other's own. */
    private void extend(Intent old, Range arrived) throws IOException {
        var newEnd = old.newEnd + (arrived.to - arrived.from);
        var intent =
                new Intent(
                        arrived.to,
                        old.from,
                        newEnd,
                        old.witness,
                        digest(newEnd, arrived.to),
                        old.note,
                        old.tailAt);
        write(intent, List.of(arrived), old);
    }

    private void write(Intent intent, List<Range> keep, Intent old) throws IOException {
        var next = journal.resolveSibling(journal.getFileName() + ".next");
        try (var out =
                PrivateFiles.open(
                        next,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            var head = head(intent);
            write(out, 0, ByteBuffer.wrap(head));
            var at = (long) head.length;
            if (old != null) {
                try (var before = FileChannel.open(journal, StandardOpenOption.READ)) {
                    copy(before, old.tailAt, out, at, old.newEnd - old.from);
                }
                at += old.newEnd - old.from;
            }
            for (var range : keep) {
                copy(file, range.from, out, at, range.to - range.from);
                at += range.to - range.from;
            }
            write(out, at, ByteBuffer.wrap(digest(out, 0, at)));
            out.force(true);
        } catch (IOException e) {
            try {
                Files.deleteIfExists(next);
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
        Files.move(next, journal, StandardCopyOption.ATOMIC_MOVE);
        forceFolder();
    }

    private static byte[] head(Intent intent) throws IOException {
        var octets = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(octets)) {
            out.writeLong(MAGIC);
            out.writeLong(intent.oldEnd);
            out.writeLong(intent.from);
            out.writeLong(intent.newEnd);
            out.write(intent.witness);
            out.write(intent.cutOff);
            out.writeInt(intent.note.length);
            out.write(intent.note);
        }
        return octets.toByteArray();
    }

    /** Reads the journal; empty where it is not whole. */
    private Optional<Intent> read() throws IOException {
        if (Files.isDirectory(journal)) {
            throw new FileSystemException(journal.toString(), null, "Is a directory");
        }
        try (var in = FileChannel.open(journal, StandardOpenOption.READ)) {
            var size = in.size();
            var fixed = 4 * Long.BYTES + 2 * SHA256 + Integer.BYTES;
            if (size < fixed + SHA256) {
                return Optional.empty();
            }
            var head = ByteBuffer.allocate(fixed);
            read(in, 0, head);
            var data = new DataInputStream(new ByteArrayInputStream(head.array()));
            var magic = data.readLong();
            var oldEnd = data.readLong();
            var from = data.readLong();
            var newEnd = data.readLong();
            var witness = data.readNBytes(SHA256);
            var cutOff = data.readNBytes(SHA256);
            var noteLength = data.readInt();
            var tail = newEnd - from;
            if (magic != MAGIC
                    || noteLength < 0
                    || noteLength > MAX_NOTE
                    || from < 0
                    || tail < 0
                    || newEnd > oldEnd
                    || size != fixed + noteLength + tail + SHA256) {
                return Optional.empty();
            }
            var sum = ByteBuffer.allocate(SHA256);
            read(in, size - SHA256, sum);
            if (!Arrays.equals(sum.array(), digest(in, 0, size - SHA256))) {
                return Optional.empty();
            }
            var note = ByteBuffer.allocate(noteLength);
            read(in, fixed, note);
            return Optional.of(
                    new Intent(
                            oldEnd,
                            from,
                            newEnd,
                            witness,
                            cutOff,
                            note.array(),
                            fixed + (long) noteLength));
        }
    }

    private void forceFolder() throws IOException {
        try (var folder =
                FileChannel.open(path.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        }
    }

    private static long witnessStart(long from) {
        return Math.max(0, from - WITNESS);
    }

    private byte[] digest(long from, long to) throws IOException {
        return digest(file, from, to);
    }

    private static byte[] digest(FileChannel channel, long from, long to) throws IOException {
        try {
            var sha256 = MessageDigest.getInstance("SHA-256");
            var chunk = ByteBuffer.allocate(CHUNK);
            for (var at = from; at < to; at += chunk.limit()) {
                chunk.clear().limit((int) Math.min(CHUNK, to - at));
                read(channel, at, chunk);
                sha256.update(chunk.flip());
            }
            return sha256.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    private static void copy(
            FileChannel source, long from, FileChannel target, long to, long length)
            throws IOException {
        var chunk = ByteBuffer.allocate(CHUNK);
        for (var done = 0L; done < length; ) {
            chunk.clear().limit((int) Math.min(CHUNK, length - done));
            read(source, from + done, chunk);
            chunk.flip();
            var count = chunk.remaining();
            write(target, to + done, chunk);
            done += count;
        }
    }

    private static void read(FileChannel channel, long from, ByteBuffer into) throws IOException {
        while (into.hasRemaining()) {
            if (channel.read(into, from + into.position()) < 0) {
                throw new IOException("a file became shorter while it was read");
            }
        }
    }

    private static void write(FileChannel channel, long to, ByteBuffer octets) throws IOException {
        var start = octets.position();
        while (octets.hasRemaining()) {
            channel.write(octets, to + octets.position() - start);
        }
    }
}
