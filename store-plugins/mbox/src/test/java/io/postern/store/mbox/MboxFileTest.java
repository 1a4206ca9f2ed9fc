package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitResult.Status;
import io.postern.testkit.fault.DiskFaults.Operation;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class MboxFileTest {
    private static final String FROM = "From a@example.org Mon Nov 23 06:00:00 2026\n";

    @TempDir private Path folder;

    private Path mbox;

    @BeforeEach
    void name() {
        mbox = folder.resolve("alice");
    }

    private Mailbox mailbox(String format) {
        return new Mailbox(folder, Map.of("format", format));
    }

    private List<String> read(String format, String file) throws Exception {
        Files.writeString(mbox, file, StandardCharsets.ISO_8859_1);
        return new ArrayList<>(mailbox(format).messages().values());
    }

    @Test
    void aBlankLineBelongsToTheFormat() throws Exception {
        assertEquals(
                List.of("Subject: 1\n\none\n\n", "Subject: 2\n\ntwo\n"),
                read("mboxrd", FROM + "Subject: 1\n\none\n\n\n" + FROM + "Subject: 2\n\ntwo\n\n"));
    }

    @Test
    void aLineOfALetterThatBeginsWithFromIsNoMessage() throws Exception {
        var text = "Subject: 1\n\nHello,\n\nFrom here on it is May 2026 and\n\nFrom now on.\n";
        assertEquals(List.of(text), read("mboxo", FROM + text + "\n"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "From a Mon Nov 23 06:00:00 2026\n",
                "From a Mon Nov  3 06:00 2026\n",
                "From \"a b\"@example.org Mon Nov 23 06:00:00 2026\n",
                "From a Mon Nov 23 06:00:00 MET 2026\n",
                "From a Mon Nov 23 06:00:00 2026 +0100\n",
                "From a Mon Nov 23 06:00:00 MET DST 2026\n",
                "From a Mon Nov 23 06:00:00 26\n",
                "From a Mon Nov 23 06:00:00 2026 remote from b\n",
                "From a Mon Nov 23 06:00:00 2026\r\n"
            })
    void fromLinesOfManyProgramsAreKnown(String line) throws Exception {
        assertEquals(
                List.of("A: 1\n\n1\n", "A: 2\n\n2\n"),
                read("mboxrd", FROM + "A: 1\n\n1\n\n" + line + "A: 2\n\n2\n\n"));
    }

    @Test
    void whatMailProgramsKeepInTheHeaderIsNotSent() throws Exception {
        var kept =
                "Received: x\nSubject: s\n folded\nStatus-Of-Mind: fine\n\nStatus: in the body\n";
        assertEquals(
                List.of(kept),
                read(
                        "mboxrd",
                        FROM
                                + "Received: x\nStatus: RO\nX-STATUS: A\n\tfolded\nSubject: s\n folded\n"
                                + "X-Keywords: a\n b\nX-UID: 7\nX-IMAPbase: 1 2\nContent-Length: 5\n"
                                + "Lines: 1\nStatus-Of-Mind: fine\n\nStatus: in the body\n\n"));
    }

    @Test
    void thePseudoMessageIsHiddenAndStays() throws Exception {
        var pseudo =
                FROM
                        + "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
                        + "X-IMAP: 1100000000 0000000002\nStatus: RO\n\ninternal\n\n";
        assertEquals(
                List.of("Subject: 1\n\none\n"),
                read("mboxrd", pseudo + FROM + "Subject: 1\n\none\n\n"));
        assertEquals(Status.OK, mailbox("mboxrd").remove(_ -> true).status());
        assertEquals(pseudo, Files.readString(mbox));
    }

    @Test
    void mboxrdLosesOneQuoteAndOthersNone() throws Exception {
        var file = FROM + "A: 1\n\n>From x\n>>From y\n> From z\n>Fromage\n\n";
        assertEquals(
                List.of("A: 1\n\nFrom x\n>From y\n> From z\n>Fromage\n"), read("mboxrd", file));
        assertEquals(
                List.of("A: 1\n\n>From x\n>>From y\n> From z\n>Fromage\n"), read("mboxo", file));
    }

    @Test
    void aContentLengthIsBelievedIfAMessageFollows() throws Exception {
        var body = "one\n\n" + FROM + "Subject: not a message\n\nstill one\n";
        var good =
                FROM
                        + "Subject: 1\nContent-Length: "
                        + body.length()
                        + "\n\n"
                        + body
                        + "\n"
                        + FROM
                        + "Subject: 2\nContent-Length: 4\n\ntwo\n\n";
        assertEquals(
                List.of("Subject: 1\n\n" + body, "Subject: 2\n\ntwo\n"), read("mboxcl2", good));
    }

    @ParameterizedTest
    @ValueSource(strings = {"3", "1000", "-1", "x", "99999999999999999999", "5 5"})
    void aContentLengthThatLiesIsNotBelieved(String length) throws Exception {
        assertEquals(
                List.of("Subject: 1\n\none two\n", "Subject: 2\n\ntwo\n"),
                read(
                        "mboxcl2",
                        FROM
                                + "Subject: 1\nContent-Length: "
                                + length
                                + "\n\none two\n\n"
                                + FROM
                                + "Subject: 2\n\ntwo\n\n"));
    }

    @Test
    void aFileWithoutAFromLineIsRefusedByName() throws Exception {
        Files.writeString(mbox, "Subject: no mbox\n\nfoo\n");
        var fault = assertThrows(Fault.class, mailbox("mboxrd")::messages);
        assertEquals(Fault.Kind.PERMANENT, fault.kind());
        assertTrue(fault.getMessage().contains(mbox.toString()), fault.getMessage());
        assertEquals("Subject: no mbox\n\nfoo\n", Files.readString(mbox));
    }

    @Test
    void ofTwoCopiesTheOneThatStaysKeepsItsUniqueId() throws Exception {
        var message = FROM + "A: 1\n\nsame\n\n";
        Files.writeString(mbox, message + message + message);
        var before = List.copyOf(mailbox("mboxrd").messages().keySet());
        assertEquals(3, before.size());
        assertEquals(Status.OK, mailbox("mboxrd").remove(number -> number == 2).status());
        assertEquals(
                List.of(before.get(0), before.get(2)),
                List.copyOf(mailbox("mboxrd").messages().keySet()));
        Files.writeString(mbox, message, StandardOpenOption.APPEND);
        var after = List.copyOf(mailbox("mboxrd").messages().keySet());
        assertEquals(List.of(before.get(0), before.get(2)), after.subList(0, 2));
        assertFalse(before.contains(after.get(2)));
    }

    @Test
    void aLockFileOfAnotherProgramIsRespected() throws Exception {
        Files.writeString(mbox, FROM + "A: 1\n\n1\n\n");
        var lock = Files.createFile(folder.resolve("alice.lock"));
        var fault = assertThrows(Fault.class, mailbox("mboxrd")::messages);
        assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        assertTrue(fault.getMessage().contains("alice.lock"), fault.getMessage());
        assertTrue(Files.exists(lock));
    }

    @Test
    void aLockFileThatNobodyTouchedForLongIsTakenAway() throws Exception {
        Files.writeString(mbox, FROM + "A: 1\n\n1\n\n");
        var lock = Files.createFile(folder.resolve("alice.lock"));
        var old = FileTime.from(Instant.now().minusSeconds(300));
        Files.setLastModifiedTime(lock, old);
        Files.setLastModifiedTime(mbox, old);
        var patient = new Mailbox(folder, Map.of("lock-wait", "PT5S"));
        assertEquals(1, patient.messages().size());
        assertFalse(Files.exists(lock));
    }

    @Test
    void theLockFileOfACrashedServerOfThisMachineIsTakenAwayAtOnce() throws Exception {
        Files.writeString(mbox, FROM + "A: 1\n\n1\n\n");
        var own = ProcessMark.own();
        var reused = new ProcessMark(own.kernel(), own.pid(), own.started() + "1");
        var lock = Files.write(folder.resolve("alice.lock"), reused.octets());
        var patient = new Mailbox(folder, Map.of("lock-wait", "PT5S"));
        assertEquals(1, patient.messages().size());
        assertFalse(Files.exists(lock));
        try (var files = Files.list(folder)) {
            assertEquals(
                    List.of("alice", "state"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void theLockFileOfAServerThatMayRunIsRespected() throws Exception {
        Files.writeString(mbox, FROM + "A: 1\n\n1\n\n");
        var own = ProcessMark.own();
        for (var holder :
                List.of(
                        own,
                        new ProcessMark(own.kernel() + "x", own.pid(), own.started() + "1"),
                        new ProcessMark("", own.pid(), own.started() + "1"))) {
            var lock = Files.write(folder.resolve("alice.lock"), holder.octets());
            assertThrows(Fault.class, mailbox("mboxrd")::messages);
            assertTrue(Files.exists(lock));
        }
    }

    @Test
    void mailThatArrivesAfterTheOpeningStays() throws Exception {
        Files.writeString(mbox, FROM + "A: 1\n\n1\n\n" + FROM + "A: 2\n\n2\n\n");
        var token = Mailbox.nextToken();
        try (var drop = mailbox("mboxrd").open(token)) {
            Files.writeString(mbox, FROM + "A: 3\n\n3\n\n", StandardOpenOption.APPEND);
            assertEquals(2, Mailbox.messages(drop).size());
            assertEquals(Status.OK, drop.commit(Mailbox.request(drop, token, _ -> true)).status());
        }
        assertEquals(FROM + "A: 3\n\n3\n\n", Files.readString(mbox));
    }

    @Test
    void aMessageThatAnotherProgramMovedIsFoundAgain() throws Exception {
        Files.writeString(mbox, FROM + "A: 1\n\n1\n\n" + FROM + "A: 2\n\n2\n\n");
        try (var drop = mailbox("mboxrd").open(Mailbox.nextToken())) {
            Files.writeString(mbox, FROM + "A: 2\nStatus: RO\n\n2\n\n");
            try (var content = drop.content(2)) {
                assertEquals(
                        "A: 2\n\n2\n",
                        new String(content.readAllBytes(), StandardCharsets.US_ASCII));
            }
            assertThrows(Fault.class, () -> drop.content(1));
        }
    }

    @Test
    void aFileThatChangesWhileItIsReadEndsInAnError() throws Exception {
        var body = "x".repeat(70_000) + "\n";
        Files.writeString(mbox, FROM + "A: 1\n\n" + body + "\n");
        try (var drop = mailbox("mboxrd").open(Mailbox.nextToken());
                var content = drop.content(1)) {
            content.readNBytes(10);
            try (var file = FileChannel.open(mbox, StandardOpenOption.WRITE)) {
                file.write(StandardCharsets.US_ASCII.encode("y".repeat(1000)), 60_000);
            }
            assertThrows(IOException.class, content::readAllBytes);
        }
    }

    /** A crash within the rewrite, and then a mail program that knows nothing of journals. */
    @Test
    void theJournalIsKeptIfAnotherProgramMadeTheFileShorter() throws Exception {
        var lost = "2".repeat(2000);
        Files.writeString(
                mbox,
                FROM
                        + "A: 1\n\n1\n\n"
                        + FROM
                        + "A: 2\n\n"
                        + lost
                        + "\n\n"
                        + FROM
                        + "A: 3\n\n3\n\n");
        var disk = new FaultyFileSystem(folder.getFileSystem());
        var broken = new Mailbox(disk.view(folder), Map.of());
        disk.faults((operation, path) ->
                operation == Operation.WRITE && path.endsWith("alice")
                        ? Outcome.HALF_WRITTEN
                        : Outcome.WORKS);
        try {
            assertEquals(Status.UNKNOWN, broken.remove(number -> number == 1).status());
        } catch (Fault e) {
            assertEquals(Fault.Kind.TEMPORARY, e.kind());
        }
        disk.mend();
        try (var file = FileChannel.open(mbox, StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 5);
        }
        var fault = assertThrows(Fault.class, mailbox("mboxrd")::messages);
        assertTrue(fault.getMessage().contains("postern-journal."), fault.getMessage());
        try (var kept = Files.newDirectoryStream(folder, "alice.postern-journal.*")) {
            var journal = Files.readString(kept.iterator().next(), StandardCharsets.ISO_8859_1);
            assertTrue(journal.contains(lost), "the message is nowhere whole");
        }
    }

    @Test
    void anUnchangedFileIsNotReadAgain() throws Exception {
        Files.writeString(mbox, FROM + "A: 1\n\n1\n\n");
        Files.setLastModifiedTime(mbox, FileTime.from(Instant.now().minusSeconds(60)));
        var first = mailbox("mboxrd").messages();
        try (var kept = Files.walk(folder.resolve("state"))) {
            assertTrue(kept.anyMatch(file -> file.endsWith("listing")), "nothing is remembered");
        }
        assertEquals(first, mailbox("mboxrd").messages());
        // What the cache holds is only for this very file.
        Files.writeString(mbox, FROM + "A: 2\n\n2\n\n");
        assertEquals(List.of("A: 2\n\n2\n"), List.copyOf(mailbox("mboxrd").messages().values()));
    }
}
