package io.postern.store.mbox;

import io.postern.spi.store.Listing;
import io.postern.spi.wire.MessageCounter;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;

/**
 * What is in a file: the place, size and unique-id of each message. Immutable.
 *
 * <p>A unique-id is the digest of the From_ line and of the message as the client gets it, so that
 * neither a place nor a flag changes it; or the one that the message was given at its delivery, see
 * {@link Draft}. Copies that are the same to the octet are told apart by an ordinal, which {@link
 * Copies} remembers.
 */
final class MboxListing implements Listing {
    /** Of a file that is not there. */
    static final MboxListing EMPTY = new MboxListing(0);

    private final long[] fromLines;
    private final long[] bodies;
    private final long[] ends;
    private final long[] nexts;
    private final long[] octets;
    private final long[] surrogates;
    private final byte[] digests;
    private final int[] ordinals;

    /** The unique-ids that messages were given at their delivery; null elsewhere. */
    private final String[] given;

    private MboxListing(int count) {
        this.fromLines = new long[count];
        this.bodies = new long[count];
        this.ends = new long[count];
        this.nexts = new long[count];
        this.octets = new long[count];
        this.surrogates = new long[count];
        this.digests = new byte[count * MboxContent.DIGEST];
        this.ordinals = new int[count];
        this.given = new String[count];
    }

    /** Reads the whole file. The caller holds the file's locks. */
    static MboxListing read(FileChannel file, MboxFormat format, Copies copies)
            throws IOException, NotMboxException {
        var ranges = MessageRanges.of(file, format);
        var first = ranges.firstIsPseudo() ? 1 : 0;
        var listing = new MboxListing(ranges.count() - first);
        var taken = new HashSet<String>();
        for (var index = 0; index < listing.count(); index++) {
            listing.fromLines[index] = ranges.fromLine(index + first);
            listing.bodies[index] = ranges.body(index + first);
            listing.ends[index] = ranges.end(index + first);
            listing.nexts[index] = ranges.next(index + first);
            var content = listing.content(file, format, index + 1);
            var size = MessageCounter.measure(content);
            listing.octets[index] = size.octets();
            listing.surrogates[index] = size.surrogateOctets();
            // A copy that somebody made of a message has the unique-id of its octets.
            listing.given[index] = content.given().filter(taken::add).orElse(null);
            System.arraycopy(
                    content.digest(),
                    0,
                    listing.digests,
                    index * MboxContent.DIGEST,
                    MboxContent.DIGEST);
        }
        copies.number(listing.digests, listing.ordinals);
        return listing;
    }

    @Override
    public int count() {
        return octets.length;
    }

    @Override
    public long octets(int number) {
        return octets[number - 1];
    }

    @Override
    public long surrogateOctets(int number) {
        return surrogates[number - 1];
    }

    @Override
    public String uniqueId(int number) {
        if (given[number - 1] != null) {
            return given[number - 1];
        }
        var ordinal = ordinals[number - 1];
        var digest = digest(number);
        return ordinal == 1 ? digest : digest + "-" + ordinal;
    }

    /** The digest of a message, in hex. */
    String digest(int number) {
        var from = (number - 1) * MboxContent.DIGEST;
        return HexFormat.of().formatHex(digests, from, from + MboxContent.DIGEST);
    }

    int ordinal(int number) {
        return ordinals[number - 1];
    }

    boolean hasDigest(int number, byte[] digest) {
        var from = (number - 1) * MboxContent.DIGEST;
        return Arrays.equals(
                digests, from, from + MboxContent.DIGEST, digest, 0, MboxContent.DIGEST);
    }

    /** Where the From_ line of a message is. */
    long start(int number) {
        return fromLines[number - 1];
    }

    /** Where the next message is, or the file ends. */
    long next(int number) {
        return nexts[number - 1];
    }

    MboxContent content(FileChannel file, MboxFormat format, int number) throws IOException {
        return new MboxContent(
                file, format, fromLines[number - 1], bodies[number - 1], ends[number - 1]);
    }

    /** A form that {@link #of} reads back. */
    byte[] saved() throws IOException {
        var octetsOut = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(octetsOut)) {
            out.writeInt(count());
            for (var numbers : List.of(fromLines, bodies, ends, nexts, octets, surrogates)) {
                for (var number : numbers) {
                    out.writeLong(number);
                }
            }
            out.write(digests);
            for (var ordinal : ordinals) {
                out.writeInt(ordinal);
            }
            for (var id : given) {
                out.writeUTF(id == null ? "" : id);
            }
        }
        return octetsOut.toByteArray();
    }

    /** Reads what {@link #saved} gave. */
    static MboxListing of(DataInputStream in) throws IOException {
        var listing = new MboxListing(in.readInt());
        for (var numbers :
                List.of(
                        listing.fromLines,
                        listing.bodies,
                        listing.ends,
                        listing.nexts,
                        listing.octets,
                        listing.surrogates)) {
            for (var index = 0; index < numbers.length; index++) {
                numbers[index] = in.readLong();
            }
        }
        in.readFully(listing.digests);
        for (var index = 0; index < listing.ordinals.length; index++) {
            listing.ordinals[index] = in.readInt();
        }
        for (var index = 0; index < listing.given.length; index++) {
            var id = in.readUTF();
            listing.given[index] = id.isEmpty() ? null : id;
        }
        return listing;
    }
}
