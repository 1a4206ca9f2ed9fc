package io.postern.spi.wire;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns one stored message into the lines of a POP3 multi-line response, and counts its octets (RFC
 * 1939 §3, §7, §11).
 *
 * <ul>
 *   <li>A line feed without a carriage return before it becomes CRLF; CRLF stays; a carriage return
 *       elsewhere is data.
 *   <li>A line that begins with a dot gets one more dot, which is not counted.
 *   <li>A last line without a line end gets one; of a last CR the LF is added. An empty message
 *       stays empty.
 *   <li>With a number of body lines, the message ends after that many lines below the first empty
 *       one: the form that TOP asks for.
 * </ul>
 *
 * <p>The final dot is not its business: whoever sends adds it once the count is known to be true.
 *
 * <p>One thread at a time.
 */
public final class MessageEncoder {
    /** In place of a number of body lines: the whole message. */
    public static final int WHOLE = -1;

    /** How much of a stream {@link #measure} reads at once, octets. */
    private static final int CHUNK = 32 * 1024;

    /** Whether eight octets are looked at together; to be switched off by tests. */
    private static final boolean WORDS =
            Boolean.parseBoolean(System.getProperty("postern.word-scan", "true"));

    private static final int WORD = Long.BYTES;
    private static final long LOW_BITS = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long LINE_FEEDS = '\n' * LOW_BITS;
    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final boolean top;
    private int linesLeft;
    private boolean inBody;
    private boolean atLineStart = true;
    private boolean afterCr;
    private boolean lineIsEmpty = true;
    private boolean complete;
    private long octets;

    /**
     * @param bodyLines how many lines of the body, 0 or more, or {@link #WHOLE}
     */
    public MessageEncoder(int bodyLines) {
        if (bodyLines < WHOLE) {
            throw new IllegalArgumentException("body lines " + bodyLines);
        }
        top = bodyLines != WHOLE;
        linesLeft = bodyLines;
    }

    /**
     * Encodes as much of {@code in} as {@code out} has room for. Stops early, and leaves the rest
     * of {@code in}, once {@link #complete} is true.
     *
     * @param in a buffer over an array
     * @param out a buffer over an array; takes nothing while it has room for fewer than two octets
     */
    public void encode(ByteBuffer in, ByteBuffer out) {
        var source = in.array();
        var target = out.array();
        var from = in.arrayOffset() + in.position();
        var end = in.arrayOffset() + in.limit();
        var to = out.arrayOffset() + out.position();
        var room = out.arrayOffset() + out.limit();
        while (from < end && room - to >= 2 && !complete) {
            var octet = source[from];
            if (octet == '\n') {
                if (!afterCr) {
                    target[to++] = '\r';
                    octets++;
                }
                target[to++] = '\n';
                octets++;
                from++;
                lineEnded();
                continue;
            }
            if (atLineStart && octet == '.') {
                target[to++] = '.';
            }
            var start = from;
            if (WORDS) {
                var words = Math.min(end - from, room - to) / WORD;
                var part = copyLine(source, from, target, to, words);
                from += part;
                to += part;
            }
            while (from < end && to < room && source[from] != '\n') {
                target[to++] = source[from++];
            }
            octets += from - start;
            afterCr = source[from - 1] == '\r';
            lineIsEmpty = atLineStart && afterCr && from - start == 1;
            atLineStart = false;
        }
        in.position(from - in.arrayOffset());
        out.position(to - out.arrayOffset());
    }

    /**
     * Ends the message, with the line end that is missing if one is.
     *
     * @param out has room for two octets
     */
    public void finish(ByteBuffer out) {
        if (!atLineStart) {
            if (!afterCr) {
                out.put((byte) '\r');
                octets++;
            }
            out.put((byte) '\n');
            octets++;
            lineEnded();
        }
        complete = true;
    }

    /**
     * Whether nothing more will be taken: the lines that TOP asked for are out, or it is finished.
     */
    public boolean complete() {
        return complete;
    }

    /** The octets so far, without stuffed dots: after {@link #finish}, the message's size. */
    public long octets() {
        return octets;
    }

    /**
     * The size on the wire of a whole message, octets.
     *
     * @param message read to its end, not closed
     */
    public static long measure(InputStream message) throws IOException {
        var encoder = new MessageEncoder(WHOLE);
        var in = new byte[CHUNK];
        var out = ByteBuffer.allocate(2 * CHUNK);
        for (int read; (read = message.read(in)) >= 0; ) {
            encoder.encode(ByteBuffer.wrap(in, 0, read), out.clear());
        }
        encoder.finish(out.clear());
        return encoder.octets();
    }

    /** Where the line ends that goes on there: behind its line feed, or {@code to}. */
    static int lineEnd(byte[] octets, int from, int to) {
        var words = WORDS ? (to - from) / WORD : 0;
        for (var i = 0; i < words; i++) {
            var lineFeeds = lineFeeds((long) LONGS.get(octets, from + i * WORD));
            if (lineFeeds != 0) {
                return from + i * WORD + first(lineFeeds) + 1;
            }
        }
        var at = from + words * WORD;
        while (at < to) {
            if (octets[at++] == '\n') {
                return at;
            }
        }
        return to;
    }

    /**
     * Copies up to the first line feed, or all of the words. What it writes behind a line feed is
     * written over by what comes next. That the words are counted lets the compiler check the
     * bounds once for all of them.
     *
     * @return the octets before the line feed
     */
    private static int copyLine(byte[] source, int from, byte[] target, int to, int words) {
        for (var i = 0; i < words; i++) {
            var word = (long) LONGS.get(source, from + i * WORD);
            LONGS.set(target, to + i * WORD, word);
            var lineFeeds = lineFeeds(word);
            if (lineFeeds != 0) {
                return i * WORD + first(lineFeeds);
            }
        }
        return words * WORD;
    }

    private static int first(long lineFeeds) {
        return Long.numberOfTrailingZeros(lineFeeds) / Byte.SIZE;
    }

    /** The highest bit of the first octet that is a line feed, and of some behind it perhaps. */
    private static long lineFeeds(long word) {
        var zeros = word ^ LINE_FEEDS;
        return (zeros - LOW_BITS) & ~zeros & HIGH_BITS;
    }

    private void lineEnded() {
        if (top) {
            if (inBody) {
                linesLeft--;
            } else if (lineIsEmpty) {
                inBody = true;
            }
            complete = inBody && linesLeft == 0;
        }
        atLineStart = true;
        afterCr = false;
        lineIsEmpty = true;
    }
}
