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

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** One opened Maildir. One thread at a time. */
final class MaildirDrop implements Maildrop, WireReady {
    private static final Logger LOG = LoggerFactory.getLogger(MaildirDrop.class);

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
    private final MessageFiles files;
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
            MessageFiles files,
            MaildirListing listing,
            MaildropState state,
            Opening opening,
            boolean markSeen) {
        this.maildir = maildir;
        this.files = files;
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
            return reach(at, file -> open(at, file));
        } catch (IOException e) {
            forget(at);
            var listed = maildir.file(names.inNew(at), names.name(at));
            if (e instanceof NoSuchFileException
                    && Files.isDirectory(maildir.fresh())
                    && Files.isDirectory(maildir.current())) {
                throw Fault.gone("the message listed as " + listed + " has gone");
            }
            if (e instanceof UnreadableMessage || e instanceof NotAFile) {
                throw Fault.permanent(e.getMessage(), e);
            }
            throw IoFaults.fault("cannot read the message listed as", listed, e);
        }
    }

    private <T> T reach(int at, Maildir.Use<T> use)
            throws IOException, Fault, InterruptedException {
        return maildir.reach(listing.names(), at, listing.choice(at, files), use);
    }

    private InputStream open(int at, Path file) throws IOException, Fault, InterruptedException {
        openedAt = at;
        openedIdentity = worthRemembering(at) ? files.identity(file) : 0;
        if (listing.counted(at) && openedIdentity != listing.identity(at)) {
            if (listing.digest(at).isPresent() && !listing.is(at, file, files)) {
                throw new NoSuchFileException(file + " has another message of that name now");
            }
            var now = files.new Reader().measure(file);
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
        var opened = files.open(file);
        if (opened.compression().isPresent()) {
            openedIdentity = 0; // what is sent is not what is stored
        }
        return new Forgetting(files.stream(opened, state.file("unpacked")), at);
    }

    /** A message that cannot be read to its end is counted again by the next login. */
    private final class Forgetting extends FilterInputStream {
        private final int at;

        Forgetting(InputStream in, int at) {
            super(in);
            this.at = at;
        }

        @Override
        public int read() throws IOException {
            try {
                return super.read();
            } catch (IOException e) {
                forget(at);
                throw e;
            }
        }

        @Override
        public int read(byte[] octets, int from, int length) throws IOException {
            try {
                return super.read(octets, from, length);
            } catch (IOException e) {
                forget(at);
                throw e;
            }
        }
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
            return reach(at, file -> region(at, file));
        } catch (IOException e) {
            LOG.debug("message {} of {} has no region: {}", number, maildir.folder(), e.toString());
            return Optional.empty(); // content() finds the same, and says it
        }
    }

    private Optional<Region> region(int at, Path file) throws IOException {
        var opened = files.open(file);
        try {
            if (opened.compression().isEmpty()
                    && files.identity(file) == listing.identity(at)
                    && opened.channel().size() == listing.size(at)) {
                return Optional.of(new WholeFile(at, file, opened.channel()));
            }
        } catch (IOException e) {
            opened.close();
            throw e;
        }
        opened.close();
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
            if (files.identity(maildir.file(names.inNew(at), names.name(at))) == openedIdentity) {
                var size =
                        new MessageCounter.Size(listing.size(at), listing.surrogateSize(at), true);
                listing.counted(at, new MessageFiles.Measure(size, openedIdentity));
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
            try {
                if (channel.size() == listing.size(at)
                        && listing.identity(at) == reach(at, files::identity)) {
                    return true;
                }
                forget(at);
                return false;
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
                request.remove().isEmpty()
                        ? CommitResult.ok(0, 0)
                        : new Removal(maildir, files, listing, state, request).result();
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

    private void markSeen(MessageRef ref) {
        var at = listing.index(ref);
        if (at < 0) {
            return;
        }
        var names = listing.names();
        var from = maildir.file(names.inNew(at), names.name(at));
        var to = maildir.file(false, maildir.delimiters().seen(names.name(at)));
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
}
