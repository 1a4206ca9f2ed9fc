package io.postern.spi.wire;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * What is sent of an internationalised message (RFC 6532) to a client that did not ask for UTF-8
 * (RFC 6856 §2.1): the same message with a header of ASCII. The octets come as a store gives them,
 * for {@link MessageEncoder} to encode; {@link MessageCounter} counts how many they are.
 *
 * <p>Only the message's own header is rewritten, field by field. A field that has no octet above
 * 0x7F stays as it is, to the octet, and so does one that is not UTF-8, and the whole body: text of
 * eight bits and the headers of MIME parts flow as they do on every server.
 *
 * <p>One thread at a time.
 */
public final class Surrogate extends InputStream {
    /**
     * In place of a size: the message needs a surrogate and can have none, because an
     * internationalised field of its header is longer than 64 KiB.
     */
    public static final long NONE = -1;

    private static final int CHUNK = 8 * 1024;

    private final InputStream stored;
    private final HeaderFields fields = new HeaderFields();
    private final Made made = new Made();
    private final byte[] chunk = new byte[CHUNK];
    private boolean ended;

    private Surrogate(InputStream stored) {
        this.stored = stored;
    }

    /**
     * The surrogate of a message.
     *
     * @param stored the message; closed with what is returned
     * @return a stream that gives at least one octet at a time and need not be buffered; it fails
     *     where {@code stored} does
     */
    public static InputStream of(InputStream stored) {
        return new Surrogate(stored);
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
        while (made.isEmpty() && !ended && !fields.over()) {
            var read = stored.read(chunk, 0, CHUNK);
            if (read < 0) {
                ended = true;
                fields.finish(made);
            } else if (read == 0 || read > CHUNK) {
                throw new IOException("a stream that says it read " + read + " octets");
            } else {
                var body = fields.take(chunk, 0, read, made);
                made.plain(chunk, body, read);
            }
        }
        if (made.isEmpty()) {
            return ended ? -1 : stored.read(octets, from, length);
        }
        return made.take(octets, from, length);
    }

    @Override
    public void close() throws IOException {
        stored.close();
    }

    /** What is made and not read yet. */
    private static final class Made implements HeaderFields.Sink {
        private byte[] octets = new byte[CHUNK];
        private int at;
        private int end;

        boolean isEmpty() {
            return at == end;
        }

        int take(byte[] into, int from, int length) {
            var part = Math.min(length, end - at);
            System.arraycopy(octets, at, into, from, part);
            at += part;
            return part;
        }

        @Override
        public void plain(byte[] source, int from, int to) {
            if (isEmpty()) {
                at = 0;
                end = 0;
            }
            if (octets.length - end < to - from) {
                octets = Arrays.copyOf(octets, Math.max(2 * octets.length, end + to - from));
            }
            System.arraycopy(source, from, octets, end, to - from);
            end += to - from;
        }

        @Override
        public void field(byte[] source, int from, int to) {
            var field = Downgrade.of(source, from, to);
            if (field == null) {
                plain(source, from, to);
            } else {
                plain(field, 0, field.length);
            }
        }

        @Override
        public void overlong(byte[] source, int from, int to) {
            plain(source, from, to);
        }
    }
}
