package io.postern.session;

import io.postern.engine.Effect;
import io.postern.spi.wire.MessageEncoder;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Sends one message: pulled from its stream in bounded pieces, as fast as the client takes them.
 * Used by the session's virtual thread.
 */
final class Retrieval {
    /** Most that is written at once, octets. */
    private static final int CHUNK = 64 * 1024;

    /** Of a message for TOP, octets: most headers fit. */
    private static final int TOP_CHUNK = 8 * 1024;

    private static final byte[] FINAL_DOT = ".\r\n".getBytes(StandardCharsets.US_ASCII);

    /** What the end of a message takes: the line end that is missing, the final dot. */
    private static final int TAIL = 2 + FINAL_DOT.length;

    /** A status line takes no more (RFC 2449 §4). */
    private static final int HEAD = 512;

    /** What came of it. */
    enum Outcome {
        /** All of it is written. */
        SENT,
        /** It has another size than the listing says. The final dot is not written. */
        SIZE_DIFFERS,
        /** Nothing can be sent any more. */
        GONE
    }

    private final Effect.Retrieve order;
    private final InputStream content;
    private final Output output;
    private final MessageEncoder encoder;
    private ByteBuffer out;

    /**
     * @param content read, not closed
     */
    Retrieval(Effect.Retrieve order, InputStream content, Output output) {
        this.order = order;
        this.content = content;
        this.output = output;
        encoder = new MessageEncoder(order.bodyLines());
    }

    /** Size of what was sent, octets, without stuffed dots. */
    long octets() {
        return encoder.octets();
    }

    /**
     * Sends the status line, the message, and the final dot in one write with what comes before it:
     * some clients wait for ever when it comes alone.
     *
     * @throws IOException if the message cannot be read to its end
     */
    Outcome send() throws IOException, InterruptedException {
        var most = order.bodyLines() == MessageEncoder.WHOLE ? CHUNK : TOP_CHUNK;
        var piece = (int) Math.min(order.octets() + HEAD, most);
        var in = new byte[piece];
        out = room(Math.min(piece + HEAD, most));
        var head = order.head().octets();
        while (!head.fill(out)) {
            if (!write()) {
                return Outcome.GONE;
            }
        }
        while (!encoder.complete()) {
            var read = content.read(in, 0, in.length);
            if (read == -1) {
                break;
            }
            if (read <= 0 || read > in.length) {
                throw new IOException("a stream that says it read " + read + " octets");
            }
            var part = ByteBuffer.wrap(in, 0, read);
            while (true) {
                encoder.encode(part, out);
                if (encoder.octets() > order.octets()) {
                    // More can't make it true, and a stream that has no end would have none here.
                    return Outcome.SIZE_DIFFERS;
                }
                if (encoder.complete() || !part.hasRemaining()) {
                    break;
                }
                if (!write()) {
                    return Outcome.GONE;
                }
            }
        }
        out.limit(out.capacity());
        if (!encoder.complete()) {
            encoder.finish(out);
            // A message that ended by itself was sent whole, by TOP as by RETR.
            if (encoder.octets() != order.octets()) {
                return Outcome.SIZE_DIFFERS;
            }
        }
        return output.writeThrough(out.put(FINAL_DOT).flip()) ? Outcome.SENT : Outcome.GONE;
    }

    private boolean write() throws InterruptedException {
        var size = out.capacity();
        if (!output.writeThrough(out.flip())) {
            return false;
        }
        out = room(size);
        return true;
    }

    /** Leaves room for the tail, which {@link #send} opens at the end. */
    private static ByteBuffer room(int size) {
        return ByteBuffer.allocate(size).limit(size - TAIL);
    }
}
