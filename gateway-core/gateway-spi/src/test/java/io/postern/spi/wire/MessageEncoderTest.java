package io.postern.spi.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;

/** Octets are written as ISO 8859-1: one character each. */
class MessageEncoderTest {
    private static final int WHOLE = MessageEncoder.WHOLE;

    @Test
    @Tag("protocol-97")
    void aLineFeedBecomesCrlfAndCrlfStays() {
        assertEquals("a\r\nb\r\n", wire("a\nb\n"));
        assertEquals("a\r\nb\r\n", wire("a\r\nb\r\n"));
        assertEquals("a\r\nb\r\n\r\n\r\n", wire("a\nb\r\n\n\r\n"));
    }

    @Test
    @Tag("protocol-97")
    void aCarriageReturnElsewhereIsData() {
        assertEquals("a\rb\r\n", wire("a\rb\n"));
        assertEquals("a\r\r\n", wire("a\r\r\n"));
        assertEquals("\ra\r\n", wire("\ra\n"));
        assertEquals("\r\r\n", wire("\r\r\n"));
    }

    @Test
    @Tag("protocol-95")
    @Tag("protocol-96")
    void aDotAtTheBeginningOfALineGetsOneMore() {
        assertEquals("..\r\n", wire("."));
        assertEquals("..\r\n", wire(".\r\n"));
        assertEquals("...\r\na.\r\n.. \r\n..\r\r\n", wire("..\na.\n. \n.\r\r\n"));
        assertEquals("a\r\n..b\r\n\r\n..\r\n", wire("a\n.b\n\n."));
        assertEquals("a\r.b\r\n", wire("a\r.b\n"));
    }

    @Test
    @Tag("protocol-91")
    @Tag("protocol-98")
    void aLastLineWithoutEndGetsOne() throws IOException {
        assertEquals("a\r\n", wire("a"));
        assertEquals("a\r\n", wire("a\r"));
        assertEquals("\r\n", wire("\r"));
        assertEquals("a\r\n", wire("a\r\n"));
        assertEquals("", wire(""));
        assertEquals(3, measure("a"));
        assertEquals(3, measure("a\r"));
        assertEquals(3, measure("a\n"));
        assertEquals(0, measure(""));
        assertEquals(3, measure("."));
        assertEquals(6, measure(".\n.\n"));
    }

    @Test
    @Tag("protocol-6")
    void aLineOfAnyLengthPassesUnbroken() {
        var line = ".".repeat(1_000_000);
        assertEquals("." + line + "\r\n", wire(line));
    }

    @Test
    void allOctetsComeThrough() {
        var all = new StringBuilder();
        for (var octet = 0; octet < 256; octet++) {
            if (octet != '\n') {
                all.append((char) octet);
            }
        }
        assertEquals(all + "\r\n", wire(all.toString()));
    }

    @Test
    @Tag("protocol-101")
    @Tag("protocol-103")
    void topGivesTheHeaderTheEmptyLineAndSoManyLines() {
        var message = "A: b\nC: d\n\n1\n.2\n\n4";
        assertEquals("A: b\r\nC: d\r\n\r\n", encode(message, 0));
        assertEquals("A: b\r\nC: d\r\n\r\n1\r\n", encode(message, 1));
        assertEquals("A: b\r\nC: d\r\n\r\n1\r\n..2\r\n\r\n", encode(message, 3));
        assertEquals("A: b\r\nC: d\r\n\r\n1\r\n..2\r\n\r\n4\r\n", encode(message, 4));
        assertEquals(encode(message, 4), encode(message, Integer.MAX_VALUE));
        assertEquals("A: b\r\n", encode("A: b", 0));
        assertEquals("A: b\r\n", encode("A: b\n", 5));
        assertEquals("A: b\r\n\r\n", encode("A: b\r\n\r\n", 5));
        assertEquals("\r\n", encode("\nbody\n", 0));
        assertEquals("\r\nbody\r\n", encode("\nbody\n", 1));
        assertEquals("\r\n", encode("\r", 1));
        assertEquals("", encode("", 0));
        // A line of nothing but a carriage return and its end is not empty.
        assertEquals("A: b\r\n\r\r\nC: d\r\n", encode("A: b\n\r\r\nC: d\n", 0));
    }

    @Test
    void topLeavesTheRestAlone() {
        var encoder = new MessageEncoder(1);
        var in = ByteBuffer.wrap(octets("A: b\n\n1\n2\n3\n"));
        encoder.encode(in, ByteBuffer.allocate(100));
        assertTrue(encoder.complete());
        assertEquals("2\n3\n", StandardCharsets.ISO_8859_1.decode(in).toString());
    }

    @Test
    void aBufferWithNoRoomTakesNothing() {
        var encoder = new MessageEncoder(WHOLE);
        var in = ByteBuffer.wrap(octets("abc"));
        encoder.encode(in, ByteBuffer.allocate(1));
        assertEquals(3, in.remaining());
        encoder.encode(in, ByteBuffer.allocate(2));
        assertTrue(in.remaining() < 3);
        assertFalse(encoder.complete());
    }

    @Test
    void slicesAreReadAndWrittenWhereTheyAre() {
        var in = ByteBuffer.wrap(octets("xx.a\nyy"), 2, 3).slice();
        var out = ByteBuffer.allocate(20).position(5).slice();
        var encoder = new MessageEncoder(WHOLE);
        encoder.encode(in, out);
        encoder.finish(out);
        assertEquals("..a\r\n", StandardCharsets.ISO_8859_1.decode(out.flip()).toString());
        assertFalse(in.hasRemaining());
    }

    @Test
    void fewerThanNoLinesIsNoNumberOfLines() {
        assertThrows(IllegalArgumentException.class, () -> new MessageEncoder(-2));
    }

    @Test
    void aStreamThatFailsFailsTheCount() {
        var broken =
                new FilterInputStream(new ByteArrayInputStream(new byte[100])) {
                    @Override
                    public int read(byte[] into, int from, int length) throws IOException {
                        if (in.available() == 0) {
                            throw new IOException("disk on fire");
                        }
                        return super.read(into, from, length);
                    }
                };
        assertThrows(IOException.class, () -> MessageEncoder.measure(broken));
    }

    @Test
    @Tag("protocol-91")
    @Tag("protocol-95")
    @Tag("protocol-97")
    @Tag("protocol-98")
    @Tag("protocol-101")
    @Tag("protocol-146")
    void anyMessageThroughAnyBuffersIsWhatTheReferenceSays() throws IOException {
        var random = new Random(1939);
        for (var round = 0; round < 6_000; round++) {
            var message = message(random);
            var bodyLines = random.nextInt(3) == 0 ? random.nextInt(5) : WHOLE;
            var lines = reference(message, bodyLines);
            var expected = new StringBuilder();
            var size = 0L;
            for (var line : lines) {
                expected.append(line.startsWith(".") ? "." : "").append(line).append("\r\n");
                size += line.length() + 2;
            }
            var encoder = new MessageEncoder(bodyLines);
            var most = 1 + random.nextInt(20);
            var wire =
                    encode(
                            encoder,
                            message,
                            () -> 1 + random.nextInt(most),
                            () -> 2 + random.nextInt(most));
            assertEquals(expected.toString(), wire, () -> message + " TOP " + bodyLines);
            assertEquals(size, encoder.octets(), message);
            if (bodyLines == WHOLE) {
                assertEquals(size, measure(message), message);
            }
        }
    }

    @Test
    @Tag("protocol-91")
    @Tag("protocol-146")
    void theCountOfALargeMessageIsWhatIsSent() throws IOException {
        var random = new Random(2449);
        for (var round = 0; round < 5; round++) {
            var message = new StringBuilder();
            while (message.length() < 200_000) {
                message.append(message(random));
            }
            var encoder = new MessageEncoder(WHOLE);
            encode(encoder, message.toString(), () -> 8_192, () -> 4_096);
            assertEquals(encoder.octets(), measure(message.toString()));
        }
    }

    /** Few kinds of octets, so that every meeting of CR, LF and dots happens often. */
    private static String message(Random random) {
        var message = new StringBuilder();
        for (var length = random.nextInt(60); length > 0; length--) {
            message.append("\r\n\r\n\n..ab\u00e4".charAt(random.nextInt(10)));
        }
        return message.toString();
    }

    /** The lines of a message, without their ends and without stuffed dots. */
    private static List<String> reference(String message, int bodyLines) {
        var lines = new ArrayList<>(List.of(message.split("\n", -1)));
        if (lines.getLast().isEmpty()) {
            lines.removeLast();
        }
        lines.replaceAll(line -> line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
        var body = lines.indexOf("") + 1;
        return bodyLines == WHOLE || body == 0
                ? lines
                : lines.subList(0, Math.min(body + bodyLines, lines.size()));
    }

    private static String wire(String message) {
        return encode(message, WHOLE);
    }

    /** Through buffers of every size from 2 to 9, which must make no difference. */
    private static String encode(String message, int bodyLines) {
        var wire =
                encode(
                        new MessageEncoder(bodyLines),
                        message,
                        () -> Integer.MAX_VALUE,
                        () -> 1 << 20);
        for (var size = 2; message.length() < 1_000 && size < 10; size++) {
            var room = size;
            assertEquals(
                    wire,
                    encode(new MessageEncoder(bodyLines), message, () -> room - 1, () -> room));
        }
        return wire;
    }

    private static String encode(
            MessageEncoder encoder, String message, IntSupplier chunk, IntSupplier room) {
        var all = octets(message);
        var wire = new StringBuilder();
        for (var at = 0; at < all.length; ) {
            var in = ByteBuffer.wrap(all, at, Math.min(chunk.getAsInt(), all.length - at));
            at += in.remaining();
            while (in.hasRemaining() && !encoder.complete()) {
                var out = ByteBuffer.allocate(room.getAsInt());
                var before = in.remaining();
                encoder.encode(in, out);
                assertTrue(in.remaining() < before, "nothing was taken");
                wire.append(StandardCharsets.ISO_8859_1.decode(out.flip()));
            }
        }
        var out = ByteBuffer.allocate(2);
        encoder.finish(out);
        assertTrue(encoder.complete());
        return wire.append(StandardCharsets.ISO_8859_1.decode(out.flip())).toString();
    }

    private static long measure(String message) throws IOException {
        return MessageEncoder.measure(new ByteArrayInputStream(octets(message)));
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
