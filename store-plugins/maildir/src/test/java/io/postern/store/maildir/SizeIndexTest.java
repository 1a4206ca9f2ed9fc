package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

class SizeIndexTest {
    /** As the store does it unless it is told otherwise. */
    private static final InfoDelimiters CUT = new InfoDelimiters(":;!");

    @TempDir Path home;
    private Mail mail;
    private Path index;
    private Map<String, Long> truth;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "cur/2.b:2,S", "more text\n");
        mail.put("alice", "cur/3.ü:2,S", "and more text\n");
        mail.settle("alice");
        truth = opened();
        try (var files = Files.walk(home.resolve("state"))) {
            index = files.filter(file -> file.endsWith("index")).findAny().orElseThrow();
        }
    }

    private Map<String, Long> opened() throws Exception {
        try (var drop = Mail.open(mail.store(), "alice")) {
            return Mail.list(drop);
        }
    }

    @Test
    void anIndexCutAtAnyOctetIsMadeAgain() throws Exception {
        var good = Files.readAllBytes(index);
        for (var length = 0; length < good.length; length++) {
            Files.write(index, Arrays.copyOf(good, length));
            assertEquals(truth, opened(), "cut at " + length);
            assertEquals(good.length, Files.size(index), "made again after " + length);
        }
        Files.write(index, Arrays.copyOf(good, good.length + 1));
        assertEquals(truth, opened(), "one octet too long");
    }

    @Test
    void anIndexWithAnyBitFlippedIsMadeAgain() throws Exception {
        var good = Files.readAllBytes(index);
        for (var bit = 0; bit < 8 * good.length; bit++) {
            var bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(index, bad);
            assertEquals(truth, opened(), "bit " + bit);
        }
    }

    /**
     * The first had no sizes of surrogates, the second those of others, the third other parts, the
     * fourth messages without one, and not the sizes of archives.
     */
    @Test
    void anIndexOfAnotherVersionIsMadeAgain() throws Exception {
        var good = Files.readAllBytes(index);
        for (var version : List.of('1', '2', '3', '4', '6')) {
            var other = good.clone();
            other["PSTNIDX".length()] = (byte) version.charValue();
            var checksum = new CRC32C();
            checksum.update(other, 0, other.length - Integer.BYTES);
            ByteBuffer.wrap(other).putInt(other.length - Integer.BYTES, (int) checksum.getValue());
            Files.write(index, other);
            assertEquals(truth, opened());
            assertArrayEquals(good, Files.readAllBytes(index));
        }
    }

    /** What is read is the index: the file has another message of the same length by then. */
    @Test
    @Tag("protocol-92")
    void theSizeOfASurrogateIsKept() throws Exception {
        var file = mail.put("alice", "cur/4.d:2,S", "Subject: \u00c3\u00bc\n\nx\n");
        var changed = Files.getLastModifiedTime(file);
        for (var restarts = 0; restarts < 3; restarts++) {
            try (var drop = Mail.open(mail.store(), "alice")) {
                assertEquals(18, drop.listing().octets(4), "restarts: " + restarts);
                assertEquals(32, drop.listing().surrogateOctets(4), "restarts: " + restarts);
                assertEquals(6, drop.listing().octets(1));
                assertEquals(6, drop.listing().surrogateOctets(1));
            }
            mail.put("alice", "cur/4.d:2,S", "Subject: ab\n\nx\n");
            Files.setLastModifiedTime(file, changed);
            mail.settle("alice");
        }
    }

    @Test
    void anIndexRemembersWhatIsReadyForTheWire() throws Exception {
        mail.put("alice", "cur/4.ready:2,S", "A: b\r\n\r\nx.\r\n");
        mail.put("alice", "cur/5.dot:2,S", "A: b\r\n\r\n.x\r\n");
        mail.put("alice", "cur/6.open:2,S", "A: b\r\n\r\nx");
        mail.put("alice", "cur/7.empty:2,S", "");
        opened();

        var listing = SizeIndex.read(index, CUT, false).orElseThrow();
        var ready = new ArrayList<String>();
        for (var at = 0; at < listing.count(); at++) {
            if (listing.wireReady(at)) {
                ready.add(listing.names().unique(at));
            }
        }
        assertEquals(List.of("4.ready", "7.empty"), ready);
    }

    /** A size that only a name tells is kept, and is not believed where names are not. */
    @Test
    void anIndexRemembersWhatNamesTell() throws Exception {
        mail.put("alice", "cur/4.hinted,W=5:2,S", "text\n");
        try (var drop = Mail.open(mail.store("trust-size-hints", "true"), "alice")) {
            assertEquals(5, drop.listing().octets(4));
        }
        assertEquals(5, SizeIndex.read(index, CUT, true).orElseThrow().size(3));
        assertEquals(
                MaildirListing.UNKNOWN, SizeIndex.read(index, CUT, false).orElseThrow().size(3));
        assertEquals(6, SizeIndex.read(index, CUT, false).orElseThrow().size(0));
        assertEquals(6L, opened().values().stream().toList().getLast());
    }

    @Test
    void aLostIndexLosesNothing() throws Exception {
        Files.delete(index);
        assertEquals(truth, opened());
        Files.delete(index);
        Files.createDirectory(index); // cannot be read, cannot be replaced
        assertEquals(truth, opened());
    }

    @Test
    void changesWithinTheClockStepAreSeen() throws Exception {
        for (var i = 0; i < 50; i++) {
            mail.put("alice", "new/" + (10 + i) + ".x", "x\n");
            assertEquals(4 + i, opened().size(), "after delivery " + i);
        }
        for (var i = 0; i < 50; i++) {
            Files.delete(mail.maildir("alice").resolve("new/" + (10 + i) + ".x"));
            assertEquals(52 - i, opened().size(), "after removal " + i);
        }
    }
}
