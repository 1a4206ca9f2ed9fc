package io.postern.session;

import io.postern.engine.ListingViolation;
import io.postern.engine.MessageTable;
import io.postern.spi.store.Listing;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The checked tables of listings that are still there. A store may give out the same listing again
 * for a maildrop that has not changed; a listing is immutable, so that its table holds, too. It
 * goes with the listing. Any thread.
 */
final class Tables {
    private final Map<Key, MessageTable> tables = new ConcurrentHashMap<>();
    private final ReferenceQueue<Listing> gone = new ReferenceQueue<>();

    /** One object: stores may call different ones equal. */
    private static final class Key extends WeakReference<Listing> {
        private final int hash;

        Key(Listing listing, ReferenceQueue<Listing> gone) {
            super(listing, gone);
            hash = System.identityHashCode(listing);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(Object other) {
            if (this == other) {
                return true;
            }
            var listing = get();
            return listing != null && other instanceof Key key && key.refersTo(listing);
        }
    }

    /**
     * The table of a listing.
     *
     * @throws ListingViolation as {@link MessageTable#freeze}
     */
    MessageTable of(Listing listing) throws ListingViolation {
        for (var key = gone.poll(); key != null; key = gone.poll()) {
            var _ = tables.remove(key);
        }
        var key = new Key(listing, gone);
        var known = tables.get(key);
        if (known != null) {
            return known;
        }
        var table =
                MessageTable.freeze(
                        listing.count(),
                        listing::octets,
                        listing::surrogateOctets,
                        listing::uniqueId);
        tables.put(key, table);
        return table;
    }

    /** How many there are. */
    int count() {
        return tables.size();
    }
}
