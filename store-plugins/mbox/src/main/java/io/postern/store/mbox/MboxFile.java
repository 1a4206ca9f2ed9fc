package io.postern.store.mbox;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitResult;
import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * The one channel through which a session reads, locks and rewrites an mbox: closing a second one
 * would let go of the fcntl lock. One thread at a time.
 */
final class MboxFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MboxFile.class);

    /**
     * How a site handles its files.
     *
     * @param order in which the locks are taken
     * @param lockWait how long another program may hold them
     */
    record Ways(MboxFormat format, List<FileLocks.Kind> order, Duration lockWait) {}

    private final Path path;
    private final Ways ways;
    private final MaildropState state;
    private FileChannel channel;
    private Fingerprint fingerprint;

    MboxFile(Path path, Ways ways, MaildropState state) {
        this.path = path;
        this.ways = ways;
        this.state = state;
    }

    Path path() {
        return path;
    }

    MaildropState state() {
        return state;
    }

    /**
     * Opens the file, also anew where another one has its name by now; false where there is none.
     */
    boolean exists() throws IOException {
        try {
            var now = Fingerprint.of(path);
            if (channel == null || !now.sameFile(fingerprint)) {
                close();
                channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                fingerprint = now;
            }
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Whether somebody wrote to the file since it was last read. */
    boolean changed() throws IOException {
        try {
            return !Fingerprint.of(path).equals(fingerprint);
        } catch (NoSuchFileException e) {
            return true;
        }
    }

    /** Keeps other programs off, and finishes a removal that a crash interrupted. */
    FileLocks lock() throws IOException, Fault, InterruptedException {
        FileLocks locks;
        try {
            locks = FileLocks.take(path, channel, ways.order, ways.lockWait);
        } catch (FileLocks.BusyException e) {
            throw Fault.temporary(e.getMessage(), e);
        }
        try {
            var rewrite = new Rewrite(path, channel);
            rewrite.recover(this::removed);
            new Append(path, channel).recover(rewrite);
            var all = locks;
            locks = null;
            return all;
        } catch (Rewrite.ForeignJournalException e) {
            throw Fault.permanent(e.getMessage(), e);
        } finally {
            if (locks != null) {
                locks.close();
            }
        }
    }

    /** Reads what is in the file. The locks are held. */
    MboxListing read() throws IOException, Fault {
        try {
            fingerprint = Fingerprint.of(path);
            return MboxListing.read(channel, ways.format, copies());
        } catch (NotMboxException e) {
            throw Fault.permanent(path + ": " + e.getMessage(), e);
        }
    }

    /** The same, from memory where the file has not changed since it was last read by anybody. */
    MboxListing readOrRecall() throws IOException, Fault {
        var cache = new ListingCache(state.file("listing"));
        var now = Fingerprint.of(path);
        var known = cache.recall(now, ways.format);
        if (known.isPresent()) {
            fingerprint = now;
            return known.get();
        }
        var listing = read();
        cache.keep(fingerprint, ways.format, listing);
        return listing;
    }

    /** Forgets what was remembered of the file, for it was wrong. */
    void distrust() {
        try {
            Files.deleteIfExists(state.file("listing"));
        } catch (IOException e) {
            LOG.warn("cannot delete {}", state.file("listing"), e);
        }
    }

    MboxContent content(MboxListing listing, int number) throws IOException {
        return listing.content(channel, ways.format, number);
    }

    /** Whether a message is still where a listing says. Reads all of it. */
    boolean holds(MboxListing listing, int number) throws IOException {
        if (number == 0 || channel.size() < listing.next(number)) {
            return false;
        }
        var content = listing.content(channel, ways.format, number);
        content.skip(Long.MAX_VALUE);
        return listing.hasDigest(number, content.digest());
    }

    /** Removes messages for good. The locks are held, and the listing was just read. */
    void remove(MboxListing listing, Set<Integer> numbers, UUID commitId, CommitResult result)
            throws IOException {
        var first = numbers.stream().mapToInt(Integer::intValue).min().orElseThrow();
        var keep = new ArrayList<Rewrite.Range>();
        for (var number = first; number <= listing.count(); number++) {
            if (!numbers.contains(number)) {
                var from = listing.start(number);
                if (!keep.isEmpty() && keep.getLast().to() == from) {
                    from = keep.removeLast().from();
                }
                keep.add(new Rewrite.Range(from, listing.next(number)));
            }
        }
        var note =
                commitId
                        + " "
                        + result.removed()
                        + " "
                        + result.alreadyGone()
                        + "\n"
                        + copies().after(listing, number -> !numbers.contains(number)).text();
        new Rewrite(path, channel)
                .keepOnly(
                        listing.start(first),
                        keep,
                        note.getBytes(StandardCharsets.UTF_8),
                        this::removed);
    }

    /** What tells whether anybody writes to the file from now on. The locks are held. */
    Fingerprint fingerprint() throws IOException {
        return Fingerprint.of(path);
    }

    /** Adds a message at the end for good. The locks are held. */
    void append(Draft draft) throws IOException {
        new Append(path, channel).add(draft.channel(), draft.fromLine());
    }

    @Override
    public void close() {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.warn("cannot close {}", path, e);
            }
            channel = null;
        }
    }

    /** What a removal leaves behind, once the file is as it should be. */
    private void removed(byte[] note) throws IOException {
        var text = new String(note, StandardCharsets.UTF_8);
        var lineEnd = text.indexOf('\n');
        var words = text.substring(0, lineEnd).split(" ", -1);
        var copies = text.substring(lineEnd + 1);
        if (copies.isEmpty()) {
            Files.deleteIfExists(state.file(COPIES));
        } else {
            MaildropState.replaceForGood(state.file(COPIES), copies);
        }
        state.keep(
                UUID.fromString(words[0]),
                CommitResult.ok(Integer.parseInt(words[1]), Integer.parseInt(words[2])));
    }

    private Copies copies() throws IOException {
        return Copies.read(state.file(COPIES));
    }

    private static final String COPIES = "copies";
}
