package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Listing;
import io.postern.spi.store.MaildropId;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;

class RecentListingsTest {
    @TempDir Path home;
    private Mail mail;
    private MaildirStore store;

    @BeforeEach
    void make() throws Exception {
        Assumptions.assumeTrue(
                Boolean.parseBoolean(System.getProperty("postern.recent-listings", "true")),
                "recent listings are switched off");
        mail = new Mail(home).make("alice");
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "cur/2.b:2,S", "more text\n");
        mail.settle("alice");
        store = mail.store();
    }

    private Listing visit() throws Exception {
        try (var drop = Mail.open(store, "alice")) {
            return drop.listing();
        }
    }

    private Path index() throws Exception {
        try (var files = Files.walk(home.resolve("state"))) {
            return files.filter(file -> file.endsWith("index")).findAny().orElseThrow();
        }
    }

    @Test
    void aMaildropThatHasNotChangedHasTheSameListingAgain() throws Exception {
        assertSame(visit(), visit());
    }

    @Test
    void whatIsDeliveredRenamedOrRemovedMeanwhileIsSeen() throws Exception {
        var before = visit();
        mail.put("alice", "new/3.c", "third\n");
        assertNotSame(before, visit());
        assertEquals(List.of("1.a", "2.b", "3.c"), Mail.ids(store, "alice"));
        Files.delete(mail.maildir("alice").resolve("new/1.a"));
        assertEquals(List.of("2.b", "3.c"), Mail.ids(store, "alice"));
        Files.move(
                mail.maildir("alice").resolve("cur/2.b:2,S"),
                mail.maildir("alice").resolve("cur/2.b:2,RS"));
        try (var drop = Mail.open(store, "alice")) {
            assertEquals("more text\n", Mail.read(drop, 1));
            assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, 1)));
        }
        assertEquals(List.of("3.c"), Mail.ids(store, "alice"));
    }

    @Test
    void anIndexThatAnotherServerHasWrittenIsRead() throws Exception {
        var before = visit();
        try (var drop = Mail.open(mail.store(), "alice")) {
            drop.sizeDiffers(1, 999); // so that the other server writes it
        }
        var after = visit();
        assertNotSame(before, after);
        assertEquals(6, after.octets(1));
    }

    @Test
    void anIndexThatIsGoneIsMadeAgain() throws Exception {
        visit();
        Files.delete(index());
        visit();
        assertTrue(Files.exists(index()));
    }

    @Test
    void aListingThatTurnedOutWrongIsNotTakenAgain() throws Exception {
        mail.make("bob");
        mail.put("bob", "new/2.b,S=5,W=77", "text\n");
        mail.settle("bob");
        store = mail.store("trust-size-hints", "true");
        try (var drop = Mail.open(store, "bob")) {
            assertEquals(77, drop.listing().octets(1));
        }
        try (var drop = Mail.open(store, "bob")) {
            assertEquals(77, drop.listing().octets(1));
            drop.sizeDiffers(1, 6);
        }
        for (var times = 0; times < 2; times++) {
            try (var drop = Mail.open(store, "bob")) {
                assertEquals(6, drop.listing().octets(1));
            }
        }
    }

    @Test
    void twoWhoHaveTheMaildropOpenNeverShareAListing() throws Exception {
        visit();
        try (var one = Mail.open(store, "alice");
                var other = Mail.open(store, "alice")) {
            assertNotSame(one.listing(), other.listing());
            assertEquals(Mail.list(one), Mail.list(other));
        }
    }

    @Test
    void idsFromAFileOfAnotherServerAreReadEachTime() throws Exception {
        store = mail.store("unique-ids", "courier");
        mail.put("alice", "courierpop3dsizelist", "/3 99 5\n1.a:2, 3 7:15:0\n");
        assertEquals(List.of("UID7-15", "2.b"), Mail.ids(store, "alice"));
        assertNotSame(visit(), visit());
        assertEquals(List.of("UID7-15", "2.b"), Mail.ids(store, "alice"));
    }

    /** With the launcher's heap of 512 MiB, an eighth of it is for all listings. */
    @Test
    void halfAMillionMessagesHaveRoomInTheUsualHeap() {
        var names = new Names.Builder(InfoDelimiters.STANDARD);
        for (var m = 0; m < 500_000; m++) {
            names.add(
                    false,
                    "%d.M%dB%d.bench,S=1234,W=1270:2,S".formatted(1_700_000_000 + m, m, m % 1000),
                    false);
        }
        var stamp = new Maildir.Stamp(0, 0);
        var listing = MaildirListing.of(new Maildir.Found(names.sorted(), stamp, true));
        assertTrue(listing.memory() <= 64 << 20, () -> listing.memory() + " octets");
    }

    @Test
    void theOneThatWasClosedFirstGoesFirst() {
        var listing = MaildirListing.EMPTY;
        var mark = new SizeIndex.Mark(FileTime.fromMillis(0), 1, "key");
        var recent = new RecentListings(2 * listing.memory());
        for (var name : List.of("a", "b", "a", "c")) {
            recent.put(new MaildropId(name), new RecentListings.Kept(listing, mark));
        }
        assertFalse(recent.take(new MaildropId("b")).isPresent());
        for (var name : List.of("a", "c")) {
            assertEquals(
                    Optional.of(mark),
                    recent.take(new MaildropId(name)).map(RecentListings.Kept::index));
            assertFalse(recent.take(new MaildropId(name)).isPresent());
        }
        recent.put(new MaildropId("d"), new RecentListings.Kept(listing, mark));
        assertTrue(recent.take(new MaildropId("d")).isPresent(), "what was taken left its room");
    }
}
