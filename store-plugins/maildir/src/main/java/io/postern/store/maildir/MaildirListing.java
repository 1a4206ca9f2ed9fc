package io.postern.store.maildir;

import io.postern.spi.store.Listing;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * A maildrop's messages: their file names, sizes and unique-ids in a few arrays. Filled by {@link
 * Opening}; what a client sees of it does not change after that.
 */
final class MaildirListing implements Listing {
    /** In place of a size. */
    static final long UNKNOWN = -1;

    /** The listing of a Maildir that does not exist. */
    static final MaildirListing EMPTY =
            of(new Maildir.Found(new Names.Builder().sorted(), new Maildir.Stamp(0, 0), false));

    private final Names names;
    private final Maildir.Stamp stamp;
    private final boolean settled;
    private final long[] sizes;

    /** Sizes of the surrogates of those few messages that need one, by index. */
    private final Map<Integer, Long> surrogates;

    private final int[] identities;
    private final boolean[] wrongHints;
    private final BitSet wireReady;
    private final BitSet forgotten = new BitSet();
    private String[] uniqueIds;

    /**
     * @param sizes octets on the wire, or {@link #UNKNOWN}
     * @param surrogates octets of the surrogates, where they are others; by index
     * @param identities of the files whose size was counted; 0 elsewhere
     * @param wrongHints whether the size in the name must not be believed
     * @param wireReady of which counted messages the octets of the file are those that travel
     */
    MaildirListing(
            Names names,
            Maildir.Stamp stamp,
            boolean settled,
            long[] sizes,
            Map<Integer, Long> surrogates,
            int[] identities,
            boolean[] wrongHints,
            BitSet wireReady) {
        this.names = names;
        this.stamp = stamp;
        this.settled = settled;
        this.sizes = sizes;
        this.surrogates = surrogates;
        this.identities = identities;
        this.wrongHints = wrongHints;
        this.wireReady = wireReady;
    }

    /** What was found, with nothing known of its sizes. */
    static MaildirListing of(Maildir.Found found) {
        var count = found.names().count();
        var sizes = new long[count];
        Arrays.fill(sizes, UNKNOWN);
        return new MaildirListing(
                found.names(),
                found.stamp(),
                found.settled(),
                sizes,
                new HashMap<>(),
                new int[count],
                new boolean[count],
                new BitSet());
    }

    @Override
    public int count() {
        return names.count();
    }

    @Override
    public long octets(int number) {
        return sizes[number - 1];
    }

    @Override
    public long surrogateOctets(int number) {
        return surrogateSize(number - 1);
    }

    @Override
    public String uniqueId(int number) {
        return uniqueIds == null
                ? UniqueId.ofName(names.unique(number - 1))
                : uniqueIds[number - 1];
    }

    Names names() {
        return names;
    }

    Maildir.Stamp stamp() {
        return stamp;
    }

    boolean settled() {
        return settled;
    }

    long size(int index) {
        return sizes[index];
    }

    /** What the surrogate takes; of a message whose size was not counted, the same. */
    long surrogateSize(int index) {
        return surrogates.isEmpty() ? sizes[index] : surrogates.getOrDefault(index, sizes[index]);
    }

    boolean hasSurrogate(int index) {
        return surrogates.containsKey(index);
    }

    /** Whether the size was counted from the file and still holds. */
    boolean counted(int index) {
        return identities[index] != 0 && !forgotten.get(index);
    }

    int identity(int index) {
        return identities[index];
    }

    boolean hintWrong(int index) {
        return wrongHints[index];
    }

    /** Whether the octets of the file are those that travel: CRLF throughout, no dot to stuff. */
    boolean wireReady(int index) {
        return counted(index) && wireReady.get(index);
    }

    /** Notes a size that was counted. */
    void counted(int index, MessageFile.Measure measure) {
        var size = measure.size();
        sizes[index] = size.octets();
        if (size.surrogateOctets() != size.octets()) {
            surrogates.put(index, size.surrogateOctets());
        } else {
            surrogates.remove(index);
        }
        identities[index] = measure.identity();
        wireReady.set(index, size.asStored());
    }

    /** The size that the next opening goes on with, or {@link #UNKNOWN}. */
    long keptSize(int index) {
        return forgotten.get(index) ? UNKNOWN : sizes[index];
    }

    /** Knows no more what only the names tell. */
    void keepCounted() {
        for (var index = 0; index < count(); index++) {
            if (identities[index] == 0) {
                sizes[index] = UNKNOWN;
            }
        }
    }

    /** Notes a size that the name tells. */
    void hinted(int index, long octets) {
        sizes[index] = octets;
        surrogates.remove(index);
    }

    /**
     * The size turned out wrong: the next opening counts it. This session goes on showing what it
     * showed.
     */
    void forget(int index) {
        forgotten.set(index);
        wrongHints[index] = true;
    }

    /** Whether the unique-ids are those of the names. */
    boolean namesGiveIds() {
        return uniqueIds == null;
    }

    /** About how much memory it takes, with what a session makes of it, octets. */
    long memory() {
        return 512 + 2L * names.octets() + 36L * count();
    }

    /** The unique-ids, where they are not those of the names. */
    void uniqueIds(String[] ids) {
        uniqueIds = ids;
    }

    /** Takes over what an earlier listing knows of the same messages. */
    void learn(MaildirListing earlier) {
        var other = 0;
        for (var index = 0; index < names.count(); index++) {
            var order = -1;
            while (other < earlier.count()
                    && (order = earlier.names.compare(other, names, index)) < 0) {
                other++;
            }
            if (other < earlier.count() && order == 0) {
                sizes[index] = earlier.sizes[other];
                var surrogate = earlier.surrogates.get(other);
                if (surrogate != null) {
                    surrogates.put(index, surrogate);
                }
                identities[index] = earlier.identities[other];
                wrongHints[index] = earlier.wrongHints[other];
                wireReady.set(index, earlier.wireReady.get(other));
                other++;
            }
        }
    }

    /** The listing without some of its messages. */
    MaildirListing without(BitSet gone) {
        var rest =
                new MaildirListing(
                        names.without(gone),
                        stamp,
                        settled,
                        new long[count() - gone.cardinality()],
                        new HashMap<>(),
                        new int[count() - gone.cardinality()],
                        new boolean[count() - gone.cardinality()],
                        new BitSet());
        for (int index = 0, to = 0; index < count(); index++) {
            if (!gone.get(index)) {
                rest.sizes[to] = sizes[index];
                if (hasSurrogate(index)) {
                    rest.surrogates.put(to, surrogates.get(index));
                }
                rest.identities[to] = identities[index];
                rest.wireReady.set(to, wireReady.get(index));
                rest.wrongHints[to++] = wrongHints[index];
            }
        }
        return rest;
    }
}
