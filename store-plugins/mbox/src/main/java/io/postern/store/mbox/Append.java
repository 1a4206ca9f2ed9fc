package io.postern.store.mbox;

import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Adds a message to the end of an mbox, so that a crash at any moment leaves all of it or nothing.
 *
 * <p>First a note beside the file says where it ends and with which From_ line the message begins,
 * which no other message has. When the message is durable the note is removed. After a crash, what
 * the note speaks of is cut off again, unless it is whole; mail that others put behind it stays.
 *
 * <p>The caller holds the file's locks. One thread.
 */
final class Append {
    private static final Logger LOG = LoggerFactory.getLogger(Append.class);

    private static final int CHUNK = 256 * 1024;

    /** How much before the old end must be as it was for anything to be cut off, octets. */
    private static final int WITNESS = 64 * 1024;

    private static final Pattern NOTE =
            Pattern.compile(
                    "postern-append 1 ([0-9]{1,18}) ([0-9]) ([0-9]{1,18}) ([0-9a-f]{64})"
                            + " ([0-9a-f]{64})\n(From [^\n]*\n)");

    /**
     * What a note says.
     *
     * @param oldEnd how long the file was
     * @param gap how many line ends are put before the message
     * @param octets of the message, its From_ line and the blank line behind it
     * @param witness the digest of what stands before {@code oldEnd}
     * @param message the digest of those octets
     * @param fromLine the first of its lines
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Intent(
            long oldEnd, int gap, long octets, String witness, String message, byte[] fromLine) {
        long start() {
            return oldEnd + gap;
        }

        long newEnd() {
            return start() + octets;
        }
    }

    private final Path path;
    private final FileChannel file;
    private final Path note;

    /**
     * @param path the mbox
     * @param file the same, open for reading and writing
     */
    Append(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
        this.note = path.resolveSibling(path.getFileName() + ".postern-append");
    }

    /**
     * Adds one message, durably.
     *
     * @param message a file of its octets, from the From_ line to the blank line at the end
     * @param fromLine the first of them, up to the line end
     */
    void add(FileChannel message, byte[] fromLine) throws IOException {
        var oldEnd = file.size();
        var intent =
                new Intent(
                        oldEnd,
                        gap(oldEnd),
                        message.size(),
                        digest(file, Math.max(0, oldEnd - WITNESS), oldEnd),
                        digest(message, 0, message.size()),
                        fromLine);
        MaildropState.replaceForGood(
                note,
                "postern-append 1 "
                        + intent.oldEnd
                        + " "
                        + intent.gap
                        + " "
                        + intent.octets
                        + " "
                        + intent.witness
                        + " "
                        + intent.message
                        + "\n"
                        + new String(fromLine, StandardCharsets.US_ASCII));
        try {
            write(
                    ByteBuffer.wrap("\n".repeat(intent.gap).getBytes(StandardCharsets.US_ASCII)),
                    oldEnd);
            copy(message, intent.start());
            file.force(true);
        } catch (IOException e) {
            try {
                undo(oldEnd);
            } catch (IOException again) {
                e.addSuppressed(again); // the note is still there: the next to lock it does it
            }
            throw e;
        }
        remove();
    }

    /**
     * Undoes what a crash interrupted. Nothing to do in most cases.
     *
     * @param rewrite of the same file, with nothing of its own to recover
     */
    void recover(Rewrite rewrite) throws IOException {
        if (!Files.exists(note)) {
            return;
        }
        var match =
                NOTE.matcher(new String(MaildropState.octets(note), StandardCharsets.ISO_8859_1));
        if (!match.matches()) {
            // It got its name when it was whole and durable: no crash leaves half of one.
            LOG.warn(
                    "{} is damaged: a piece of a message may be at the end of {}, and is left"
                            + " there",
                    note,
                    path);
            remove();
            return;
        }
        var intent =
                new Intent(
                        Long.parseLong(match.group(1)),
                        Integer.parseInt(match.group(2)),
                        Long.parseLong(match.group(3)),
                        match.group(4),
                        match.group(5),
                        match.group(6).getBytes(StandardCharsets.US_ASCII));
        var size = file.size();
        if (size < intent.oldEnd
                || !intent.witness.equals(
                        digest(file, Math.max(0, intent.oldEnd - WITNESS), intent.oldEnd))) {
            LOG.warn(
                    "{}: another program changed it after a delivery was interrupted; a piece of"
                            + " that message may be at its end",
                    path);
            remove();
            return;
        }
        var whole =
                size >= intent.newEnd()
                        && intent.message.equals(digest(file, intent.start(), intent.newEnd()));
        if (whole) {
            file.force(true);
            remove();
            return;
        }
        LOG.info("{}: taking back what was delivered in part", path);
        var others = othersStart(intent, size);
        if (others == size) {
            undo(intent.oldEnd);
        } else {
            cutBefore(others, intent, size, rewrite);
            remove();
        }
    }

    /** Cuts the piece off that stands before somebody else's mail. */
    private void cutBefore(long others, Intent intent, long size, Rewrite rewrite)
            throws IOException {
        var gap = ByteBuffer.allocate((int) Math.min(intent.gap, others - intent.oldEnd));
        read(file, intent.oldEnd, gap);
        for (var octet : gap.array()) {
            if (octet != '\n') {
                LOG.warn("{}: a piece of a message is left before octet {}", path, others);
                return;
            }
        }
        var from = intent.oldEnd + gap.capacity();
        if (others > from) {
            rewrite.keepOnly(from, List.of(new Rewrite.Range(others, size)), new byte[0], _ -> {});
        }
    }

    /**
     * Where the first message begins that is not the one of the note; the end where there is none.
     * A deliverer may have put it in the middle of a line that was cut short.
     */
    private long othersStart(Intent intent, long size) throws IOException {
        var window = ByteBuffer.allocate(CHUNK + FromLine.MAX_OCTETS);
        for (var at = intent.oldEnd; at < size; at += CHUNK) {
            window.clear().limit((int) Math.min(window.capacity(), size - at));
            read(file, at, window);
            var octets = window.array();
            for (var from = 0; from < Math.min(CHUNK, window.limit()); from++) {
                if (octets[from] == 'F'
                        && fromLine(octets, from, window.limit(), intent.fromLine)
                        && !quoted(octets, from)) {
                    return at + from;
                }
            }
        }
        return size;
    }

    private static boolean quoted(byte[] octets, int from) {
        return from > 0 && octets[from - 1] == '>';
    }

    /** Whether a From_ line that is not {@code ours} begins there. */
    private static boolean fromLine(byte[] octets, int from, int limit, byte[] ours) {
        if (!FromLine.begins(octets, from, limit)) {
            return false;
        }
        var to = from;
        while (to < limit && octets[to] != '\n') {
            to++;
        }
        return to < limit
                && FromLine.matches(octets, from, to + 1)
                && !Arrays.equals(octets, from, to + 1, ours, 0, ours.length);
    }

    private void undo(long oldEnd) throws IOException {
        file.truncate(oldEnd);
        file.force(true);
        remove();
    }

    private void remove() throws IOException {
        Files.deleteIfExists(note);
        try (var folder =
                FileChannel.open(path.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        }
    }

    /** How many line ends are missing for a From_ line to begin a message behind the last one. */
    private int gap(long end) throws IOException {
        if (end == 0) {
            return 0;
        }
        var last = ByteBuffer.allocate((int) Math.min(3, end));
        read(file, end - last.capacity(), last);
        var text = StandardCharsets.ISO_8859_1.decode(last.flip()).toString();
        if (!text.endsWith("\n")) {
            return 2;
        }
        return text.matches("(?s).*\n\r?\n") || text.matches("\r?\n") ? 0 : 1;
    }

    private void copy(FileChannel message, long to) throws IOException {
        var chunk = ByteBuffer.allocate(CHUNK);
        var length = message.size();
        for (var done = 0L; done < length; ) {
            chunk.clear().limit((int) Math.min(CHUNK, length - done));
            read(message, done, chunk);
            write(chunk.flip(), to + done);
            done += chunk.limit();
        }
    }

    private void write(ByteBuffer octets, long to) throws IOException {
        while (octets.hasRemaining()) {
            file.write(octets, to + octets.position());
        }
    }

    private static String digest(FileChannel channel, long from, long to) throws IOException {
        try {
            var sha256 = MessageDigest.getInstance("SHA-256");
            var chunk = ByteBuffer.allocate(CHUNK);
            for (var at = from; at < to; at += chunk.limit()) {
                chunk.clear().limit((int) Math.min(CHUNK, to - at));
                read(channel, at, chunk);
                sha256.update(chunk.flip());
            }
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    private static void read(FileChannel channel, long from, ByteBuffer into) throws IOException {
        while (into.hasRemaining()) {
            if (channel.read(into, from + into.position()) < 0) {
                throw new IOException("a file became shorter while it was read");
            }
        }
    }
}
