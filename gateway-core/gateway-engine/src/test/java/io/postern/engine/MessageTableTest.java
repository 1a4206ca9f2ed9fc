package io.postern.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.Random;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;

/** Rule "never lie": a listing that breaks RFC 1939 never reaches a client. */
class MessageTableTest {

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
