package io.postern.spi.wire;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * What is sent of an internationalised message (RFC 6532) to a client that did not ask for UTF-8
 * (RFC 6856 §2.1): the same message with headers of ASCII. The octets come as a store gives them,
 * for {@link MessageEncoder} to encode; {@link MessageCounter} counts how many they are.
 *
 * <p>The message's own header is rewritten, field by field, and so are the headers of its MIME
 * parts and of messages within it. A field that has no octet above 0x7F stays as it is, to the
 * octet, and so does one that is not UTF-8, and what is no header: text of eight bits flows as it
 * does on every server. So do parts that cannot be told from text, are encoded or signed, or are
 * nested in more than 32 multiparts.
 *
 * <p>A field longer than 64 KiB is looked at in its first 64 KiB. If it is one of the message's own
 * header, its whole value becomes encoded-words, under {@code Downgraded-} and its name where its
 * syntax would have counted; in a part it stays as it is.
 *
 * <p>One thread at a time.
 */
public final class Surrogate extends InputStream {
    private static final int CHUNK = 8 * 1024;

    private final InputStream stored;
    private final Made made = new Made();
    private final MessageHeaders headers = new MessageHeaders(made);
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
        while (made.isEmpty() && !ended && !headers.over()) {
            var read = stored.read(chunk, 0, CHUNK);
            if (read < 0) {
                ended = true;
                headers.finish();
            } else if (read == 0 || read > CHUNK) {
                throw new IOException("a stream that says it read " + read + " octets");
            } else {
                var rest = headers.take(chunk, 0, read);
                made.plain(chunk, rest, read);
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
    private static final class Made implements MessageHeaders.Sink {
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
        public void rewritten(byte[] made, int growth) {
            plain(made, 0, made.length);
        }
    }
}
