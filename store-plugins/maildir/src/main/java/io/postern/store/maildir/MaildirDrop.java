package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MessageRef;
import io.postern.spi.store.WireReady;
import io.postern.spi.wire.MessageCounter;
import io.postern.store.files.IoFaults;
import io.postern.store.files.MaildropState;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One opened Maildir. One thread at a time. */
final class MaildirDrop implements Maildrop, WireReady {
    private static final Logger LOG = LoggerFactory.getLogger(MaildirDrop.class);

    /** So many removals between two looks at the fencing token. */
    private static final int FENCE_EVERY = 64;

    /** How often a message is looked for that is renamed whenever it is to be removed. */
    private static final int MOST_ROUNDS = 8;

    /**
     * From this size on it is remembered that a message is ready for the wire though nobody counted
     * it, octets. To look for line feeds in a smaller one costs less.
     */
    private static final int LARGE = 64 * 1024;

    /** So many octets must be worth the writing of one entry of the size index. */
    private static final long WORTH = 1000;

    /** To be switched off by tests. */
    private static final boolean FILE_REGIONS =
            Boolean.parseBoolean(System.getProperty("postern.file-regions", "true"));

    private final Maildir maildir;
    private final MaildirListing listing;
    private final MaildropState state;
    private final Opening opening;
    private final boolean markSeen;
    private boolean forgot;
    private boolean closed;

    /** What content() opened last. */
    private int openedAt;

    private int openedIdentity;

    /** Octets of the messages that turned out ready for the wire. */
    private long learned;

    MaildirDrop(
            Maildir maildir,
            MaildirListing listing,
            MaildropState state,
            Opening opening,
            boolean markSeen) {
        this.maildir = maildir;
        this.listing = listing;
        this.state = state;
        this.opening = opening;
        this.markSeen = markSeen;
    }

    @Override
    public Listing listing() {
        return listing;
    }

    @Override
    public InputStream content(int number) throws Fault, InterruptedException {
        var at = number - 1;
        var names = listing.names();
        try {
            return maildir.reach(names, at, file -> open(at, file));
        } catch (IOException e) {
            var listed = maildir.file(names.inNew(at), names.name(at));
            if (e instanceof NoSuchFileException
                    && Files.isDirectory(maildir.fresh())
                    && Files.isDirectory(maildir.current())) {
                throw Fault.gone("the message listed as " + listed + " has gone");
            }
            throw IoFaults.fault("cannot read the message listed as", listed, e);
        }
    }

    private InputStream open(int at, Path file) throws IOException, Fault {
        openedAt = at;
        openedIdentity = worthRemembering(at) ? MessageFile.identity(file) : 0;
        if (listing.counted(at) && openedIdentity != listing.identity(at)) {
            var now = new MessageFile().measure(file);
            if (now.size().octets() != listing.size(at)
                    || now.size().surrogateOctets() != listing.surrogateSize(at)) {
                forget(at);
                throw new Fault(
                        Fault.Kind.TEMPORARY,
                        file
                                + " was replaced: "
                                + listing.size(at)
                                + " octets are listed, it has "
                                + now.size().octets()
                                + "; the next login counts it again");
            }
            listing.counted(at, now);
            openedIdentity = now.identity();
            forgot = true;
        }
        return MessageFile.stream(file);
    }

    private boolean worthRemembering(int at) {
        return listing.counted(at) || listing.size(at) >= LARGE;
    }

    @Override
    public Optional<Region> region(int number) throws Fault, InterruptedException {
        var at = number - 1;
        if (!FILE_REGIONS || !listing.wireReady(at)) {
            return Optional.empty();
        }
        try {
            return maildir.reach(listing.names(), at, file -> region(at, file));
        } catch (IOException e) {
            LOG.debug("message {} of {} has no region: {}", number, maildir.folder(), e.toString());
            return Optional.empty(); // content() finds the same, and says it
        }
    }

    private Optional<Region> region(int at, Path file) throws IOException {
        var channel = MessageFile.open(file);
        try {
            if (MessageFile.identity(file) == listing.identity(at)
                    && channel.size() == listing.size(at)) {
                return Optional.of(new WholeFile(at, file, channel));
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return Optional.empty();
    }

    @Override
    public void sentAsStored(int number) {
        var at = number - 1;
        if (at != openedAt || openedIdentity == 0 || listing.wireReady(at)) {
            return;
        }
        var names = listing.names();
        try {
            if (MessageFile.identity(maildir.file(names.inNew(at), names.name(at)))
                    == openedIdentity) {
                var size =
                        new MessageCounter.Size(listing.size(at), listing.surrogateSize(at), true);
                listing.counted(at, new MessageFile.Measure(size, openedIdentity));
                learned += size.octets();
            }
        } catch (IOException e) {
            LOG.debug("message {} of {} is not remembered", number, maildir.folder(), e);
        }
    }

    /** A file that is a message as it travels. */
    private final class WholeFile implements Region {
        private final int at;
        private final Path file;
        private final FileChannel channel;

        WholeFile(int at, Path file, FileChannel channel) {
            this.at = at;
            this.file = file;
            this.channel = channel;
        }

        @Override
        public FileChannel channel() {
            return channel;
        }

        @Override
        public long offset() {
            return 0;
        }

        @Override
        public boolean unchanged() throws IOException, Fault, InterruptedException {
            if (channel.size() != listing.size(at)) {
                return false;
            }
            try {
                return listing.identity(at)
                        == maildir.reach(listing.names(), at, MessageFile::identity);
            } catch (NoSuchFileException e) {
                LOG.debug("{} was removed while it was sent, which changes nothing in it", file);
                return true;
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    @Override
    public void sizeDiffers(int number, long octets) {
        var names = listing.names();
        LOG.warn(
                "{} has {} octets, not {}; the next login counts it",
                maildir.file(names.inNew(number - 1), names.name(number - 1)),
                octets,
                listing.octets(number));
        forget(number - 1);
    }

    private void forget(int at) {
        listing.forget(at);
        forgot = true;
    }

    @Override
    public CommitResult commit(CommitRequest request) throws Fault, InterruptedException {
        if (request.remove().isEmpty() && !markSeen) {
            return CommitResult.ok(0, 0); // changes nothing, so that no token has to allow it
        }
        try {
            var earlier = state.result(request.commitId());
            if (earlier.isPresent()) {
                return earlier.get();
            }
            if (!state.holds(request.token())) {
                return new CommitResult(
                        CommitResult.Status.FENCED,
                        0,
                        0,
                        request.remove().size(),
                        "a later session than " + request.token() + " holds " + maildir.folder());
            }
        } catch (IOException e) {
            throw IoFaults.fault("cannot look at the fencing token of", maildir.folder(), e);
        }
        var result =
                request.remove().isEmpty() ? CommitResult.ok(0, 0) : new Removal(request).result();
        if (!request.remove().isEmpty() && result.status() != CommitResult.Status.UNKNOWN) {
            try {
                state.keep(request.commitId(), result);
            } catch (IOException e) {
                // What is gone is durably gone; the record only lets a repeated commit count alike.
                LOG.warn(
                        "the result of commit {} is not kept: {}",
                        request.commitId(),
                        e.toString());
            }
        }
        if (markSeen) {
            request.seen().forEach(this::markSeen);
        }
        return result;
    }

    /** Where a message of the listing is; -1 if it is not there. */
    private int index(MessageRef ref) {
        if (ref.number() <= listing.count() && is(ref, ref.number())) {
            return ref.number() - 1;
        }
        // The commit of an earlier opening, repeated: its numbers say nothing here.
        for (var number = 1; number <= listing.count(); number++) {
            if (is(ref, number)) {
                return number - 1;
            }
        }
        return -1;
    }

    private boolean is(MessageRef ref, int number) {
        return listing.uniqueId(number).equals(ref.uniqueId());
    }

    private void markSeen(MessageRef ref) {
        var at = index(ref);
        if (at < 0) {
            return;
        }
        var names = listing.names();
        var from = maildir.file(names.inNew(at), names.name(at));
        var to = maildir.file(false, FileName.seen(names.name(at)));
        try {
            if (!from.equals(to)) {
                Files.move(from, to);
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} is not marked as seen: it was renamed or removed meanwhile", from);
        } catch (IOException e) {
            LOG.warn("{} cannot be marked as seen: {}", from, e.toString());
        }
    }

    @Override
    public void close() {
        var asListed = !forgot;
        if (forgot || learned > WORTH * listing.count()) {
            forgot = false;
            learned = 0;
            opening.keep(listing);
        }
        if (asListed && !closed) {
            closed = true;
            opening.remember(listing);
        }
    }

    /** The removal of what one request names. */
    private final class Removal {
        private final CommitRequest request;
        private final long end;
        private int removed;
        private int alreadyGone;
        private int failed;
        private String detail = "";

        Removal(CommitRequest request) {
            this.request = request;
            end = System.nanoTime() + request.timeLimit().toNanos();
        }

        CommitResult result() throws InterruptedException {
            var again = new HashSet<String>();
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

        private void remove(MessageRef ref, Set<String> again) {
            var at = index(ref);
            if (at < 0) {
                alreadyGone++;
                return;
            }
            var names = listing.names();
            var file = maildir.file(names.inNew(at), names.name(at));
            if (names.twin(at)) {
                again.add(names.unique(at));
                return;
            }
            try {
                Files.delete(file);
                removed++;
            } catch (NoSuchFileException e) {
                again.add(names.unique(at));
            } catch (IOException e) {
                fail(file, e);
            }
        }

        /** Removes messages that have another name by now, or had two. */
        private void removeRenamed(Set<String> uniques) {
            var left = new HashSet<>(uniques);
            for (var rounds = 1; rounds <= MOST_ROUNDS && !left.isEmpty(); rounds++) {
                Map<String, List<Path>> found;
                try {
                    found = maildir.find(left);
                } catch (IOException e) {
                    failed += left.size();
                    detail = maildir.folder() + " cannot be listed: " + e;
                    return;
                }
                left.removeIf(unique -> settled(found.getOrDefault(unique, List.of())));
            }
            failed += left.size();
            for (var unique : left) {
                detail = unique + " in " + maildir.folder() + " is renamed faster than removed";
            }
        }

        /**
         * Removes all files of one message.
         *
         * @return false if it was renamed meanwhile and has to be looked for again
         */
        private boolean settled(List<Path> files) {
            if (files.isEmpty()) {
                alreadyGone++;
                return true;
            }
            try {
                for (var file : files) {
                    // Two files of one name with different mail: nobody saw the other one.
                    if (Files.mismatch(file, files.getFirst()) >= 0) {
                        throw new IOException("it differs from " + files.getFirst());
                    }
                }
                for (var file : files) {
                    Files.delete(file);
                }
                removed++;
                return true;
            } catch (NoSuchFileException e) {
                return false;
            } catch (IOException e) {
                fail(files.getLast(), e);
                return true;
            }
        }

        private void fail(Path file, IOException cause) {
            failed++;
            detail = file + " cannot be removed: " + cause;
            LOG.warn("{}", detail);
        }
    }
}
