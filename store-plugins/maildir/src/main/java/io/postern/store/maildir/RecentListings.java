package io.postern.store.maildir;

import io.postern.spi.store.MaildropId;

import java.util.LinkedHashMap;
import java.util.Optional;

/**
 * Listings of maildrops that are closed now, so that the next session need not read the size index
 * of one that has not changed. Bounded by memory; the one that was closed first goes first. Who
 * takes a listing has it alone until it is put back. Any thread.
 */
final class RecentListings {
    /** To be switched off by tests. */
    private static final boolean ON =
            Boolean.parseBoolean(System.getProperty("postern.recent-listings", "true"));

    /** Part of the heap that they may take. */
    private static final int PART = 8;

    private final long limit;

    // Guarded by this; the oldest first.
    private final LinkedHashMap<MaildropId, Kept> kept = new LinkedHashMap<>();
    private long octets;

    /**
     * A listing.
     *
     * @param index the size index that says the same
     */
    record Kept(MaildirListing listing, SizeIndex.Mark index) {}

    RecentListings() {
        this(ON ? Runtime.getRuntime().maxMemory() / PART : 0);
    }

    /**
     * @param limit of the memory that they take, octets
     */
    RecentListings(long limit) {
        this.limit = limit;
    }

    synchronized Optional<Kept> take(MaildropId id) {
        var taken = kept.remove(id);
        if (taken != null) {
            octets -= taken.listing().memory();
        }
        return Optional.ofNullable(taken);
    }

    synchronized void put(MaildropId id, Kept listing) {
        var _ = take(id);
        kept.put(id, listing);
        octets += listing.listing().memory();
        var oldest = kept.values().iterator();
        while (octets > limit) {
            octets -= oldest.next().listing().memory();
            oldest.remove();
        }
    }
}
