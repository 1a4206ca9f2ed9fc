package io.postern.store.maildir;

import io.postern.spi.Fault;
import io.postern.spi.store.MaildropId;
import io.postern.store.files.IoFaults;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;

/** Makes the listing of one maildrop, and its size index where that has to be made. One thread. */
final class Opening {
    private static final Logger LOG = LoggerFactory.getLogger(Opening.class);

    /** After so many messages counted, the index is written: a crash costs no more than that. */
    private static final int KEEP_EVERY = 20_000;

    private final Maildir maildir;
    private final Path index;
    private final boolean trustHints;
    private final RecentListings recent;
    private final MaildropId id;

    /** Of the size index that says what the listing says. */
    private Optional<SizeIndex.Mark> mark = Optional.empty();

    Opening(Maildir maildir, Path index, boolean trustHints, RecentListings recent, MaildropId id) {
        this.maildir = maildir;
        this.index = index;
        this.trustHints = trustHints;
        this.recent = recent;
        this.id = id;
    }

    /**
     * Lists all messages with their exact sizes.
     *
     * @throws Fault if any message cannot be read, or the folders cannot
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
            }
        } catch (IOException e) {
            throw IoFaults.fault("cannot list", maildir.folder(), e);
        }
        var asBefore = earlier.isPresent() && listing == earlier.get();
        var gone = new BitSet();
        var counted = 0;
        MessageFile reader = null; // has buffers that an open maildrop must not keep
        try {
            for (var at = 0; at < listing.count(); at++) {
                if (listing.size(at) == MaildirListing.UNKNOWN && !hinted(listing, at)) {
                    asBefore = false;
                    reader = reader == null ? new MessageFile() : reader;
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
        if (!asBefore) {
            keep(listing);
        }
        return listing;
    }

    /** Writes the size index; that it cannot be written is told to the log only. */
    void keep(MaildirListing listing) {
        try {
            SizeIndex.write(index, listing);
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
            return SizeIndex.read(index, trustHints);
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
     * @return false if there is no such message any more, or it is none
     */
    private boolean measure(MaildirListing listing, int at, MessageFile reader)
            throws Fault, InterruptedException {
        var names = listing.names();
        try {
            listing.counted(at, maildir.reach(names, at, reader::measure));
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (MessageFile.NotAFile e) {
            if (!e.folder) {
                LOG.warn("{}, nor a folder, so it is no message", e.getMessage());
            }
            return false;
        } catch (IOException e) {
            var listed = maildir.file(names.inNew(at), names.name(at));
            throw IoFaults.fault("cannot read the message", listed, e);
        }
    }
}
