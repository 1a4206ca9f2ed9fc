package io.postern.store.maildir;

import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.MessageRef;
import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The removal of what one request names. One thread. */
final class Removal {
    private static final Logger LOG = LoggerFactory.getLogger(Removal.class);

    /** So many removals between two looks at the fencing token. */
    private static final int FENCE_EVERY = 64;

    /** How often a message is looked for that is renamed whenever it is to be removed. */
    private static final int MOST_ROUNDS = 8;

    private final Maildir maildir;
    private final MessageFiles files;
    private final MaildirListing listing;
    private final MaildropState state;
    private final CommitRequest request;
    private final QuotaFile quota;
    private final long end;
    private int removed;
    private int alreadyGone;
    private int failed;
    private String detail = "";

    Removal(
            Maildir maildir,
            MessageFiles files,
            MaildirListing listing,
            MaildropState state,
            CommitRequest request) {
        this.maildir = maildir;
        this.files = files;
        this.listing = listing;
        this.state = state;
        this.request = request;
        quota = new QuotaFile(maildir);
        end = System.nanoTime() + request.timeLimit().toNanos();
    }

    CommitResult result() throws InterruptedException {
        var again = new TreeSet<Integer>();
        var done = 0;
        for (var ref : request.remove()) {
            if (done > 0 && done % FENCE_EVERY == 0 && !goOn()) {
                break;
            }
            remove(ref, again);
            done++;
        }
        failed += request.remove().size() - done;
        if (!again.isEmpty()) {
            removeRenamed(again);
        }
        quota.subtract();
        try {
            if (listing != MaildirListing.EMPTY) {
                maildir.force();
            }
        } catch (IOException e) {
            if (e instanceof ClosedByInterruptException) {
                Thread.interrupted(); // told by the exception
                throw new InterruptedException("while removals were made durable");
            }
            return new CommitResult(
                    CommitResult.Status.UNKNOWN,
                    0,
                    0,
                    request.remove().size(),
                    "removals in " + maildir.folder() + " may not be durable: " + e);
        }
        return failed == 0
                ? CommitResult.ok(removed, alreadyGone)
                : new CommitResult(
                        CommitResult.Status.PARTIAL, removed, alreadyGone, failed, detail);
    }

    /** Whether the lock is still held and there is time left. */
    private boolean goOn() {
        try {
            if (!state.holds(request.token())) {
                detail = "a later session took the lock of " + maildir.folder() + " over";
                return false;
            }
        } catch (IOException e) {
            detail = "the fencing token of " + maildir.folder() + " cannot be read: " + e;
            return false;
        }
        if (System.nanoTime() - end > 0) {
            detail = "removing took longer than " + request.timeLimit();
            return false;
        }
        return true;
    }

    /**
     * Removes one message.
     *
     * @param again takes it if it has to be looked for
     */
    private void remove(MessageRef ref, Set<Integer> again) {
        var at = listing.index(ref);
        if (at < 0) {
            alreadyGone++;
            return;
        }
        var names = listing.names();
        if (names.twin(at) || listing.digest(at).isPresent()) {
            again.add(at);
            return;
        }
        var file = maildir.file(names.inNew(at), names.name(at));
        try {
            delete(file);
            removed++;
        } catch (NoSuchFileException e) {
            again.add(at);
        } catch (IOException e) {
            fail(file, e);
        }
    }

    private void delete(Path file) throws IOException {
        var octets = quota.octets(file);
        Files.delete(file);
        quota.removed(octets);
    }

    /** Removes messages that have another name by now, or had two, or share their name. */
    private void removeRenamed(Set<Integer> messages) throws InterruptedException {
        var names = listing.names();
        var left = new TreeSet<>(messages);
        for (var rounds = 1; rounds <= MOST_ROUNDS && !left.isEmpty(); rounds++) {
            var uniques = new HashSet<String>();
            left.forEach(at -> uniques.add(names.unique(at)));
            Map<String, List<Path>> found;
            try {
                found = maildir.find(uniques);
            } catch (IOException e) {
                failed += left.size();
                detail = maildir.folder() + " cannot be listed: " + e;
                return;
            }
            for (var at : List.copyOf(left)) {
                if (settled(at, found.getOrDefault(names.unique(at), List.of()))) {
                    left.remove(at);
                }
            }
        }
        failed += left.size();
        for (var at : left) {
            detail =
                    names.unique(at)
                            + " in "
                            + maildir.folder()
                            + " is renamed faster than removed";
        }
    }

    /**
     * Removes all files of one message.
     *
     * @param there all files of its unique name
     * @return false if it was renamed meanwhile and has to be looked for again
     */
    private boolean settled(int at, List<Path> there) throws InterruptedException {
        try {
            var mine = mine(at, there);
            if (mine.isEmpty()) {
                alreadyGone++;
                return true;
            }
            for (var file : mine) {
                delete(file);
            }
            removed++;
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            fail(there.getLast(), e);
            return true;
        }
    }

    /** Those of the files that are a message. Whatever else has its name, nobody saw it. */
    private List<Path> mine(int at, List<Path> there) throws IOException, InterruptedException {
        var digest = listing.digest(at);
        if (digest.isPresent()) {
            var mine = new ArrayList<Path>();
            for (var file : there) {
                if (listing.is(at, file, files)) {
                    mine.add(file);
                }
            }
            return mine;
        }
        if (there.size() < 2) {
            return there;
        }
        var known = there.getLast();
        for (var file : there) {
            if (listing.is(at, file, files)) {
                known = file;
            }
        }
        var others = 0;
        var mine = new ArrayList<Path>();
        for (var file : there) {
            if (files.same(known, file)) {
                mine.add(file);
            } else {
                others++;
            }
        }
        if (others > 0 && !listing.is(at, known, files)) {
            throw new IOException("there are different messages of that name now");
        }
        return mine;
    }

    private void fail(Path file, IOException cause) {
        failed++;
        detail = file + " cannot be removed: " + cause;
        LOG.warn("{}", detail);
    }
}
