package io.postern.spi.wire;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * Counts what a stored message takes on the wire, and what its {@link Surrogate} does, in one pass.
 * It can be used for one message after the other. One thread at a time.
 */
public final class MessageCounter {
    private static final int CHUNK = 32 * 1024;

    /**
     * The sizes of a message.
     *
     * @param octets of the message itself, as {@link MessageEncoder} counts them
     * @param surrogateOctets of its surrogate; the same where it needs none, and always more where
     *     it needs one
     * @param asStored whether the message travels as it is stored: every line ends with CRLF, the
     *     last one too, and none begins with a dot
     */
    public record Size(long octets, long surrogateOctets, boolean asStored) {}

    private final Growth growth = new Growth();
    private final MessageHeaders headers = new MessageHeaders(growth);
    private final ByteBuffer scratch = ByteBuffer.allocate(CHUNK);
    private MessageEncoder encoder = new MessageEncoder(MessageEncoder.WHOLE);

    /** How many octets more travel than are stored. The encoder takes none away. */
    private long added;

    /**
     * Takes the next octets of the message.
     *
     * @param in a buffer over an array; read to its end
     */
    public void count(ByteBuffer in) {
        if (!headers.over()) {
            var from = in.arrayOffset() + in.position();
            headers.take(in.array(), from, from + in.remaining());
        }
        added -= in.remaining();
        while (in.hasRemaining()) {
            encoder.encode(in, scratch.clear());
            added += scratch.position();
        }
    }

    /** Ends the message, and begins with another. */
    public Size finish() {
        encoder.finish(scratch.clear());
        headers.finish();
        added += scratch.position();
        var octets = encoder.octets();
        var size = new Size(octets, octets + growth.octets, added == 0);
        restart();
        return size;
    }

    /** Forgets a message that was not counted to its end. */
    public void restart() {
        encoder = new MessageEncoder(MessageEncoder.WHOLE);
        headers.restart();
        added = 0;
        growth.octets = 0;
    }

    /**
     * Counts a message.
     *
     * @param message read to its end, not closed
     */
    public static Size measure(InputStream message) throws IOException {
        var counter = new MessageCounter();
        var in = new byte[CHUNK];
        for (int read; (read = message.read(in)) >= 0; ) {
            counter.count(ByteBuffer.wrap(in, 0, read));
        }
        return counter.finish();
    }

    /** How much longer the surrogate is. */
    private static final class Growth implements MessageHeaders.Sink {
        private long octets;

        @Override
        public void plain(byte[] source, int from, int to) {
            // The same in both.
        }

        @Override
        public void rewritten(byte[] made, int growth) {
            octets += growth;
        }
    }
}
