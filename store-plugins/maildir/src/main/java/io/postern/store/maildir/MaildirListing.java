package io.postern.store.maildir;

import io.postern.spi.store.Listing;
import io.postern.spi.store.MessageRef;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A maildrop's messages: their file names, sizes and unique-ids in a few arrays. Filled by {@link
 * Opening}; what a client sees of it does not change after that.
 */
final class MaildirListing implements Listing {
    private static final Logger LOG = LoggerFactory.getLogger(MaildirListing.class);

    /** In place of a size. */
    static final long UNKNOWN = -1;

    /** The listing of a Maildir that does not exist. */
    static final MaildirListing EMPTY =
            of(
                    new Maildir.Found(
                            new Names.Builder(InfoDelimiters.STANDARD).sorted(),
                            new Maildir.Stamp(0, 0),
                            false));

    private final Names names;
    private final Maildir.Stamp stamp;
    private boolean settled;
    private final long[] sizes;

    /** Sizes of the surrogates of those few messages that need one, by index. */
    private final Map<Integer, Long> surrogates;

    private final int[] identities;
    private final boolean[] wrongHints;
    private final BitSet wireReady;
    private final BitSet forgotten = new BitSet();

    /** What tells messages of one unique name apart, by index: digests of their octets. */
    private final Map<Integer, String> digests = new HashMap<>();

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

    /** Where a message is, from 0; -1 if it is not there. */
    int index(MessageRef ref) {
        if (ref.number() <= count() && uniqueId(ref.number()).equals(ref.uniqueId())) {
            return ref.number() - 1;
        }
        // The commit of an earlier opening, repeated: its numbers say nothing here.
        for (var number = 1; number <= count(); number++) {
            if (uniqueId(number).equals(ref.uniqueId())) {
                return number - 1;
            }
        }
        return -1;
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

    /** The next opening scans the folders again, even if they have not changed. */
    void unsettle() {
        settled = false;
    }

    /** The digest of a message that shares its unique name with another one, or once did. */
    Optional<String> digest(int index) {
        return digests.isEmpty() ? Optional.empty() : Optional.ofNullable(digests.get(index));
    }

    void digest(int index, String digest) {
        digests.put(index, digest);
    }

    /** How a message is found among files of its unique name: by its content, or its identity. */
    Maildir.Choice choice(int index, MessageFiles files) {
        return there -> {
            var digest = digest(index);
            if (digest.isEmpty() && there.size() == 1) {
                return Optional.of(there.getFirst());
            }
            for (var file : there) {
                if (is(index, file, files)) {
                    return Optional.of(file);
                }
            }
            return digest.isPresent() ? Optional.empty() : Maildir.LATEST.of(there);
        };
    }

    /** Whether a file of a message's unique name is that message, and can be read. */
    boolean is(int index, Path file, MessageFiles files) throws IOException, InterruptedException {
        var digest = digest(index);
        try {
            return digest.isPresent()
                    ? files.digest(file).equals(digest.get())
                    : files.identity(file) == identities[index];
        } catch (NoSuchFileException | AccessDeniedException | UnreadableMessage | NotAFile e) {
            LOG.debug("{} is not the message that is looked for", file, e);
            return false;
        }
    }

    /** Whether any message shares its unique name with another one. */
    boolean anyDigest() {
        return !digests.isEmpty();
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
    void counted(int index, MessageFiles.Measure measure) {
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
        return forgotten.get(index) || digests.containsKey(index) ? UNKNOWN : sizes[index];
    }

    /** Whether what was counted may be learned by the next opening. */
    boolean keepsCount(int index) {
        return counted(index) && !digests.containsKey(index);
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
                // No message goes back to new: this is another one with the name of one that went.
                if (names.inNew(index) && !earlier.names.inNew(other)) {
                    other++;
                    continue;
                }
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
        var rest = with(names.without(gone));
        for (int index = 0, to = 0; index < count(); index++) {
            if (!gone.get(index)) {
                rest.take(to++, this, index);
            }
        }
        return rest;
    }

    /** A listing of the same folders with other messages, of which nothing is known yet. */
    MaildirListing with(Names others) {
        return of(new Maildir.Found(others, stamp, settled));
    }

    /** Takes over all that another listing of the same folders knows of a message. */
    void take(int to, MaildirListing from, int index) {
        sizes[to] = from.sizes[index];
        if (from.hasSurrogate(index)) {
            surrogates.put(to, from.surrogates.get(index));
        }
        identities[to] = from.identities[index];
        wireReady.set(to, from.wireReady.get(index));
        wrongHints[to] = from.wrongHints[index];
        from.digest(index).ifPresent(digest -> digests.put(to, digest));
    }
}
