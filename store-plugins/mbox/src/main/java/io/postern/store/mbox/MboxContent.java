package io.postern.store.mbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/**
 * One message as its sender wrote it: without the From_ line, the fields of {@link HiddenFields}
 * and the quoting of mboxrd. Digests what it gives, and the From_ line, so that a message can be
 * known again wherever it stands.
 *
 * <p>One thread. Does not close the file.
 */
final class MboxContent extends InputStream {
    /** Length of {@link #digest}, octets. */
    static final int DIGEST = 16;

    private static final int CHUNK = 32 * 1024;

    /** A longer run of {@code >} quotes nothing: no line of mail is that long (RFC 5322 §2.1.1). */
    static final int MAX_QUOTES = 998;

    private static final byte[] FROM = {'F', 'r', 'o', 'm', ' '};

    private enum Part {
        /** The begin of a header line, kept back until it is known whether it is hidden. */
        FIELD,
        /** The rest of a header line. */
        FIELD_REST,
        /**
         * The begin of a line that may be quoted, of which quotes and {@link #FROM} are kept back.
         */
        LINE,
        /** The rest of such a line. */
        LINE_REST
    }

    private final FileChannel file;
    private final boolean unquote;
    private final MessageDigest sha256;
    private final Optional<String> given;
    private final ByteBuffer raw = ByteBuffer.allocate(CHUNK).limit(0);
    private final byte[] out = new byte[CHUNK + MAX_QUOTES + FROM.length + HiddenFields.MAX_OCTETS];
    private final byte[] kept = new byte[HiddenFields.MAX_OCTETS];
    private final long end;
    private long at;
    private int outFrom;
    private int outTo;
    private Part part = Part.FIELD;
    private int keptLength;
    private boolean hidden;
    private boolean inHeader = true;
    private int quotes;
    private int matched;

    /**
     * @param fromLine where the From_ line begins
     * @param body where it ends
     * @param end where the message ends
     */
    MboxContent(FileChannel file, MboxFormat format, long fromLine, long body, long end)
            throws IOException {
        this.file = file;
        this.unquote = format.unquotes();
        this.end = end;
        this.at = fromLine;
        sha256 = sha256();
        var line = ByteBuffer.allocate(Math.toIntExact(body - fromLine));
        readFully(line);
        sha256.update(line.flip());
        given = Draft.given(line.array());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /** The unique-id that the message was given at its delivery. */
    Optional<String> given() {
        return given;
    }

    @Override
    public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (length == 0) {
            return 0;
        }
        while (outFrom == outTo) {
            if (!decode()) {
                return -1;
            }
        }
        var count = Math.min(length, outTo - outFrom);
        System.arraycopy(out, outFrom, into, offset, count);
        outFrom += count;
        return count;
    }

    /** What the message is known by; only after the stream has ended. */
    byte[] digest() {
        return Arrays.copyOf(sha256.digest(), DIGEST);
    }

    /** Turns the next chunk of the file into output; false when there is no more of either. */
    private boolean decode() throws IOException {
        outFrom = 0;
        outTo = 0;
        if (at < end) {
            raw.clear().limit((int) Math.min(CHUNK, end - at));
            readFully(raw);
            raw.flip();
            while (raw.hasRemaining()) {
                switch (part) {
                    case FIELD -> field();
                    case FIELD_REST -> fieldRest();
                    case LINE -> line();
                    case LINE_REST -> lineRest();
                }
            }
        } else {
            hidden = hidden && keptLength == 0; // a name that was cut off hides nothing
            putKept();
            putQuotes();
        }
        sha256.update(out, 0, outTo);
        return outTo > 0 || at < end;
    }

    private void field() {
        if (unquote && keptLength == 0 && raw.get(raw.position()) == '>') {
            hidden = false;
            part = Part.LINE; // no field, but perhaps a quoted From_ line
            return;
        }
        var octet = raw.get();
        if (keptLength == 0 && (octet == ' ' || octet == '\t')) {
            put(octet);
            part = Part.FIELD_REST; // goes where the line before it went
            return;
        }
        kept[keptLength++] = octet;
        if (octet != '\n' && octet != ':' && keptLength < kept.length) {
            return;
        }
        var blank = octet == '\n' && (keptLength == 1 || (keptLength == 2 && kept[0] == '\r'));
        hidden = HiddenFields.holds(kept, keptLength);
        putKept();
        inHeader = !blank;
        part = blank ? Part.LINE : octet == '\n' ? Part.FIELD : Part.FIELD_REST;
    }

    private void fieldRest() {
        while (raw.hasRemaining()) {
            var octet = raw.get();
            put(octet);
            if (octet == '\n') {
                part = Part.FIELD;
                return;
            }
        }
    }

    private void line() {
        if (!unquote) {
            part = Part.LINE_REST;
            return;
        }
        var octet = raw.get(raw.position());
        if (matched == 0 && octet == '>' && quotes < MAX_QUOTES) {
            quotes++;
            raw.get();
        } else if (quotes > 0 && octet == FROM[matched]) {
            matched++;
            raw.get();
            if (matched == FROM.length) {
                quotes--;
                putQuotes();
                part = Part.LINE_REST;
            }
        } else {
            putQuotes();
            part = Part.LINE_REST;
        }
    }

    private void lineRest() {
        var octets = raw.array();
        var from = raw.position();
        var stop = raw.limit();
        var to = from;
        if (unquote) {
            while (to < stop && octets[to] != '\n') {
                to++;
            }
            if (to < stop) {
                to++;
                part = inHeader ? Part.FIELD : Part.LINE;
            }
        } else {
            to = stop;
        }
        System.arraycopy(octets, from, out, outTo, to - from);
        outTo += to - from;
        raw.position(to);
    }

    private void put(byte octet) {
        if (!hidden) {
            out[outTo++] = octet;
        }
    }

    private void putKept() {
        for (var i = 0; i < keptLength; i++) {
            put(kept[i]);
        }
        keptLength = 0;
    }

    private void putQuotes() {
        Arrays.fill(out, outTo, outTo + quotes, (byte) '>');
        outTo += quotes;
        System.arraycopy(FROM, 0, out, outTo, matched);
        outTo += matched;
        quotes = 0;
        matched = 0;
    }

    private void readFully(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            var count = file.read(buffer, at);
            if (count < 0) {
                throw new IOException("the file became shorter while it was read");
            }
            at += count;
        }
    }
}
