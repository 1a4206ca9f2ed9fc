package io.postern.spi.wire;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Any message, in pieces: what is counted of its surrogate is what is sent, however it is split;
 * the surrogate is the message or longer; and made of a surrogate, there is nothing left to make.
 * The first octet says how long the pieces are.
 */
public final class SurrogateFuzz {
    private SurrogateFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length == 0) {
            return;
        }
        var stored = Arrays.copyOfRange(input, 1, input.length);
        var piece = 1 + (input[0] & 0xFF);
        var size = MessageCounter.measure(new ByteArrayInputStream(stored));
        expect(size.equals(inPieces(stored, piece)), "another size in pieces");
        var surrogate = surrogate(stored);
        var sent = MessageEncoder.measure(new ByteArrayInputStream(surrogate));
        expect(sent == size.surrogateOctets(), "another size than is counted");
        expect(Arrays.equals(surrogate, surrogate(surrogate)), "more to make of what is made");
        expect(
                sent > size.octets() || Arrays.equals(surrogate, stored),
                "a surrogate that cannot be told by its size");
    }

    private static MessageCounter.Size inPieces(byte[] stored, int piece) {
        var counter = new MessageCounter();
        for (var at = 0; at < stored.length; at += piece) {
            counter.count(ByteBuffer.wrap(stored, at, Math.min(piece, stored.length - at)));
        }
        return counter.finish();
    }

    private static byte[] surrogate(byte[] stored) throws IOException {
        try (var surrogate = Surrogate.of(new ByteArrayInputStream(stored))) {
            return surrogate.readAllBytes();
        }
    }

    private static void expect(boolean truth, String what) {
        if (!truth) {
            throw new AssertionError(what);
        }
    }
}
