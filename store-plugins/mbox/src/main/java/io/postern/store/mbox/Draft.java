package io.postern.store.mbox;

import io.postern.spi.Fault;
import io.postern.spi.PrivateFiles;
import io.postern.store.files.IoFaults;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * A message on its way into an mbox: a file of its own that holds it as the mbox will, read back
 * before anybody's mail is touched. So a message that the format cannot keep to the octet is found
 * out here, and a slow sender keeps nobody from the mbox. One thread.
 */
final class Draft implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Draft.class);

    /**
     * Begins the sender in the From_ line of a message that was delivered here; a unique-id may
     * follow. No mail server takes it for an address, so no sender can make one up.
     */
    private static final String SENDER = "postern:";

    private static final int CHUNK = 64 * 1024;
    private static final String PREFIX = "draft-";

    /** A draft this old was left by a crash. */
    private static final Duration UNFINISHED = Duration.ofHours(36);

    /** Digits and spaces that keep the place of a length in the header. */
    private static final int LENGTH_WIDTH = 18;

    private static final byte[] LENGTH_FIELD =
            "Content-Length: ".getBytes(StandardCharsets.US_ASCII);

    private static final byte[] FROM = "From ".getBytes(StandardCharsets.US_ASCII);

    /** As the C library's asctime has it. */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private final Path path;
    private final FileChannel channel;
    private final byte[] fromLine;
    private final String uniqueId;

    private Draft(Path path, FileChannel channel, byte[] fromLine, String uniqueId) {
        this.path = path;
        this.channel = channel;
        this.fromLine = fromLine;
        this.uniqueId = uniqueId;
    }

    /**
     * Reads a message and writes it in the form of an mbox.
     *
     * @param folder where the draft lies until it is closed
     * @param given the unique-id that it is to have
     * @throws Fault permanent, if the format cannot keep these octets
     * @throws IOException if {@code content} cannot be read
     */
    static Draft of(Path folder, MboxFormat format, InputStream content, Optional<String> given)
            throws Fault, IOException, InterruptedException {
        var path = folder.resolve(PREFIX + UUID.randomUUID());
        FileChannel channel;
        try {
            PrivateFiles.makeFolders(folder);
            removeUnfinished(folder);
            channel =
                    PrivateFiles.open(
                            path,
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw IoFaults.fault("cannot write", path, e);
        }
        Draft draft = null;
        try {
            draft = of(path, channel, format, content, given);
            return draft;
        } finally {
            if (draft == null) {
                new Draft(path, channel, new byte[0], "").close();
            }
        }
    }

    private static Draft of(
            Path path,
            FileChannel channel,
            MboxFormat format,
            InputStream content,
            Optional<String> given)
            throws Fault, IOException, InterruptedException {
        var line =
                new String(FROM, StandardCharsets.US_ASCII)
                        + SENDER
                        + UUID.randomUUID()
                        + given.map(id -> ":" + id).orElse("")
                        + " "
                        + DATE.format(Instant.now())
                        + "\n";
        var fromLine = line.getBytes(StandardCharsets.US_ASCII);
        var digest = MboxContent.sha256();
        digest.update(fromLine);
        var source = new Source(content);
        try {
            var writer = new Writer(channel, format);
            writer.out.write(fromLine);
            for (int count; (count = source.next()) >= 0; ) {
                digest.update(source.chunk, 0, count);
                writer.write(source.chunk, count);
            }
            if (writer.finish()) {
                digest.update((byte) '\n');
            }
            var listing = MboxListing.read(channel, format, Copies.NONE);
            var kept =
                    listing.count() == 1
                            && listing.hasDigest(
                                    1, Arrays.copyOf(digest.digest(), MboxContent.DIGEST));
            if (!kept) {
                throw cannotKeep(format);
            }
            return new Draft(path, channel, fromLine, listing.uniqueId(1));
        } catch (NotMboxException e) {
            throw new IllegalStateException("a From_ line of our own is none", e);
        } catch (IOException e) {
            if (source.failed) {
                throw e;
            }
            throw IoFaults.fault("cannot write", path, e);
        }
    }

    /** The unique-id that a From_ line carries. */
    static Optional<String> given(byte[] line) {
        var text = new String(line, StandardCharsets.ISO_8859_1);
        var start = FROM.length + SENDER.length() + 36;
        if (!text.startsWith(SENDER, FROM.length) || text.length() <= start) {
            return Optional.empty();
        }
        var end = text.indexOf(' ', start);
        var id = end > start + 1 && text.charAt(start) == ':' ? text.substring(start + 1, end) : "";
        return id.matches("[!-~]{1,70}") ? Optional.of(id) : Optional.empty();
    }

    FileChannel channel() {
        return channel;
    }

    byte[] fromLine() {
        return fromLine;
    }

    /** The one that the message will have. */
    String uniqueId() {
        return uniqueId;
    }

    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // It is only disk space, which the next delivery but a few takes back.
            LOG.warn("{} is left behind", path, e);
        }
    }

    private static Fault cannotKeep(MboxFormat format) {
        return Fault.permanent(
                "an mbox cannot keep this message to the octet: it has a header field that mail"
                        + " programs keep for themselves there ("
                        + HiddenFields.names()
                        + ")"
                        + switch (format) {
                            case MBOXRD, MBOXCL2 -> "";
                            case MBOXO, MBOXO_BLANK_LINE ->
                                    ", or a line that begins with From, which the format mboxo"
                                            + " changes for ever";
                        },
                null);
    }

    private static void removeUnfinished(Path folder) throws IOException {
        var oldest = Instant.now().minus(UNFINISHED);
        try (var files = Files.newDirectoryStream(folder, PREFIX + "*")) {
            for (var file : files) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(oldest)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException e) {
            LOG.debug("another delivery has ended meanwhile", e);
        }
    }

    /** Tells a sender that fails from a disk that does. */
    private static final class Source {
        private final InputStream content;
        private final byte[] chunk = new byte[CHUNK];
        private boolean failed;

        Source(InputStream content) {
            this.content = content;
        }

        int next() throws IOException {
            failed = true;
            var count = content.read(chunk);
            failed = false;
            return count;
        }
    }

    /** Quotes, or counts, as the format wants it. */
    private static final class Writer {
        private final FileChannel channel;
        private final OutputStream out;
        private final MboxFormat format;
        private final ByteBuffer lengthPlace = ByteBuffer.allocate(LENGTH_WIDTH);
        private long written;
        private long lengthAt = -1;
        private long bodyAt;
        private boolean inHeader = true;
        private boolean empty = true;

        /** What is kept back of a line that may have to be quoted, or may end the header. */
        private final byte[] kept = new byte[MboxContent.MAX_QUOTES + FROM.length];

        private int keptLength;
        private int quotes;
        private boolean passing;
        private byte last;

        Writer(FileChannel channel, MboxFormat format) {
            this.channel = channel;
            this.out = new BufferedOutputStream(Channels.newOutputStream(channel), CHUNK);
            this.format = format;
        }

        void write(byte[] octets, int count) throws IOException {
            for (var at = 0; at < count; at++) {
                if (passing) {
                    var from = at;
                    while (at < count && octets[at] != '\n') {
                        at++;
                    }
                    var to = Math.min(at + 1, count);
                    put(octets, from, to - from);
                    passing = at == count;
                } else {
                    begin(octets[at]);
                }
            }
            if (count > 0) {
                last = octets[count - 1];
                empty = false;
            }
        }

        /** Takes the next octet of a line whose kind is not known yet. */
        private void begin(byte octet) throws IOException {
            kept[keptLength++] = octet;
            if (octet == '\n') {
                if (inHeader && (keptLength == 1 || (keptLength == 2 && kept[0] == '\r'))) {
                    endHeader();
                }
                release();
                passing = false;
                return;
            }
            if (inHeader && keptLength == 1 && octet == '\r') {
                return;
            }
            if (octet == '>' && quotes == keptLength - 1 && quotes < MboxContent.MAX_QUOTES) {
                quotes++;
                return;
            }
            var matched = keptLength - quotes;
            if (matched <= FROM.length && octet == FROM[matched - 1] && kept[0] != '\r') {
                if (matched < FROM.length) {
                    return;
                }
                var quote =
                        switch (format) {
                            case MBOXRD -> true;
                            case MBOXO, MBOXO_BLANK_LINE -> quotes == 0;
                            case MBOXCL2 -> false;
                        };
                if (quote) {
                    put(new byte[] {'>'}, 0, 1);
                }
            }
            release();
            passing = true;
        }

        private void release() throws IOException {
            put(kept, 0, keptLength);
            keptLength = 0;
            quotes = 0;
        }

        private void endHeader() throws IOException {
            inHeader = false;
            if (format == MboxFormat.MBOXCL2) {
                out.write(LENGTH_FIELD);
                out.flush();
                lengthAt = channel.position();
                out.write(" ".repeat(LENGTH_WIDTH).getBytes(StandardCharsets.US_ASCII));
                out.write('\n');
            }
            bodyAt = written + keptLength;
        }

        private void put(byte[] octets, int from, int length) throws IOException {
            out.write(octets, from, length);
            written += length;
        }

        /**
         * Ends the message and puts the blank line behind it.
         *
         * @return whether its last line had no line end and got one
         */
        boolean finish() throws IOException {
            release();
            var ended = empty || last == '\n';
            if (!ended) {
                put(new byte[] {'\n'}, 0, 1);
            }
            out.write('\n');
            out.flush();
            if (lengthAt >= 0) {
                var digits = Long.toString(written - bodyAt);
                lengthPlace
                        .put(
                                " "
                                        .repeat(LENGTH_WIDTH - digits.length())
                                        .concat(digits)
                                        .getBytes(StandardCharsets.US_ASCII))
                        .flip();
                while (lengthPlace.hasRemaining()) {
                    channel.write(lengthPlace, lengthAt + lengthPlace.position());
                }
            }
            return !ended;
        }
    }
}
