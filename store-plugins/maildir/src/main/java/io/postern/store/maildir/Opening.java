package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.spi.store.MaildropId;
import io.postern.store.files.IoFaults;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Makes the listing of one maildrop, and its size index where that has to be made. One thread. */
final class Opening {
    private static final Logger LOG = LoggerFactory.getLogger(Opening.class);

    /** After so many messages counted, the index is written: a crash costs no more than that. */
    private static final int KEEP_EVERY = 20_000;

    /** So many messages that cannot be read are named in the log. */
    private static final int MOST_NAMED = 3;

    private final Maildir maildir;
    private final MessageFiles files;
    private final Path index;
    private final boolean trustHints;
    private final boolean refuseUnreadable;
    private final RecentListings recent;
    private final MaildropId id;

    /** Of the size index that says what the listing says. */
    private Optional<SizeIndex.Mark> mark = Optional.empty();

    /** What is left out of the listing since nobody can read it: the first few. */
    private final List<String> unreadable = new ArrayList<>();

    private int unreadableCount;

    /** Unique names of all that is there and not listed. */
    private final Set<String> leftOut = new HashSet<>();

    /**
     * @param trustHints whether sizes in names are believed
     * @param refuseUnreadable whether a message that cannot be read is a fault; if not, it is left
     *     out of the listing
     */
    Opening(
            Maildir maildir,
            MessageFiles files,
            Path index,
            boolean trustHints,
            boolean refuseUnreadable,
            RecentListings recent,
            MaildropId id) {
        this.maildir = maildir;
        this.files = files;
        this.index = index;
        this.trustHints = trustHints;
        this.refuseUnreadable = refuseUnreadable;
        this.recent = recent;
        this.id = id;
    }

    /**
     * Lists all messages with their exact sizes.
     *
     * @throws Fault if the folders cannot be read; if the disk fails, for a listing is never
     *     shorter than the truth; or if a message cannot be read by this server's user or is a
     *     damaged archive, and that is to be a fault
     */
    MaildirListing list() throws Fault, InterruptedException {
        var earlier = earlier();
        MaildirListing listing;
        try {
            if (earlier.isPresent()
                    && earlier.get().settled()
                    && earlier.get().stamp().equals(maildir.stamp())) {
                listing = earlier.get();
            } else {
                listing = MaildirListing.of(maildir.scan());
                earlier.ifPresent(listing::learn);
                if (listing.names().anyTwin()) {
                    listing = new Duplicates(maildir, files, this::unreadable).apart(listing);
                }
            }
        } catch (IOException e) {
            throw IoFaults.fault("cannot list", maildir.folder(), e);
        }
        var asBefore = earlier.isPresent() && listing == earlier.get();
        var gone = new BitSet();
        var counted = 0;
        MessageFiles.Reader reader = null; // has buffers that an open maildrop must not keep
        try {
            for (var at = 0; at < listing.count(); at++) {
                if (listing.size(at) == MaildirListing.UNKNOWN && !hinted(listing, at)) {
                    asBefore = false;
                    reader = reader == null ? files.new Reader() : reader;
                    if (!measure(listing, at, reader)) {
                        gone.set(at);
                    }
                    if (++counted % KEEP_EVERY == 0) {
                        keep(listing);
                    }
                }
            }
        } catch (Fault | InterruptedException e) {
            if (counted > 0) {
                keep(listing);
            }
            throw e;
        }
        if (!gone.isEmpty()) {
            listing = listing.without(gone);
        }
        tellUnreadable(listing);
        if (!asBefore) {
            keep(listing);
        }
        return listing;
    }

    /** A message that is there and cannot be read: it may be readable by the next login. */
    private void unreadable(Path file, IOException why) {
        unreadableCount++;
        leaveOut(file);
        if (unreadable.size() < MOST_NAMED) {
            unreadable.add(
                    why instanceof AccessDeniedException
                            ? file + " (no permission)"
                            : why.getMessage());
        }
    }

    private void leaveOut(Path file) {
        leftOut.add(maildir.delimiters().unique(FileName.of(file)));
    }

    /** Unique names of messages that are not listed and may be again. */
    Set<String> leftOut() {
        return leftOut;
    }

    private void tellUnreadable(MaildirListing listing) throws Fault {
        if (unreadableCount == 0) {
            return;
        }
        listing.unsettle();
        var named = String.join("; ", unreadable);
        var more =
                unreadableCount > unreadable.size()
                        ? "; and " + (unreadableCount - unreadable.size()) + " more"
                        : "";
        var what =
                unreadableCount
                        + (unreadableCount == 1 ? " message" : " messages")
                        + " of "
                        + maildir.folder()
                        + " cannot be read: "
                        + named
                        + more;
        if (refuseUnreadable) {
            throw Fault.permanent(
                    what
                            + ". Let the server's user read them, restore or remove them, or set"
                            + " unreadable to leave-out.",
                    null);
        }
        LOG.warn("{}. The user gets the others", what);
    }

    /** Writes the size index; that it cannot be written is told to the log only. */
    void keep(MaildirListing listing) {
        try {
            SizeIndex.write(index, maildir.delimiters(), listing);
            mark = SizeIndex.mark(index);
        } catch (IOException e) {
            LOG.warn("size index {} cannot be written: {}", index, e.toString());
        }
    }

    /** The maildrop is closed, and nothing in the listing turned out wrong: the next one has it. */
    void remember(MaildirListing listing) {
        if (listing.settled() && listing.namesGiveIds()) {
            mark.ifPresent(it -> recent.put(id, new RecentListings.Kept(listing, it)));
        }
    }

    private Optional<MaildirListing> earlier() {
        mark = SizeIndex.mark(index);
        var last = recent.take(id);
        if (last.isPresent() && mark.isPresent() && last.get().index().equals(mark.get())) {
            return Optional.of(last.get().listing());
        }
        try {
            return SizeIndex.read(index, maildir.delimiters(), trustHints);
        } catch (IOException e) {
            LOG.warn("size index {} cannot be read: {}", index, e.toString());
            return Optional.empty();
        }
    }

    private boolean hinted(MaildirListing listing, int at) {
        if (!trustHints || listing.hintWrong(at)) {
            return false;
        }
        var octets = listing.names().wireSizeHint(at);
        if (octets < 0) {
            return false;
        }
        listing.hinted(at, octets);
        return true;
    }

    /**
     * Counts a message's size.
     *
     * @return false if there is no such message any more, or it is none, or cannot be read
     */
    private boolean measure(MaildirListing listing, int at, MessageFiles.Reader reader)
            throws Fault, InterruptedException {
        var names = listing.names();
        try {
            listing.counted(
                    at, maildir.reach(names, at, listing.choice(at, files), reader::measure));
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (NotAFile e) {
            if (!e.folder) {
                LOG.warn("not listed: {}", e.getMessage());
                listing.unsettle(); // what a link leads to may change
                leaveOut(maildir.file(names.inNew(at), names.name(at)));
            }
            return false;
        } catch (AccessDeniedException | UnreadableMessage e) {
            unreadable(maildir.file(names.inNew(at), names.name(at)), e);
            return false;
        } catch (IOException e) {
            var listed = maildir.file(names.inNew(at), names.name(at));
            throw IoFaults.fault("cannot read the message", listed, e);
        }
    }
}
