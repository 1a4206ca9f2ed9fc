package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.WireReady;
import io.postern.testkit.fault.DiskFaults.Operation;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

class MaildirStoreTest {
    @TempDir Path home;
    private Mail mail;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
    }

    @Test
    void listsNewAndCurInTheOrderOfDelivery() throws Exception {
        mail.put("alice", "cur/1700000010.a.host:2,S", "a\n");
        mail.put("alice", "new/1700000002.b.host", "bb\n");
        mail.put("alice", "cur/999999999.c.host:2,FRST", "ccc\n");
        mail.put("alice", "cur/1700000002.a.host:1,experimental", "dddd\r\n");
        mail.put("alice", "cur/.hidden", "x");
        mail.put("alice", "tmp/1700000000.tmp.host", "x");
        Files.createDirectories(mail.maildir("alice").resolve("cur/sub"));
        Files.createDirectories(mail.maildir("alice").resolve(".Sent/cur"));
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(
                    Map.of(
                            "999999999.c.host", 5L,
                            "1700000002.a.host", 6L,
                            "1700000002.b.host", 4L,
                            "1700000010.a.host", 3L),
                    Mail.list(drop));
            assertEquals(
                    List.of(
                            "999999999.c.host",
                            "1700000002.a.host",
                            "1700000002.b.host",
                            "1700000010.a.host"),
                    Mail.ids(drop));
        }
    }

    @Test
    void aMessageSeenInNewAndCurCountsOnceAndIsRemovedWhole() throws Exception {
        mail.put("alice", "new/1.a", "same\n");
        mail.put("alice", "cur/1.a:2,S", "same\n");
        mail.put("alice", "cur/1.aa:2,", "other\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(List.of("1.a", "1.aa"), Mail.ids(drop));
            assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, 1)));
        }
        assertEquals(List.of("1.aa"), Mail.ids(mail.store(), "alice"));
    }

    @Test
    @Tag("protocol-104")
    void uniqueIdsStayWhenFlagsChangeAndAfterRestart() throws Exception {
        mail.put("alice", "new/1.a", "a\n");
        mail.put("alice", "cur/2.b:2,", "b\n");
        var before = Mail.ids(mail.store(), "alice");
        Files.move(
                mail.maildir("alice").resolve("new/1.a"),
                mail.maildir("alice").resolve("cur/1.a:2,RS"));
        Files.move(
                mail.maildir("alice").resolve("cur/2.b:2,"),
                mail.maildir("alice").resolve("cur/2.b:2,FT"));
        assertEquals(before, Mail.ids(mail.store(), "alice"));
    }

    @Test
    void namesThatAreNoUniqueIdsAreDigested() throws Exception {
        var longName = "1." + "x".repeat(100);
        mail.put("alice", "new/" + longName, "a\n");
        mail.put("alice", "new/2.with space", "b\n");
        mail.put("alice", "new/3.ü", "c\n");
        mail.put("alice", "new/" + UniqueId.digest(longName), "d\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            var ids = Mail.ids(drop);
            assertEquals(4, ids.stream().distinct().count());
            assertTrue(
                    ids.stream().allMatch(id -> id.matches("~[A-Za-z0-9_-]{43}")), ids.toString());
            assertEquals("d\n", Mail.read(drop, 1));
            assertEquals("a\n", Mail.read(drop, 2));
            assertEquals("b\n", Mail.read(drop, 3));
            assertEquals("c\n", Mail.read(drop, 4));
            assertEquals(CommitResult.ok(4, 0), drop.commit(Mail.removal(drop, 1, 2, 3, 4)));
        }
    }

    @Test
    void contentFindsAMessageThatWasRenamed() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "new/1.ab", "other\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            Files.move(
                    mail.maildir("alice").resolve("new/1.a"),
                    mail.maildir("alice").resolve("cur/1.a:2,S"));
            assertEquals("text\n", Mail.read(drop, 1));
        }
    }

    @Test
    void contentOfAMessageThatIsGoneIsATemporaryFaultThatNamesIt() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "new/1.ab", "other\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            Files.delete(mail.maildir("alice").resolve("new/1.a"));
            var fault = assertThrows(Fault.class, () -> drop.content(1));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
            assertTrue(fault.getMessage().contains("1.a"), fault.getMessage());
        }
    }

    @Test
    @Tag("protocol-33")
    void aDeliveryDuringTheSessionNeverAppearsAndIsNeverTouched() throws Exception {
        mail.put("alice", "new/5.a", "text\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            mail.put("alice", "new/4.b", "later\n");
            assertEquals(List.of("5.a"), Mail.ids(drop));
            assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, 1)));
        }
        assertEquals(List.of("4.b"), Mail.ids(mail.store(), "alice"));
    }

    @Test
    @Tag("protocol-111")
    void removesARenamedMessageAndNoneWhoseNameOnlyBeginsAlike() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "new/1.a.b", "text\n");
        mail.put("alice", "cur/1.a,S=5:2,", "text\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(List.of("1.a", "1.a,S=5", "1.a.b"), Mail.ids(drop));
            Files.move(
                    mail.maildir("alice").resolve("new/1.a"),
                    mail.maildir("alice").resolve("cur/1.a:2,F"));
            assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, 1)));
        }
        assertEquals(List.of("1.a,S=5", "1.a.b"), Mail.ids(mail.store(), "alice"));
    }

    @Test
    @Tag("protocol-114")
    void aMessageThatVanishedCountsAsRemoved() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "new/2.b", "text\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            Files.delete(mail.maildir("alice").resolve("new/1.a"));
            assertEquals(CommitResult.ok(1, 1), drop.commit(Mail.removal(drop, 1, 2)));
        }
    }

    @Test
    void aLaterSessionFencesTheEarlierOne() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        var store = mail.store();
        try (var stale = Mail.open(store, "alice")) {
            var request = Mail.removal(stale, 1);
            Mail.open(mail.store(), "alice").close();
            assertEquals(CommitResult.Status.FENCED, stale.commit(request).status());
        }
        assertEquals(List.of("1.a"), Mail.ids(store, "alice"));
    }

    @Test
    void anOpeningWithAnOldTokenIsRefused() throws Exception {
        var store = mail.store();
        var old = Mail.token();
        Mail.open(store, "alice").close();
        var id = store.locate(new User("alice"));
        var fault = assertThrows(Fault.class, () -> store.open(id, old));
        assertEquals(Fault.Kind.TEMPORARY, fault.kind());
    }

    @Test
    void theSameCommitGivesTheSameResultAgain() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "new/2.b", "text\n");
        CommitRequest request;
        try (var drop = Mail.open(mail.store(), "alice")) {
            request = Mail.removal(drop, 1);
            assertEquals(CommitResult.ok(1, 0), drop.commit(request));
        }
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(CommitResult.ok(1, 0), drop.commit(request));
            assertEquals(List.of("2.b"), Mail.ids(drop));
        }
        assertEquals(List.of("2.b"), Mail.ids(mail.store(), "alice"));
    }

    @Test
    void aRepeatedCommitNeverTakesTheMessageThatNowHasTheNumber() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "new/2.b", "text\n");
        CommitRequest first;
        try (var drop = Mail.open(mail.store(), "alice")) {
            first = Mail.removal(drop, 1);
            drop.commit(first);
        }
        try (var drop = Mail.open(mail.store(), "alice")) {
            var repeated =
                    new CommitRequest(
                            UUID.randomUUID(),
                            Mail.token(),
                            first.remove(),
                            List.of(),
                            Duration.ofSeconds(60));
            assertEquals(CommitResult.ok(0, 1), drop.commit(repeated));
        }
        assertEquals(List.of("2.b"), Mail.ids(mail.store(), "alice"));
    }

    @Test
    void theSecondOpeningReadsNoMessage() throws Exception {
        for (var user : List.of("alice", "bob")) {
            mail.make(user);
            mail.put(user, "new/1.a", "text\n");
            mail.put(user, "cur/2.b:2,S", "more text\n");
        }
        mail.settle("bob"); // so that not even the folders are read again
        for (var user : List.of("alice", "bob")) {
            Map<String, Long> first;
            try (var drop = Mail.open(mail.store(), user)) {
                first = Mail.list(drop);
            }
            var file = mail.maildir(user).resolve("new/1.a");
            Files.delete(file);
            Files.createSymbolicLink(file, Path.of("/nowhere")); // cannot be read
            if (user.equals("bob")) {
                mail.settle("bob");
            }
            try (var drop = Mail.open(mail.store(), user)) {
                assertEquals(first, Mail.list(drop));
            }
        }
    }

    @Test
    void aReplacedFileIsNoticedBeforeItIsSentAndCountedAtTheNextOpening() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        Mail.open(mail.store(), "alice").close();
        mail.put("alice", "new/1.a", "another text\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            var fault = assertThrows(Fault.class, () -> drop.content(1));
            assertTrue(fault.getMessage().contains("1.a"), fault.getMessage());
        }
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(Map.of("1.a", 14L), Mail.list(drop));
            assertEquals("another text\n", Mail.read(drop, 1));
        }
    }

    @Test
    void aTouchedFileIsStillTheSame() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        Mail.open(mail.store(), "alice").close();
        mail.put("alice", "new/1.a", "TEXT\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals("TEXT\n", Mail.read(drop, 1));
        }
    }

    @Test
    @Tag("protocol-91")
    void aSizeHintIsBelievedOnlyWhereTheSettingSaysSoAndNeverTwiceIfWrong() throws Exception {
        mail.put("alice", "new/1.a,S=5,W=6", "text\n");
        mail.put("alice", "new/2.b,S=5,W=77", "text\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(List.of(6L, 6L), List.copyOf(Mail.list(drop).values()));
        }
        mail.make("bob");
        mail.put("bob", "new/2.b,S=5,W=77", "text\n");
        try (var drop = Mail.open(mail.store("trust-size-hints", "true"), "bob")) {
            assertEquals(77, drop.listing().octets(1));
            drop.sizeDiffers(1, 6);
            assertEquals(77, drop.listing().octets(1));
        }
        for (var times = 0; times < 2; times++) {
            try (var drop = Mail.open(mail.store("trust-size-hints", "true"), "bob")) {
                assertEquals(6, drop.listing().octets(1));
            }
        }
    }

    /** Nothing is read at the opening that could tell. */
    @Test
    @Tag("protocol-127")
    void aMessageWhoseSizeIsAHintIsSentAsItIs() throws Exception {
        mail.put("alice", "new/1.a,S=16,W=18", "Subject: \u00c3\u00bc\n\nx\n");
        try (var drop = Mail.open(mail.store("trust-size-hints", "true"), "alice")) {
            assertEquals(18, drop.listing().octets(1));
            assertEquals(18, drop.listing().surrogateOctets(1));
        }
    }

    @Test
    void aMissingMaildirIsEmptyOrRefused() throws Exception {
        try (var drop = Mail.open(mail.store(), "nobody")) {
            assertEquals(0, drop.listing().count());
            assertEquals(CommitResult.ok(0, 0), drop.commit(Mail.removal(drop)));
        }
        assertFalse(Files.exists(mail.maildir("nobody")));
        var fault =
                assertThrows(
                        Fault.class, () -> Mail.open(mail.store("missing", "refuse"), "nobody"));
        assertTrue(fault.getMessage().contains("nobody"), fault.getMessage());
    }

    @Test
    void aMissingRootIsAFaultAndNoEmptyMaildrop() throws Exception {
        var store = new Mail(home.resolve("elsewhere")).store();
        var fault = assertThrows(Fault.class, () -> store.locate(new User("alice")));
        assertEquals(Fault.Kind.TEMPORARY, fault.kind());
    }

    @Test
    void anEmptyFileIsAMessageOfNoOctets() throws Exception {
        mail.put("alice", "new/1.a", "");
        try (var drop = Mail.open(mail.store(), "alice")) {
            assertEquals(Map.of("1.a", 0L), Mail.list(drop));
            assertEquals("", Mail.read(drop, 1));
        }
    }

    @Test
    @Tag("protocol-99")
    void aMessageThatIsCutShortWhileItIsReadFails() throws Exception {
        var file = mail.put("alice", "new/1.a", "x".repeat(200_000));
        try (var drop = Mail.open(mail.store(), "alice")) {
            try (var in = drop.content(1)) {
                assertEquals(1000, in.readNBytes(1000).length);
                Files.write(file, "x".repeat(2000).getBytes(StandardCharsets.US_ASCII));
                assertThrows(java.io.IOException.class, in::readAllBytes);
            }
        }
    }

    /** Whether it is sent from a stream or as a part of the file. */
    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n"})
    @Tag("protocol-99")
    void aMessageThatWasCutOffIsCountedByTheNextLogin(String lineEnd) throws Exception {
        var text = "A: b" + lineEnd + lineEnd + ("0123456789" + lineEnd).repeat(20_000);
        var file = mail.put("alice", "cur/1.a:2,S", text);
        mail.put("alice", "cur/2.b:2,S", "text\n");
        mail.settle("alice");
        var store = mail.store();
        Mail.open(store, "alice").close();
        var shorter = "A: b" + lineEnd + lineEnd + "x" + lineEnd;
        try (var drop = Mail.open(store, "alice")) {
            var region = ((WireReady) drop).region(1);
            assertEquals(lineEnd.equals("\r\n"), region.isPresent());
            if (region.isPresent()) {
                Files.writeString(file, shorter);
                assertFalse(region.get().unchanged());
                region.get().close();
            } else {
                try (var in = drop.content(1)) {
                    assertEquals(1000, in.readNBytes(1000).length);
                    Files.writeString(file, shorter);
                    assertThrows(IOException.class, in::readAllBytes);
                }
            }
        }
        for (var again : List.of(store, mail.store())) {
            try (var drop = Mail.open(again, "alice")) {
                assertEquals(11, drop.listing().octets(1));
                assertEquals(shorter, Mail.read(drop, 1));
            }
        }
    }

    @Test
    void marksRetrievedMessagesThatStayAsSeenIfAsked() throws Exception {
        mail.put("alice", "new/1.a", "text\n");
        mail.put("alice", "cur/2.b:2,FT", "text\n");
        mail.put("alice", "cur/3.c:1,x", "text\n");
        mail.put("alice", "new/4.d", "text\n");
        mail.put("alice", "new/5.e", "text\n");
        for (var wanted : List.of(false, true)) {
            try (var drop = Mail.open(mail.store("mark-seen", "" + wanted), "alice")) {
                var remove = wanted ? Mail.refs(drop, 4) : Mail.refs(drop);
                var request =
                        new CommitRequest(
                                UUID.randomUUID(),
                                Mail.token(),
                                remove,
                                Mail.refs(drop, 1, 2, 3),
                                Duration.ofSeconds(60));
                assertEquals(CommitResult.ok(remove.size(), 0), drop.commit(request));
            }
            assertEquals(!wanted, Files.exists(mail.maildir("alice").resolve("new/1.a")));
        }
        for (var name : List.of("cur/1.a:2,S", "cur/2.b:2,FST", "cur/3.c:1,x", "new/5.e")) {
            assertTrue(Files.exists(mail.maildir("alice").resolve(name)), name);
        }
    }

    @Test
    void aListingIsWholeWhileAnotherProgramRenames() throws Exception {
        var count = 300;
        for (var i = 1; i <= count; i++) {
            mail.put("alice", "cur/" + i + ".x:2,", "text\n");
        }
        var folder = mail.maildir("alice").resolve("cur");
        var done = new AtomicBoolean();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var renamer =
                    threads.submit(() -> {
                        for (var round = 0; !done.get(); round++) {
                            for (var i = 1; i <= count; i++) {
                                Files.move(
                                        folder.resolve(i + ".x:2," + (round % 2 == 0 ? "" : "S")),
                                        folder.resolve(i + ".x:2," + (round % 2 == 0 ? "S" : "")));
                            }
                        }
                        return null;
                    });
            try {
                var store = mail.store();
                for (var opening = 0; opening < 30; opening++) {
                    try (var drop = Mail.open(store, "alice")) {
                        assertEquals(count, drop.listing().count(), "opening " + opening);
                        assertEquals("text\n", Mail.read(drop, 1 + opening));
                    }
                }
                try (var drop = Mail.open(store, "alice")) {
                    // The files are one message each, whatever they are called by now.
                    assertEquals(CommitResult.ok(1, 0), drop.commit(Mail.removal(drop, count)));
                }
            } finally {
                done.set(true);
            }
            assertThrows(ExecutionException.class, () -> renamer.get(60, TimeUnit.SECONDS));
        }
        assertEquals(count - 1, Mail.ids(mail.store(), "alice").size());
    }

    @Test
    void fiveThousandMessagesAreListedAndRemovedExactly() throws Exception {
        var expected = new LinkedHashMap<String, Long>();
        for (var i = 0; i < 5000; i++) {
            var unique = 1_700_000_000 + i + ".M" + i + "P7.host";
            var body = "x".repeat(i % 97);
            mail.put("alice", i % 3 == 0 ? "new/" + unique : "cur/" + unique + ":2,S", body + "\n");
            expected.put(unique, body.length() + 2L);
        }
        for (var times = 0; times < 2; times++) {
            try (var drop = Mail.open(mail.store(), "alice")) {
                assertEquals(List.copyOf(expected.keySet()), Mail.ids(drop));
                assertEquals(expected, Mail.list(drop));
            }
        }
        try (var drop = Mail.open(mail.store(), "alice")) {
            var every = IntStream.rangeClosed(1, 2500).map(number -> 2 * number).toArray();
            assertEquals(CommitResult.ok(2500, 0), drop.commit(Mail.removal(drop, every)));
        }
        var odd = List.copyOf(expected.keySet());
        assertEquals(
                IntStream.range(0, 2500).mapToObj(at -> odd.get(2 * at)).toList(),
                Mail.ids(mail.store(), "alice"));
    }

    @Test
    void aLockLostInTheMiddleOfACommitStopsIt() throws Exception {
        for (var i = 1; i <= 300; i++) {
            mail.put("alice", "new/" + i + ".x", "text\n");
        }
        var disk = new FaultyFileSystem(home.getFileSystem());
        var view = new Mail(disk.view(home));
        var store = view.store();
        var removals = new AtomicInteger();
        try (var drop = Mail.open(store, "alice")) {
            var request = Mail.removal(drop, IntStream.rangeClosed(1, 300).toArray());
            disk.faults((operation, _) -> {
                if (operation == Operation.REMOVE && removals.incrementAndGet() == 100) {
                    try {
                        Mail.open(mail.store(), "alice").close();
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                }
                return Outcome.WORKS;
            });
            var result = drop.commit(request);
            assertEquals(CommitResult.Status.PARTIAL, result.status());
            assertEquals(128, result.removed());
            assertEquals(172, result.failed());
        }
        disk.mend();
        assertEquals(172, Mail.ids(mail.store(), "alice").size());
    }

    @Test
    void aMessageThatWasCountedAndNeedsNothingHasARegion() throws Exception {
        mail.put("alice", "cur/1.ready:2,S", "A: b\r\n\r\ntext\r\n");
        mail.put("alice", "cur/2.lf:2,S", "A: b\n\ntext\n");
        mail.put("alice", "cur/3.hinted,W=11:2,S", "A: b\r\n\r\nx\r\n");
        try (var drop = Mail.open(mail.store("trust-size-hints", "true"), "alice")) {
            var able = (WireReady) drop;
            try (var region = able.region(1).orElseThrow()) {
                assertTrue(region.unchanged());
            }
            assertTrue(able.region(2).isEmpty(), "with line feeds");
            assertTrue(able.region(3).isEmpty(), "never looked at");
        }
    }

    @Test
    void aLargeMessageThatTurnedOutReadyIsRemembered() throws Exception {
        var text = "A: b\r\n\r\n" + "x".repeat(99_990) + "\r\n";
        mail.put("alice", "cur/1.large,W=" + text.length() + ":2,S", text);
        var store = mail.store("trust-size-hints", "true");
        try (var drop = Mail.open(store, "alice")) {
            assertTrue(((WireReady) drop).region(1).isEmpty(), "not known yet");
            Mail.read(drop, 1);
            ((WireReady) drop).sentAsStored(1);
        }
        try (var drop = Mail.open(store, "alice")) {
            ((WireReady) drop).region(1).orElseThrow().close();
        }
    }

    @Test
    void aMessageThatChangesHasNoRegionOrSaysSo() throws Exception {
        var file = mail.put("alice", "cur/1.ready:2,S", "A: b\r\n\r\ntext\r\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            var able = (WireReady) drop;
            try (var region = able.region(1).orElseThrow()) {
                Files.writeString(file, "A: b\r\n\r\n.\r\n.\r\n");
                Files.setLastModifiedTime(file, FileTime.fromMillis(1));
                assertFalse(region.unchanged(), "other octets, the same size");
            }
            assertTrue(able.region(1).isEmpty(), "another file of the same size");
            Files.writeString(file, "A: b\r\n");
            assertTrue(able.region(1).isEmpty(), "shorter");
        }
    }

    @Test
    void aMessageThatIsRenamedOrRemovedMeanwhileHasNotChanged() throws Exception {
        var file = mail.put("alice", "cur/1.ready:2,S", "A: b\r\n\r\ntext\r\n");
        try (var drop = Mail.open(mail.store(), "alice")) {
            try (var region = ((WireReady) drop).region(1).orElseThrow()) {
                var seen = Files.move(file, file.resolveSibling("1.ready:2,RS"));
                assertTrue(region.unchanged(), "renamed");
                Files.delete(seen);
                assertTrue(region.unchanged(), "removed");
            }
        }
    }
}
