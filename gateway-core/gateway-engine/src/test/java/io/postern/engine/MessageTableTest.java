package io.postern.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;

/** Rule "never lie": a listing that breaks RFC 1939 never reaches a client. */
class MessageTableTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    @Tag("protocol-34")
    void itKeepsWhatItWasGiven() throws ListingViolation {
        var table = MessageTable.freeze(3, number -> number * 100L, number -> "id" + number);
        assertEquals(3, table.count());
        assertEquals(600, table.totalOctets());
        assertEquals(200, table.octets(2));
        assertEquals("id1", table.uniqueId(1));
        assertEquals("id3", table.uniqueId(3));
        assertEquals(0, MessageTable.freeze(0, _ -> 1, _ -> null).count());
    }

    @Test
    @Tag("protocol-104")
    void aUniqueIdHas1To70CharactersFrom21To7E() throws ListingViolation {
        assertEquals("!", MessageTable.freeze(1, _ -> 1, _ -> "!").uniqueId(1));
        assertEquals("~", MessageTable.freeze(1, _ -> 1, _ -> "~").uniqueId(1));
        var longest = "x".repeat(70);
        assertEquals(longest, MessageTable.freeze(1, _ -> 1, _ -> longest).uniqueId(1));
        for (var bad :
                new String[] {
                    null, "", "x".repeat(71), "a b", "a\tb", "a\r\n", "\u007F", "ä", "\0"
                }) {
            assertTrue(violation(2, _ -> 1, n -> n == 1 ? "ok" : bad).startsWith("message 2 "));
        }
    }

    /** None of them is asked for, and nothing is made room for: the heap of a test is small. */
    @ParameterizedTest
    @ValueSource(ints = {Integer.MAX_VALUE, Integer.MAX_VALUE - 8, MessageTable.MOST + 1, -1})
    void aCountThatCannotBeIsRefused(int count) {
        var asked = new AtomicInteger();
        var told =
                violation(
                        count,
                        _ -> {
                            asked.incrementAndGet();
                            return 1;
                        },
                        number -> "id" + number);
        assertEquals("the listing has " + count + " messages; it may have 0 to 2000000", told);
        assertEquals(0, asked.get());
    }

    @Test
    void aStoreThatCannotTellOfWhatItCountsIsRefusedBeforeThereIsRoomForAll() {
        var before = THREADS.getCurrentThreadAllocatedBytes();
        assertTrue(violation(MessageTable.MOST, _ -> -1, _ -> "id").startsWith("message 1 "));
        var allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 2L * MessageTable.MOST, allocated + " octets");
    }

    /** Around the sizes at which more room is made. */
    @ParameterizedTest
    @ValueSource(ints = {65_535, 65_536, 65_537, 262_144, 262_145})
    void largeListingsAreKeptAsTheyAre(int count) throws ListingViolation {
        var table =
                MessageTable.freeze(
                        count,
                        number -> number,
                        number -> number + (number > 65_000 ? 7 : 0),
                        number -> "id" + number);
        assertEquals(count, table.count());
        for (var number : new int[] {1, 65_000, 65_001, 65_535, count}) {
            assertEquals(number, table.octets(number));
            assertEquals(number + (number > 65_000 ? 7 : 0), table.octets(number, true));
            assertEquals("id" + number, table.uniqueId(number));
        }
        assertEquals(
                "messages 5 and " + count + " share a unique-id",
                violation(count, _ -> 1, n -> "id" + (n == count ? 5 : n)));
    }

    @Test
    @Tag("protocol-105")
    void twinsAreRefused() {
        assertEquals(
                "messages 3 and 900 share a unique-id",
                violation(1_000, _ -> 1, n -> "id-" + (n == 900 ? 3 : n)));
        assertEquals("messages 1 and 2 share a unique-id", violation(2, _ -> 1, _ -> "same"));
    }

    @Test
    @Tag("protocol-105")
    void idsThatOnlyLookAlikeAreNoTwins() throws ListingViolation {
        // Equal hashes ("Aa", "BB"), one the beginning of the other, the same digits joined.
        var ids = new String[] {"AaAa", "BBBB", "AaBB", "BBAa", "A", "AaAaA", "1-11", "11-1"};
        var table = MessageTable.freeze(ids.length, _ -> 1, number -> ids[number - 1]);
        for (var number = 1; number <= ids.length; number++) {
            assertEquals(ids[number - 1], table.uniqueId(number));
        }
    }

    @Test
    void manyIdsOfEveryLength() throws ListingViolation {
        var random = new Random(1);
        var ids = new String[20_000];
        for (var at = 0; at < ids.length; at++) {
            var id = new StringBuilder(at + "-");
            while (id.length() < 70 && random.nextInt(40) > 0) {
                id.append((char) (0x21 + random.nextInt(0x5E)));
            }
            ids[at] = id.toString();
        }
        var table = MessageTable.freeze(ids.length, number -> number, number -> ids[number - 1]);
        for (var number = 1; number <= ids.length; number++) {
            assertEquals(ids[number - 1], table.uniqueId(number));
        }
    }

    @Test
    @Tag("protocol-87")
    void sizesAreNeverNegativeAndTheirSumFitsInto63Bits() throws ListingViolation {
        assertTrue(violation(2, n -> n == 2 ? -1 : 5, n -> "u" + n).startsWith("message 2 "));
        assertTrue(violation(1, _ -> Long.MIN_VALUE, n -> "u" + n).startsWith("message 1 "));
        assertTrue(violation(2, _ -> Long.MAX_VALUE, n -> "u" + n).startsWith("message 2 "));
        assertTrue(violation(2, n -> n == 1 ? Long.MAX_VALUE : 1, n -> "u" + n).contains("2"));
        var most = MessageTable.freeze(2, n -> n == 1 ? Long.MAX_VALUE : 0, n -> "u" + n);
        assertEquals(Long.MAX_VALUE, most.totalOctets());
    }

    @Test
    void aNegativeCountIsRefused() {
        assertTrue(violation(-1, _ -> 1, _ -> "x").contains("-1"));
    }

    @Test
    void whatAListingThrowsComesThrough() {
        assertThrows(
                UnsupportedOperationException.class,
                () ->
                        MessageTable.freeze(
                                1,
                                _ -> {
                                    throw new UnsupportedOperationException();
                                },
                                _ -> "x"));
    }

    private static String violation(
            int count, IntToLongFunction octets, IntFunction<String> uniqueId) {
        return assertThrows(
                        ListingViolation.class, () -> MessageTable.freeze(count, octets, uniqueId))
                .getMessage();
    }
}
