package io.postern.session;

import io.postern.call.LeftBehind;
import io.postern.engine.Effect;
import io.postern.spi.wire.MessageEncoder;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Sends one message: pulled from the store in bounded pieces, as fast as the client takes them.
 * Used by the session's virtual thread.
 */
@SuppressWarnings("ByteBufferBackingArray") // of Chunks
final class Retrieval implements AutoCloseable {
    /** Of a message for TOP, octets: most headers fit. */
    private static final int TOP = 8 * 1024;

    private static final byte[] FINAL_DOT = ".\r\n".getBytes(StandardCharsets.US_ASCII);

    /** What the end of a message takes: the line end that is missing, the final dot. */
    private static final int TAIL = 2 + FINAL_DOT.length;

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

    /** One of the two is null. */
    private final InputStream content;

    private final StoreRegion region;
    private final Output output;
    private final MessageEncoder encoder;
    private ByteBuffer out;

    /** Octets that came from the store, and those that were made of them. */
    private long stored;

    private long made;

    /**
     * @param content closed with this
     */
    Retrieval(Effect.Retrieve order, InputStream content, Output output) {
        this(order, Objects.requireNonNull(content), null, output);
    }

    /**
     * @param region all of what the order is for; closed with this
     */
    Retrieval(Effect.Retrieve order, StoreRegion region, Output output) {
        this(order, null, Objects.requireNonNull(region), output);
    }

    private Retrieval(
            Effect.Retrieve order, InputStream content, StoreRegion region, Output output) {
        this.order = order;
        this.content = content;
        this.region = region;
        this.output = output;
        encoder = new MessageEncoder(order.bodyLines());
    }

    /** Size of what was sent, octets, without stuffed dots. */
    long octets() {
        return region == null ? encoder.octets() : stored;
    }

    /** Whether it was read from a stream, and nothing had to be added to it. */
    boolean asStored() {
        return region == null && stored == made;
    }

    @Override
    public void close() throws IOException {
        if (region == null) {
            content.close();
        } else {
            region.close();
        }
    }

    /**
     * Sends the status line, the message, and the final dot in one write with what comes before it:
     * some clients wait for ever when it comes alone.
     *
     * @throws LeftBehind if this thread was left behind in a call of the store
     * @throws IOException if the message cannot be read to its end, or changes meanwhile
     */
    Outcome send() throws IOException, InterruptedException {
        try {
            return sent();
        } catch (StoreStream.Left e) {
            throw e.asItself();
        }
    }

    private Outcome sent() throws IOException, InterruptedException {
        out = room(Chunks.take());
        try {
            var head = order.head().octets();
            while (!head.fill(out)) {
                if (!write()) {
                    return Outcome.GONE;
                }
            }
            var outcome = region == null ? sendContent() : sendRegion();
            if (outcome != Outcome.SENT) {
                return outcome;
            }
            out.put(FINAL_DOT);
            return write() ? Outcome.SENT : Outcome.GONE;
        } finally {
            if (out != null) {
                Chunks.giveBack(out.array());
            }
        }
    }

    /** All but the final dot. */
    private Outcome sendContent() throws IOException, InterruptedException {
        var in = Chunks.take();
        var outcome = sendContent(in, order.bodyLines() == MessageEncoder.WHOLE ? in.length : TOP);
        Chunks.giveBack(in); // not where a read failed: who knows who still fills it
        return outcome;
    }

    private Outcome sendContent(byte[] in, int most) throws IOException, InterruptedException {
        while (!encoder.complete()) {
            var read = content.read(in, 0, most);
            if (read == -1) {
                break;
            }
            if (read <= 0 || read > most) {
                throw new IOException("a stream that says it read " + read + " octets");
            }
            stored += read;
            var part = ByteBuffer.wrap(in, 0, read);
            while (true) {
                var before = out.position();
                encoder.encode(part, out);
                made += out.position() - before;
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
            var before = out.position();
            encoder.finish(out);
            made += out.position() - before;
            // A message that ended by itself was sent whole, by TOP as by RETR.
            if (encoder.octets() != order.octets()) {
                return Outcome.SIZE_DIFFERS;
            }
        }
        return Outcome.SENT;
    }

    /** All but the final dot, which a message that changes meanwhile does not get. */
    private Outcome sendRegion() throws IOException, InterruptedException {
        while (stored < order.octets()) {
            if (!out.hasRemaining() && !write()) {
                return Outcome.GONE;
            }
            var most = Math.min(order.octets() - stored, out.remaining());
            var room = out.limit();
            out.limit(out.position() + (int) most);
            var read = region.read(out, stored);
            out.limit(room);
            if (read < 0) {
                return Outcome.SIZE_DIFFERS;
            }
            stored += read;
        }
        if (!region.unchanged()) {
            throw new IOException("the message changed while it was sent");
        }
        out.limit(out.capacity());
        return Outcome.SENT;
    }

    private boolean write() throws InterruptedException {
        var octets = out.flip();
        if (!output.awaitRoomFor(octets)) {
            return false;
        }
        out = null; // whatever comes, it is not given back twice
        out = room(output.write(octets) ? octets.array() : Chunks.take());
        return true;
    }

    /** Leaves room for the tail, which {@link #send} opens at the end. */
    private static ByteBuffer room(byte[] chunk) {
        return ByteBuffer.wrap(chunk).limit(chunk.length - TAIL);
    }
}
