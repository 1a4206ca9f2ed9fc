package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.store.CommitResult;
import io.postern.testkit.fault.DiskFaults.Operation;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;

/** The quota file of Maildir++ tells what is there after a removal. */
class QuotaFileTest {
    @TempDir Path home;
    private Mail mail;
    private Path file;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
        file = mail.maildir("alice").resolve("maildirsize");
    }

    private CommitResult remove(int... numbers) throws Exception {
        try (var drop = Mail.open(mail.store(), "alice")) {
            return drop.commit(Mail.removal(drop, numbers));
        }
    }

    /** The sums of both columns. */
    private String sums() throws Exception {
        var lines = Files.readAllLines(file);
        var octets = 0L;
        var messages = 0L;
        for (var line : lines.subList(1, lines.size())) {
            assertTrue(line.matches(" *-?[0-9]+ +-?[0-9]+"), line);
            octets += Long.parseLong(line.strip().split(" +", -1)[0]);
            messages += Long.parseLong(line.strip().split(" +", -1)[1]);
        }
        return octets + " " + messages;
    }

    /** What the name says counts, as for the program that delivered it; else the file's length. */
    @ParameterizedTest
    @CsvSource({
        "1.a, 5",
        "'1.a,S=5', 5",
        "'1.a,S=1000', 1000",
        "'1.a,S=700,W=800', 700",
        "'1.a,W=800,S=700:2,S', 700",
        "'1.a:2,S=9', 5",
        "'1.a,S=', 5",
        "'1.a,S=x,S=8', 8",
        "'1.a,S=8,S=x', 8",
        "'1.a,S=99999999999999999999', 5"
    })
    void aRemovalIsSubtracted(String name, long counts) throws Exception {
        mail.put("alice", "cur/" + name, "text\n");
        mail.put("alice", "new/9.stays,S=40", "text\n");
        Files.writeString(file, "20000S,30C\n%12d %12d\n".formatted(counts + 40, 2));
        assertEquals(CommitResult.ok(1, 0), remove(1));
        assertEquals("40 1", sums());
        assertTrue(Files.readString(file).startsWith("20000S,30C\n"));
    }

    @Test
    void aCommitIsOneLine() throws Exception {
        for (var i = 1; i <= 150; i++) {
            mail.put("alice", "new/" + i + ".x,S=1000", "text\n");
        }
        Files.writeString(file, "200000S\n150000 150\n");
        assertEquals(CommitResult.ok(130, 0), remove(IntStream.rangeClosed(1, 130).toArray()));
        assertEquals("20000 20", sums());
        assertEquals(3, Files.readAllLines(file).size());
        assertEquals(CommitResult.ok(0, 0), remove());
        assertEquals(3, Files.readAllLines(file).size(), "nothing removed, nothing to tell");
    }

    /** Each file counts, as whoever recalculates counts files; one that was gone counts nothing. */
    @Test
    void filesCountAndNotMessages() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "cur/1.a:2,S", "text\n");
        var gone = mail.put("alice", "new/2.b", "text\n");
        mail.put("alice", "cur/3.c:2,", "one\n");
        mail.put("alice", "cur/3.c:2,S", "three\n");
        Files.writeString(file, "0S\n25 5\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(4, drop.listing().count());
            Files.delete(gone);
            assertEquals(CommitResult.ok(3, 1), drop.commit(Mail.removal(drop, 1, 2, 3, 4)));
        }
        assertEquals("5 1", sums());
    }

    @Test
    void whereThereIsNoneNoneIsMade() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        assertEquals(CommitResult.ok(1, 0), remove(1));
        assertFalse(Files.exists(file));
    }

    /** Others recalculate it then; the removal is none the worse for it. */
    @Test
    void thatItCannotBeWrittenIsNoFailure() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        Files.writeString(file, "20000S\n5 1\n");
        var disk = new FaultyFileSystem(home.getFileSystem());
        var view = new Mail(disk.view(home));
        try (var drop = Mail.open(view.store(), "alice")) {
            var request = Mail.removal(drop, 1);
            disk.faults((operation, path) ->
                    operation == Operation.OPEN && path.endsWith("maildirsize")
                            ? Outcome.FAILS
                            : Outcome.WORKS);
            assertEquals(CommitResult.ok(1, 0), drop.commit(request));
        }
        assertEquals("20000S\n5 1\n", Files.readString(file));
    }

    /** A link would be written through. */
    @Test
    void aLinkIsNotFollowed() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        var elsewhere = Files.writeString(home.resolve("elsewhere"), "20000S\n5 1\n");
        Files.createSymbolicLink(file, elsewhere);
        assertEquals(CommitResult.ok(1, 0), remove(1));
        assertEquals("20000S\n5 1\n", Files.readString(elsewhere));
    }
}
