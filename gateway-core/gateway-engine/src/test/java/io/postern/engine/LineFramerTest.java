package io.postern.engine;

import static io.postern.engine.FakeSession.octets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;

class LineFramerTest {
    private static final String OVERLONG = "(overlong)";

    @Test
    @Tag("protocol-9")
    void crlfAndLineFeedAloneEndALineAndCarriageReturnAloneDoesNot() {
        assertEquals(List.of("a", "b"), lines("a\r\nb\n", 255));
        assertEquals(List.of("a\rb"), lines("a\rb\r\n", 255));
        assertEquals(List.of("a\r"), lines("a\r\r\n", 255));
        assertEquals(List.of("", "", ""), lines("\r\n\n\r\n", 255));
        assertEquals(List.of(), lines("a\r", 255));
        assertEquals(List.of("a", ""), lines("a\n\r\n", 255));
    }

    @Test
    @Tag("protocol-147")
    void aLineWithoutItsEndIsNoLine() {
        assertEquals(List.of("NOOP"), lines("NOOP\r\nQUIT", 255));
        assertEquals(List.of("NOOP"), lines("NOOP\r\nQUIT\r", 255));
    }

    @Test
    @Tag("protocol-3")
    void theLimitCountsTheLineEnd() {
        assertEquals(List.of("x".repeat(253)), lines("x".repeat(253) + "\r\n", 255));
        assertEquals(List.of("x".repeat(254)), lines("x".repeat(254) + "\n", 255));
        assertEquals(List.of(OVERLONG), lines("x".repeat(254) + "\r\n", 255));
        assertEquals(List.of(OVERLONG), lines("x".repeat(255) + "\n", 255));
    }

    @Test
    @Tag("protocol-3")
    void theRestOfALineThatIsTooLongIsNoCommand() {
        var line = "DELE 1 ".repeat(1_000) + "\r\n";
        assertEquals(List.of("a", OVERLONG, "b"), lines("a\r\n" + line + "b\r\n", 255));
    }

    @Test
    @Tag("protocol-10")
    @Tag("protocol-144")
    void allOctetsComeThroughAsTheyAre() {
        var all = new StringBuilder();
        for (var octet = 0; octet < 256; octet++) {
            if (octet != '\n' && octet != '\r') {
                all.append((char) octet);
            }
        }
        assertEquals(List.of(all.toString()), lines(all + "\r\n", 300));
    }

    @Test
    @Tag("protocol-3")
    void aLineWithoutEndFloodsAfterAMebioctet() {
        var framer = new LineFramer();
        var part = new byte[1 << 10];
        for (var round = 0; round < 1 << 10; round++) {
            assertNull(framer.next(ByteBuffer.wrap(part), 255));
            assertFalse(framer.flooded());
        }
        assertNull(framer.next(ByteBuffer.wrap(new byte[1]), 255));
        assertTrue(framer.flooded());
        var more = ByteBuffer.wrap(octets("\r\nQUIT\r\n"));
        assertNull(framer.next(more, 255));
        assertFalse(more.hasRemaining());
    }

    @Test
    @Tag("protocol-3")
    void aMebioctetIsStillReadToItsEnd() {
        var whole = "x".repeat((1 << 20) - 2) + "\r\n";
        assertEquals(List.of(OVERLONG, "NOOP"), lines(whole + "NOOP\r\n", 255));
        var framer = new LineFramer();
        var more = ByteBuffer.wrap(octets("NOOP\r\nx" + whole + "NOOP\r\n"));
        assertEquals("NOOP", text(framer.next(more, 255)));
        assertNull(framer.next(more, 255));
        assertTrue(framer.flooded());
    }

    @Test
    @Tag("protocol-3")
    void theCapIsForOneLineAndNotForAll() {
        var framer = new LineFramer();
        var line = octets("x".repeat(100_000) + "\r\n");
        for (var round = 0; round < 100; round++) {
            assertEquals(OVERLONG, text(framer.next(ByteBuffer.wrap(line), 255)));
        }
        assertFalse(framer.flooded());
    }

    @Test
    @Tag("protocol-117")
    void discardForgetsEverything() {
        var framer = new LineFramer();
        assertNull(framer.next(ByteBuffer.wrap(octets("USER ali")), 255));
        framer.discard();
        assertEquals("NOOP", text(framer.next(ByteBuffer.wrap(octets("NOOP\r\n")), 255)));
        assertNull(framer.next(ByteBuffer.wrap(new byte[300]), 255));
        framer.discard();
        assertEquals("NOOP", text(framer.next(ByteBuffer.wrap(octets("NOOP\r\n")), 255)));
    }

    @Test
    @Tag("protocol-7")
    void theLimitMayChangeBetweenLines() {
        var framer = new LineFramer();
        var in = ByteBuffer.wrap(octets("x".repeat(60_000) + "\r\n" + "y".repeat(300) + "\r\n"));
        assertEquals("x".repeat(60_000), text(framer.next(in, 65_536)));
        assertEquals(OVERLONG, text(framer.next(in, 255)));
    }

    @Test
    void aLimitThatShrinksAppliesToWhatIsKept() {
        var framer = new LineFramer();
        assertNull(framer.next(ByteBuffer.wrap(new byte[300]), 65_536));
        assertNull(framer.next(ByteBuffer.wrap(new byte[1]), 255));
        assertEquals(OVERLONG, text(framer.next(ByteBuffer.wrap(octets("\r\n")), 255)));
    }

    @Test
    void directAndReadOnlyBuffersAreReadToo() {
        var direct = ByteBuffer.allocateDirect(16).put(octets("NOOP\r\nRSET\r\n")).flip();
        var framer = new LineFramer();
        var in = direct.asReadOnlyBuffer();
        assertEquals("NOOP", text(framer.next(in, 255)));
        assertEquals("RSET", text(framer.next(in, 255)));
        assertNull(framer.next(in, 255));
    }

    @Test
    @Tag("protocol-13")
    @Tag("protocol-84")
    void anySplitGivesTheSameLines() {
        var random = new Random(20_261_101);
        for (var round = 0; round < 3_000; round++) {
            var text = noise(random);
            var limit = 8 + random.nextInt(40);
            var whole = lines(text, limit, () -> Integer.MAX_VALUE);
            assertEquals(whole, lines(text, limit, () -> 1));
            assertEquals(whole, lines(text, limit, () -> 1 + random.nextInt(9)));
            assertEquals(reference(text, limit), whole);
        }
    }

    private static String noise(Random random) {
        var text = new StringBuilder();
        for (var length = random.nextInt(300); length > 0; length--) {
            text.append("\r\n\r\nab\0\u00ff ".charAt(random.nextInt(9)));
            if (random.nextInt(40) == 0) {
                text.append("x".repeat(random.nextInt(60)));
            }
        }
        return text.toString();
    }

    /** The same said in one sentence of strings. */
    private static List<String> reference(String text, int limit) {
        var lines = new ArrayList<String>();
        var rest = text;
        for (int end; (end = rest.indexOf('\n')) >= 0; rest = rest.substring(end + 1)) {
            var line = rest.substring(0, end);
            lines.add(
                    end + 1 > limit
                            ? OVERLONG
                            : line.endsWith("\r") ? line.substring(0, end - 1) : line);
        }
        return lines;
    }

    private static List<String> lines(String text, int limit) {
        var whole = lines(text, limit, () -> Integer.MAX_VALUE);
        assertEquals(whole, lines(text, limit, () -> 1));
        return whole;
    }

    private static List<String> lines(String text, int limit, IntSupplier chunk) {
        var framer = new LineFramer();
        var all = octets(text);
        var lines = new ArrayList<String>();
        for (var at = 0; at < all.length; ) {
            var length = Math.min(chunk.getAsInt(), all.length - at);
            var in = ByteBuffer.wrap(all, at, length);
            at += length;
            for (Event event; (event = framer.next(in, limit)) != null; ) {
                lines.add(text(event));
            }
            assertFalse(in.hasRemaining());
        }
        return lines;
    }

    private static String text(Event event) {
        return switch (event) {
            case Event.Line(var octets) -> new String(octets, StandardCharsets.ISO_8859_1);
            case Event.Overlong _ -> OVERLONG;
            default -> throw new AssertionError(event);
        };
    }
}
