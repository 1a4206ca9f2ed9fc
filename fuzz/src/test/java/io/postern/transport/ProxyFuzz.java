package io.postern.transport;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A PROXY header that comes in pieces: what is said of it does not change with the pieces, no
 * octets change a verdict once it is there, and nothing is waited for beyond the bound.
 */
public final class ProxyFuzz {
    private ProxyFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        Optional<ProxyHeader> said = Optional.empty();
        String refused = null;
        for (var length = 0; length <= input.length; length++) {
            var in = ByteBuffer.wrap(input, 0, length);
            Optional<ProxyHeader> now;
            try {
                now = ProxyHeader.parse(in);
                expect(refused == null, "refused, and then not");
            } catch (ProxyHeader.Malformed e) {
                expect(said.isEmpty(), "taken, and then refused");
                expect(
                        refused == null || refused.equals(e.getMessage()),
                        "refused for two reasons");
                refused = e.getMessage();
                continue;
            }
            expect(in.position() == 0 && in.remaining() == length, "the octets were taken");
            expect(said.isEmpty() || said.equals(now), "two headers out of one");
            expect(now.isEmpty() || now.get().octets() <= length, "more than there was");
            expect(now.isPresent() || length < ProxyHeader.MAX_OCTETS, "waits for too much");
            said = now;
        }
    }

    private static void expect(boolean truth, String what) {
        if (!truth) {
            throw new AssertionError(what);
        }
    }
}
