package io.postern.store.jdbc;

import io.postern.spi.store.Listing;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A snapshot of a mailbox, in the order of arrival: some 46 octets of memory for each message.
 * Immutable once read.
 */
final class JdbcListing implements Listing {
    /** Rows that come from the database at once. */
    private static final int FETCH = 5000;

    private long[] seqs = new long[64];
    private long[] octets = new long[64];

    /** Where the unique-id of each message ends in {@link #ids}. */
    private int[] ends = new int[64];

    private byte[] ids = new byte[2048];
    private int count;

    /** Sizes of the surrogates of those few messages that have one, by index. */
    private final Map<Integer, Long> surrogates = new HashMap<>();

    private JdbcListing() {}

    /** Reads it with one statement. */
    static JdbcListing read(Connection connection, long mailbox) throws SQLException {
        var listing = new JdbcListing();
        try (var query =
                connection.prepareStatement(
                        "SELECT seq, octets, unique_id, surrogate_octets FROM message"
                                + " WHERE mailbox_id = ? ORDER BY seq")) {
            query.setFetchSize(FETCH);
            query.setLong(1, mailbox);
            try (var rows = query.executeQuery()) {
                while (rows.next()) {
                    var surrogate = rows.getLong(4);
                    if (!rows.wasNull()) {
                        listing.surrogates.put(listing.count, surrogate);
                    }
                    listing.add(rows.getLong(1), rows.getLong(2), rows.getString(3));
                }
            }
        }
        return listing;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public long octets(int number) {
        return octets[index(number)];
    }

    @Override
    public long surrogateOctets(int number) {
        return surrogates.getOrDefault(index(number), octets(number));
    }

    @Override
    public String uniqueId(int number) {
        var index = index(number);
        var start = index == 0 ? 0 : ends[index - 1];
        return new String(ids, start, ends[index] - start, StandardCharsets.US_ASCII);
    }

    /** The message's place in its mailbox, which no other message ever has. */
    long seq(int number) {
        return seqs[index(number)];
    }

    private int index(int number) {
        if (number < 1 || number > count) {
            throw new IndexOutOfBoundsException("message " + number + " of " + count);
        }
        return number - 1;
    }

    private void add(long seq, long size, String uniqueId) {
        if (count == seqs.length) {
            var more = count + (count >> 1);
            seqs = Arrays.copyOf(seqs, more);
            octets = Arrays.copyOf(octets, more);
            ends = Arrays.copyOf(ends, more);
        }
        var id = uniqueId.getBytes(StandardCharsets.US_ASCII);
        var start = count == 0 ? 0 : ends[count - 1];
        if (start + id.length > ids.length) {
            ids = Arrays.copyOf(ids, ids.length + (ids.length >> 1));
        }
        System.arraycopy(id, 0, ids, start, id.length);
        seqs[count] = seq;
        octets[count] = size;
        ends[count] = start + id.length;
        count++;
    }
}
