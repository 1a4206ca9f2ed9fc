package io.postern.engine;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;

/**
 * A listing, checked and frozen: message-numbers from 1, exact sizes, unique-ids (RFC 1939 §4, §7).
 * Immutable. It keeps half a million messages in three arrays.
 */
public final class MessageTable {
    /** Longest unique-id, octets (RFC 1939 §7). */
    private static final int MAX_UNIQUE_ID = 70;

    /** Most messages: a table of them takes at most 200 MB, and a mistaken count takes nothing. */
    static final int MOST = 2_000_000;

    /** So many are made room for before the first of them is looked at. */
    private static final int FIRST = 1 << 16;

    private final long[] octets;

    /** Sizes of the surrogates; the same array where no message has one. */
    private final long[] surrogates;

    /** Whether any message has one. */
    private final boolean anySurrogate;

    private final byte[] uniqueIds;
    private final int[] ends;
    private final long total;

    private MessageTable(
            long[] octets,
            long[] surrogates,
            boolean anySurrogate,
            byte[] uniqueIds,
            int[] ends,
            long total) {
        this.octets = octets;
        this.surrogates = surrogates;
        this.anySurrogate = anySurrogate;
        this.uniqueIds = uniqueIds;
        this.ends = ends;
        this.total = total;
    }

    /** Copies a listing whose messages need no surrogates. */
    public static MessageTable freeze(
            int count, IntToLongFunction octets, IntFunction<String> uniqueId)
            throws ListingViolation {
        return freeze(count, octets, octets, uniqueId);
    }

    /**
     * Copies a listing.
     *
     * @param count number of messages
     * @param octets size by message-number
     * @param surrogateOctets the surrogate's size by message-number: the same where there is none,
     *     more where there is one
     * @param uniqueId unique-id by message-number
     * @throws ListingViolation for a count that is negative or over {@link #MOST}, a negative size,
     *     a surrogate smaller than its message, a total beyond 63 bits, a unique-id that is null,
     *     not of 1 to 70 characters from 0x21 to 0x7E, or there twice
     */
    public static MessageTable freeze(
            int count,
            IntToLongFunction octets,
            IntToLongFunction surrogateOctets,
            IntFunction<String> uniqueId)
            throws ListingViolation {
        if (count < 0 || count > MOST) {
            throw new ListingViolation(
                    "the listing has " + count + " messages; it may have 0 to " + MOST);
        }
        var room = Math.min(count, FIRST);
        var sizes = new long[room];
        var surrogates = sizes;
        var anySurrogate = false;
        var ends = new int[room];
        var hashes = new int[room];
        var ids = new byte[Math.max(MAX_UNIQUE_ID, room * 24)];
        var used = 0;
        var total = 0L;
        for (var i = 0; i < count; i++) {
            var number = i + 1;
            if (i == room) {
                // A store that cannot tell of so many fails before there is room for all of them.
                room = Math.min(count, 4 * room);
                surrogates = anySurrogate ? Arrays.copyOf(surrogates, room) : null;
                sizes = Arrays.copyOf(sizes, room);
                surrogates = anySurrogate ? surrogates : sizes;
                ends = Arrays.copyOf(ends, room);
                hashes = Arrays.copyOf(hashes, room);
            }
            sizes[i] = octets.applyAsLong(number);
            if (sizes[i] < 0 || (total += sizes[i]) < 0) {
                throw new ListingViolation(
                        "message " + number + " is said to have " + sizes[i] + " octets");
            }
            var surrogate = surrogateOctets.applyAsLong(number);
            if (surrogate < sizes[i]) {
                throw new ListingViolation(
                        "the surrogate of message "
                                + number
                                + " is said to have "
                                + surrogate
                                + " octets, fewer than the "
                                + sizes[i]
                                + " of the message");
            }
            if (surrogate != sizes[i] && !anySurrogate) {
                surrogates = sizes.clone();
                anySurrogate = true;
            }
            surrogates[i] = surrogate;
            if (ids.length - used < MAX_UNIQUE_ID) {
                ids = Arrays.copyOf(ids, Math.addExact(ids.length, Math.max(ids.length / 2, 128)));
            }
            var id = uniqueId.apply(number);
            hashes[i] = put(number, id, ids, used);
            used += id.length();
            ends[i] = used;
        }
        var table =
                new MessageTable(
                        sizes, surrogates, anySurrogate, Arrays.copyOf(ids, used), ends, total);
        table.refuseTwins(hashes);
        return table;
    }

    public int count() {
        return octets.length;
    }

    /** Size on the wire, octets. */
    public long octets(int number) {
        return octets[number - 1];
    }

    boolean needsSurrogate(int number) {
        return surrogates[number - 1] != octets[number - 1];
    }

    /**
     * Size to be listed, octets.
     *
     * @param ofSurrogates whether that of the surrogate is asked for
     */
    long octets(int number, boolean ofSurrogates) {
        return ofSurrogates ? surrogates[number - 1] : octets[number - 1];
    }

    /** The sum of all sizes, octets. */
    public long totalOctets() {
        return total;
    }

    long totalOctets(boolean ofSurrogates) {
        if (!ofSurrogates || !anySurrogate) {
            return total;
        }
        var sum = 0L;
        for (var number = 1; number <= count(); number++) {
            sum += octets(number, true);
        }
        return sum;
    }

    public String uniqueId(int number) {
        return new String(
                uniqueIds, start(number), uniqueIdLength(number), StandardCharsets.US_ASCII);
    }

    int uniqueIdLength(int number) {
        return end(number) - start(number);
    }

    /**
     * Copies a unique-id.
     *
     * @return where the next octet goes
     */
    int putUniqueId(int number, byte[] into, int at) {
        var length = uniqueIdLength(number);
        System.arraycopy(uniqueIds, start(number), into, at, length);
        return at + length;
    }

    private int start(int number) {
        return number == 1 ? 0 : ends[number - 2];
    }

    private int end(int number) {
        return ends[number - 1];
    }

    /**
     * Copies what a store says is a unique-id, if it is one.
     *
     * @return a hash of its octets
     */
    private static int put(int number, String id, byte[] ids, int used) throws ListingViolation {
        if (id == null || id.isEmpty() || id.length() > MAX_UNIQUE_ID) {
            throw new ListingViolation(
                    "message "
                            + number
                            + " has a unique-id of "
                            + (id == null ? "null" : id.length() + " characters"));
        }
        var hash = 0;
        for (var at = 0; at < id.length(); at++) {
            var c = id.charAt(at);
            if (c < 0x21 || c > 0x7E) {
                throw new ListingViolation(
                        "message " + number + " has a unique-id with character " + (int) c);
            }
            ids[used + at] = (byte) c;
            hash = 31 * hash + c;
        }
        return hash;
    }

    /** Open addressing over the ids' octets: a set of strings would cost ten times the memory. */
    private void refuseTwins(int[] hashes) throws ListingViolation {
        var slots = new int[Integer.highestOneBit(Math.max(count(), 2)) << 2];
        for (var number = 1; number <= count(); number++) {
            var hash = hashes[number - 1];
            var slot = (((hash ^ (hash >>> 15)) * 0x9E3779B1) >>> 3) & (slots.length - 1);
            while (slots[slot] != 0) {
                if (sameId(slots[slot], number)) {
                    throw new ListingViolation(
                            "messages " + slots[slot] + " and " + number + " share a unique-id");
                }
                slot = (slot + 1) & (slots.length - 1);
            }
            slots[slot] = number;
        }
    }

    private boolean sameId(int one, int other) {
        return Arrays.equals(uniqueIds, start(one), end(one), uniqueIds, start(other), end(other));
    }
}
