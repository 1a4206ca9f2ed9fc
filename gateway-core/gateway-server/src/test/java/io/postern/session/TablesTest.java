package io.postern.session;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.postern.engine.ListingViolation;
import io.postern.spi.store.Listing;

import org.junit.jupiter.api.Test;

class TablesTest {
    /** Equal to any other of as many messages. */
    private record Alike(int count) implements Listing {
        @Override
        public long octets(int number) {
            return number;
        }

        @Override
        public String uniqueId(int number) {
            return "id" + number;
        }
    }

    private final Tables tables = new Tables();

    @Test
    void theSameListingHasTheSameTable() throws ListingViolation {
        var listing = new Alike(3);
        var table = tables.of(listing);
        assertSame(table, tables.of(listing));
        assertEquals(3, table.count());
        assertEquals(6, table.totalOctets());
    }

    @Test
    void anotherListingIsCheckedThoughItCallsItselfEqual() throws ListingViolation {
        var one = new Alike(3);
        var other = new Alike(3);
        assertEquals(one, other);
        assertNotSame(tables.of(one), tables.of(other));
        assertEquals(2, tables.count());
    }

    @Test
    void aListingThatIsRefusedIsRefusedAgain() {
        var wrong = new Alike(-1);
        assertThrows(ListingViolation.class, () -> tables.of(wrong));
        assertThrows(ListingViolation.class, () -> tables.of(wrong));
        assertEquals(0, tables.count());
    }

    @Test
    void aTableGoesWithItsListing() throws ListingViolation {
        for (var count = 1; count <= 100; count++) {
            var _ = tables.of(new Alike(count));
        }
        var kept = new Alike(1);
        await("only the last one is left")
                .until(() -> {
                    System.gc();
                    var _ = tables.of(kept);
                    return tables.count() == 1;
                });
        assertSame(tables.of(kept), tables.of(kept));
    }
}
