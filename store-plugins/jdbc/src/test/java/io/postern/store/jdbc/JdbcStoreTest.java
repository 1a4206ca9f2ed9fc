package io.postern.store.jdbc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MessageRef;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

class JdbcStoreTest {
    private static final User ALICE = new User("alice");

    @TempDir private Path scratch;

    @Test
    void withoutAnySettingMailIsInAFileThatOutlivesTheServer() throws Exception {
        var body = octets(700_000);
        String uniqueId;
        try (var store = started(Map.of())) {
            uniqueId = store.deliver(ALICE, new ByteArrayInputStream(body), Optional.empty());
        }
        try (var store = started(Map.of());
                var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
            assertEquals(uniqueId, drop.listing().uniqueId(1));
            assertArrayEquals(body, read(drop));
        }
    }

    /** As all mail is that was there before the column. */
    @Test
    @Tag("protocol-92")
    @Tag("protocol-127")
    void aMessageWithoutTheSizeOfItsSurrogateHasNone() throws Exception {
        var mail = "Subject: \u00fc\n\nx\n".getBytes(StandardCharsets.UTF_8);
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            store.begin(database.over(database.source()));
            store.deliver(ALICE, new ByteArrayInputStream(mail), Optional.empty());
            var id = store.locate(ALICE);
            try (var drop = store.open(id, new FencingToken(1, 1))) {
                assertEquals(18, drop.listing().octets(1));
                assertEquals(32, drop.listing().surrogateOctets(1));
            }
            var _ =
                    database.over(database.source())
                            .transaction(connection -> {
                                try (var update =
                                        connection.prepareStatement(
                                                "UPDATE message SET surrogate_octets = NULL")) {
                                    return update.executeUpdate();
                                }
                            });
            try (var drop = store.open(id, new FencingToken(1, 2))) {
                assertEquals(18, drop.listing().octets(1));
                assertEquals(18, drop.listing().surrogateOctets(1));
            }
        }
    }

    /** Version 3 had -1 for a message whose header has an internationalised field of 64 KiB. */
    @Test
    @Tag("protocol-92")
    void aMessageThatHadNoSurrogateGetsOneWhenTheTablesAreUpdated() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            var tables = database.over(database.source());
            store.begin(tables);
            for (var mail :
                    List.of("Subject: " + "\u00fc".repeat(40_000) + "\n\nx\n", "X: x\n\nx\n")) {
                store.deliver(
                        ALICE,
                        new ByteArrayInputStream(mail.getBytes(StandardCharsets.UTF_8)),
                        Optional.empty());
            }
            var id = store.locate(ALICE);
            long right;
            try (var drop = store.open(id, new FencingToken(1, 1))) {
                right = drop.listing().surrogateOctets(1);
                assertTrue(right > drop.listing().octets(1));
            }
            var _ =
                    tables.transaction(connection -> {
                        try (var statement = connection.createStatement()) {
                            statement.execute(
                                    "UPDATE message SET surrogate_octets = -1"
                                            + " WHERE surrogate_octets IS NOT NULL");
                            return statement.executeUpdate(
                                    "DELETE FROM \"postern_schema\" WHERE \"version\" = '4'");
                        }
                    });
            tables.migrate();
            try (var drop = store.open(id, new FencingToken(1, 2))) {
                assertEquals(right, drop.listing().surrogateOctets(1));
                assertEquals(drop.listing().octets(2), drop.listing().surrogateOctets(2));
            }
        }
    }

    /** Version 2 of the tables had the sizes of surrogates whose parts were not rewritten. */
    @Test
    @Tag("protocol-92")
    void sizesOfSurrogatesAreCountedAnewWhenTheTablesAreUpdated() throws Exception {
        var parts =
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Description: \u00fc\n"
                        + "x".repeat(300_000)
                        + "\n--b--\n";
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            var tables = database.over(database.source());
            store.begin(tables);
            for (var mail : List.of("Subject: \u00fc\n" + parts, parts, "Subject: x\n\nx\n")) {
                store.deliver(
                        ALICE,
                        new ByteArrayInputStream(mail.getBytes(StandardCharsets.UTF_8)),
                        Optional.empty());
            }
            var id = store.locate(ALICE);
            long right;
            try (var drop = store.open(id, new FencingToken(1, 1))) {
                right = drop.listing().surrogateOctets(1);
            }
            var _ =
                    tables.transaction(connection -> {
                        try (var statement = connection.createStatement()) {
                            statement.execute(
                                    "UPDATE message SET surrogate_octets = octets + 14"
                                            + " WHERE seq = (SELECT MIN(seq) FROM message)");
                            statement.execute(
                                    "UPDATE message SET surrogate_octets = NULL"
                                            + " WHERE seq > (SELECT MIN(seq) FROM message)");
                            return statement.executeUpdate(
                                    "DELETE FROM \"postern_schema\" WHERE \"version\" >= '3'");
                        }
                    });
            tables.migrate();
            try (var drop = store.open(id, new FencingToken(1, 2))) {
                assertEquals(right, drop.listing().surrogateOctets(1));
                // What had none goes without, as mail from before version 2 does.
                assertEquals(drop.listing().octets(2), drop.listing().surrogateOctets(2));
                assertEquals(drop.listing().octets(3), drop.listing().surrogateOctets(3));
            }
        }
    }

    @Test
    void theFileGetsSmallWhenMuchMailHasGone() throws Exception {
        try (var store = started(Map.of())) {
            store.deliver(ALICE, new ByteArrayInputStream(octets(48 << 20)), Optional.empty());
            var uniqueId = store.deliver(ALICE, text("stays\n"), Optional.empty());
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                assertEquals(uniqueId, drop.listing().uniqueId(2));
                assertEquals(Status.OK, commit(drop, 1).status());
            }
            store.collect(Duration.ZERO);
        }
        var size = Files.size(scratch.resolve("state").resolve("mail.mv.db"));
        assertTrue(size < 4 << 20, size + " octets");
        try (var store = started(Map.of());
                var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
            assertArrayEquals(text("stays\n").readAllBytes(), read(drop));
        }
    }

    @Test
    void theFileStaysAsItIsWhileSomebodyElseUsesIt() throws Exception {
        try (var locks = new JdbcLocks()) {
            locks.start(config(locks.settings(), Map.of()));
            try (var store = started(Map.of())) {
                store.deliver(ALICE, new ByteArrayInputStream(octets(48 << 20)), Optional.empty());
                try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                    assertEquals(Status.OK, commit(drop, 1).status());
                }
                store.collect(Duration.ZERO);
            }
            var size = Files.size(scratch.resolve("state").resolve("mail.mv.db"));
            assertTrue(size > 48 << 20, size + " octets");
        }
        var size = Files.size(scratch.resolve("state").resolve("mail.mv.db"));
        assertTrue(size < 4 << 20, size + " octets");
    }

    @Test
    void locksNeedNoSettingEither() throws Exception {
        try (var locks = new JdbcLocks()) {
            locks.start(config(locks.settings(), Map.of()));
            assertEquals("jdbc", locks.name());
        }
    }

    @Test
    void anInterruptedCallerDoesNotCloseTheFileUnderTheOthers() throws Exception {
        try (var store = started(Map.of())) {
            for (var round = 0; round < 20; round++) {
                Thread.currentThread().interrupt();
                store.deliver(ALICE, new ByteArrayInputStream(octets(10_000)), Optional.empty());
                assertTrue(Thread.interrupted(), "the interrupt is still there");
            }
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                assertEquals(20, drop.listing().count());
            }
        }
    }

    @Test
    void uniqueIdsAreTwentySixRandomCharacters() {
        var ids = new HashSet<String>();
        for (var i = 0; i < 10_000; i++) {
            var id = Ids.random();
            assertTrue(id.matches("[a-z2-7]{26}"), id);
            ids.add(id);
        }
        assertEquals(10_000, ids.size());
    }

    @Test
    void aMessageKeepsTheUniqueIdItHadElsewhereAndComesOnce() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            store.begin(database.over(database.source()));
            var id = Optional.of("000001a95f2e6d3c");
            assertEquals("000001a95f2e6d3c", store.deliver(ALICE, text("one\n"), id));
            assertThrows(Fault.class, () -> store.deliver(ALICE, text("other\n"), id));
            assertEquals("000001a95f2e6d3c", store.deliver(new User("bob"), text("one\n"), id));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> store.deliver(ALICE, text("x"), Optional.of("not one")));
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                assertEquals(1, drop.listing().count());
                assertEquals("000001a95f2e6d3c", drop.listing().uniqueId(1));
                assertEquals(5, drop.listing().octets(1));
            }
        }
    }

    @Test
    void aSourceThatFailsDeliversNothing() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            store.begin(database.over(database.source()));
            var failing =
                    new SequenceInputStream(
                            new ByteArrayInputStream(octets(300_000)), new FailingStream());
            assertThrows(IOException.class, () -> store.deliver(ALICE, failing, Optional.empty()));
            assertEquals(0, database.count("message"));
            assertEquals(0, database.count("blob_chunk"));
        }
    }

    @Test
    void aRemovedBodyIsReadableForADayAndThenCollected() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            store.begin(database.over(database.source()));
            var body = octets(700_000);
            store.deliver(ALICE, new ByteArrayInputStream(body), Optional.empty());
            store.deliver(ALICE, text("stays\n"), Optional.empty());
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1));
                    var in = drop.content(1)) {
                var head = in.readNBytes(1000);
                assertEquals(Status.OK, commit(drop, 1).status());
                store.collect();
                assertEquals(4, database.count("blob_chunk"));
                assertEquals(1, database.count("commit_journal"));
                assertEquals(700_000, head.length + in.readAllBytes().length);
            }
            store.collect(Duration.ZERO);
            assertEquals(1, database.count("blob_chunk"));
            assertEquals(0, database.count("removed_blob"));
            assertEquals(0, database.count("commit_journal"));
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                assertArrayEquals(text("stays\n").readAllBytes(), read(drop));
            }
        }
    }

    @Test
    void aConnectionLostInMidBodyIsAnExceptionAndNoEnd() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            var faulty = new FaultyJdbc(database.source());
            store.begin(database.over(faulty.source()));
            store.deliver(ALICE, new ByteArrayInputStream(octets(700_000)), Optional.empty());
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1));
                    var in = drop.content(1)) {
                assertEquals(1000, in.readNBytes(1000).length);
                faulty.cutOff();
                assertThrows(IOException.class, in::readAllBytes);
            }
        }
    }

    /** A database with deadlocks lets one of two deliveries through, and undoes the other. */
    @Test
    void aDeliveryThatIsUndoneForAnotherOfTheSameUniqueIdIsOneTooMany() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore();
                var other = new JdbcStore()) {
            var faulty = new FaultyJdbc(database.source());
            store.begin(database.over(faulty.source()));
            other.begin(database.over(database.source()));
            store.deliver(ALICE, text("before\n"), Optional.empty());
            faulty.rule(whereItGetsItsPlace(other, "given"));
            var refused =
                    assertThrows(
                            Fault.class,
                            () -> store.deliver(ALICE, text("two\n"), Optional.of("given")));
            assertEquals(Fault.Kind.PERMANENT, refused.kind(), refused.toString());
            assertEquals(2, database.count("message"));

            faulty.rule(whereItGetsItsPlace(other, "another"));
            refused =
                    assertThrows(
                            Fault.class,
                            () -> store.deliver(ALICE, text("three\n"), Optional.of("third")));
            assertEquals(Fault.Kind.TEMPORARY, refused.kind(), refused.toString());
            assertEquals(3, database.count("message"));
        }
    }

    @Test
    void aMailboxThatAnotherHasMadeIsGoodForADeliveryThatWasUndoneForIt() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore();
                var other = new JdbcStore()) {
            var faulty = new FaultyJdbc(database.source());
            store.begin(database.over(faulty.source()));
            other.begin(database.over(database.source()));
            faulty.rule(operation ->
                    operation.startsWith("executeUpdate INSERT INTO mailbox")
                            ? meanwhile(other, ALICE, "first")
                            : null);
            assertEquals("second", store.deliver(ALICE, text("two\n"), Optional.of("second")));
            assertEquals(2, database.count("message"));
            faulty.rule(operation ->
                    operation.startsWith("executeUpdate INSERT INTO mailbox")
                            ? FaultyJdbc.Mode.UNDONE
                            : null);
            var refused =
                    assertThrows(
                            Fault.class,
                            () -> store.deliver(new User("bob"), text("x\n"), Optional.empty()));
            assertEquals(Fault.Kind.TEMPORARY, refused.kind(), refused.toString());
        }
    }

    /** Looked up twice: to see whether the message is there, and within the delivery. */
    private static FaultyJdbc.Rule whereItGetsItsPlace(JdbcStore other, String uniqueId) {
        var looks = new AtomicInteger();
        return operation ->
                operation.startsWith("executeQuery SELECT next_seq") && looks.incrementAndGet() == 2
                        ? meanwhile(other, ALICE, uniqueId)
                        : null;
    }

    private static FaultyJdbc.Mode meanwhile(JdbcStore other, User user, String uniqueId) {
        try {
            other.deliver(user, text("one\n"), Optional.of(uniqueId));
        } catch (Fault | IOException e) {
            throw new AssertionError(e);
        }
        return FaultyJdbc.Mode.UNDONE;
    }

    @Test
    void aDatabaseThatIsGoneAtCommitRemovesNothingAndSaysSoInTime() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            var faulty = new FaultyJdbc(database.source());
            store.begin(database.over(faulty.source()));
            store.deliver(ALICE, text("one\n"), Optional.empty());
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                faulty.cutOff();
                var result = commit(drop, 1);
                assertEquals(Status.PARTIAL, result.status());
                assertEquals(1, result.failed());
                assertEquals(1, database.count("message"));
            }
        }
    }

    @Test
    void anOutcomeThatStaysUnknownIsSaidToBeUnknown() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            var faulty = new FaultyJdbc(database.source());
            store.begin(database.over(faulty.source()));
            store.deliver(ALICE, text("one\n"), Optional.empty());
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                var gone = new AtomicInteger();
                faulty.rule(operation -> {
                    if (operation.startsWith("executeUpdate INSERT INTO commit_journal")) {
                        gone.set(1);
                    }
                    if (gone.get() == 1 && operation.startsWith("commit")) {
                        gone.set(2);
                        return FaultyJdbc.Mode.LOST_AFTER;
                    }
                    return gone.get() == 2 ? FaultyJdbc.Mode.LOST_BEFORE : null;
                });
                var request = request(drop, Duration.ofMillis(500), 1);
                assertEquals(Status.UNKNOWN, drop.commit(request).status());
                faulty.mend();
                assertEquals(CommitResult.ok(1, 0), drop.commit(request));
            }
        }
    }

    @Test
    void thousandsAreRemovedInOneCommit() throws Exception {
        try (var database = TestDatabase.inMemory();
                var store = new JdbcStore()) {
            store.begin(database.over(database.source()));
            for (var i = 0; i < 2300; i++) {
                store.deliver(ALICE, text("message " + i + "\n"), Optional.empty());
            }
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                var marked = new ArrayList<Integer>();
                for (var number = 1; number <= 2300; number++) {
                    if (number % 23 != 0) {
                        marked.add(number);
                    }
                }
                var numbers = marked.stream().mapToInt(Integer::intValue).toArray();
                assertEquals(CommitResult.ok(2200, 0), commit(drop, numbers));
            }
            try (var drop = store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                assertEquals(100, drop.listing().count());
                assertArrayEquals(text("message 22\n").readAllBytes(), read(drop));
            }
        }
    }

    /** What is said of a listing's memory is true. */
    @Test
    @ResourceLock("heap")
    void halfAMillionMessagesTakeLessThan64MiB() throws Exception {
        var before = heap();
        var listing = JdbcListing.read(rows(500_000), 1);
        var grown = heap() - before;
        assertEquals(500_000, listing.count());
        assertEquals(499_999, listing.seq(500_000));
        assertEquals(1_499_999, listing.octets(500_000));
        assertEquals("aaaaaaaaaaaaaaaaaaaa" + (100_000 + 499_999), listing.uniqueId(500_000));
        System.out.println("listing of 500,000 messages: " + (grown >> 20) + " MiB");
        assertTrue(grown < 64 << 20, grown + " octets");
    }

    @Test
    void serversThatStartAtTheSameTimeAgreeOnTheDatabase() throws Exception {
        try (var database = TestDatabase.inMemory();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var go = new CountDownLatch(1);
            var names = new ArrayList<java.util.concurrent.Future<String>>();
            for (var i = 0; i < 8; i++) {
                names.add(
                        threads.submit(() -> {
                            try (var store = new JdbcStore()) {
                                go.await();
                                store.begin(database.over(database.source()));
                                try (var drop =
                                        store.open(store.locate(ALICE), new FencingToken(1, 1))) {
                                    assertEquals(0, drop.listing().count());
                                }
                                return store.locate(ALICE).value();
                            }
                        }));
            }
            go.countDown();
            var different = new HashSet<String>();
            for (var name : names) {
                different.add(name.get());
            }
            assertEquals(1, different.size(), different::toString);
            assertEquals(1, database.count("mailbox"));
        }
    }

    @Test
    void aUrlThatNobodyKnowsIsTheOperatorsToMend() {
        var wrong = refused(Map.of("url", List.of("jdbc:oracle:thin:@x")));
        assertEquals("url", wrong.setting());
        assertFalse(wrong.getMessage().contains("oracle"), "a URL may hold a password");
        assertEquals("pool-size", refused(Map.of("pool-size", List.of("1"))).setting());
    }

    @Test
    void aDatabaseThatIsNotThereIsAFaultAndSaysNoPassword() {
        var store = new JdbcStore();
        var fault =
                assertThrows(
                        Fault.class,
                        () ->
                                store.start(
                                        config(
                                                store.settings(),
                                                Map.of(
                                                        "url",
                                                        List.of("jdbc:postgresql://127.0.0.1:1/x"),
                                                        "user",
                                                        List.of("postern"),
                                                        "password",
                                                        List.of("sesame")))));
        assertFalse(fault.getMessage().contains("sesame"), fault.getMessage());
        store.close();
    }

    @Test
    void aPoolThatIsUsedUpIsSaidToBe() throws Exception {
        var config = config(new JdbcStore().settings(), Map.of("pool-size", List.of("2")));
        try (var database = Database.open(config, Duration.ofSeconds(1));
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var taken = new CountDownLatch(2);
            var enough = new CountDownLatch(1);
            for (var i = 0; i < 2; i++) {
                var _ =
                        threads.submit(() ->
                                database.transaction(connection -> {
                                    taken.countDown();
                                    await(enough);
                                    return null;
                                }));
            }
            taken.await();
            try {
                var failure =
                        assertThrows(SQLException.class, () -> database.transaction(_ -> null));
                assertTrue(failure.getMessage().startsWith("all 2 "), failure.getMessage());
                assertTrue(failure.getMessage().contains("<pool-size>"), failure.getMessage());
                assertFalse(failure.getMessage().contains(";"), failure.getMessage());
            } finally {
                enough.countDown();
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private SettingException refused(Map<String, List<String>> values) {
        var store = new JdbcStore();
        var wrong =
                assertThrows(
                        SettingException.class,
                        () -> store.start(config(store.settings(), values)));
        store.close();
        return wrong;
    }

    private JdbcStore started(Map<String, List<String>> values) throws Exception {
        var store = new JdbcStore();
        store.start(config(store.settings(), values));
        return store;
    }

    private PluginConfig config(
            List<io.postern.spi.Setting> settings, Map<String, List<String>> values) {
        return new PluginConfig(settings, values, scratch, scratch.resolve("state"));
    }

    private static CommitResult commit(Maildrop drop, int... numbers) throws Exception {
        return drop.commit(request(drop, Duration.ofSeconds(60), numbers));
    }

    private static CommitRequest request(Maildrop drop, Duration limit, int... numbers) {
        var refs = new ArrayList<MessageRef>();
        for (var number : numbers) {
            refs.add(new MessageRef(number, drop.listing().uniqueId(number)));
        }
        return new CommitRequest(UUID.randomUUID(), new FencingToken(1, 1), refs, List.of(), limit);
    }

    private static byte[] read(Maildrop drop) throws Exception {
        try (var in = drop.content(1)) {
            return in.readAllBytes();
        }
    }

    private static byte[] octets(int length) {
        var octets = new byte[length];
        new Random(length).nextBytes(octets);
        return octets;
    }

    private static InputStream text(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static long heap() {
        var memory = ManagementFactory.getMemoryMXBean();
        memory.gc();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed();
    }

    private static final class FailingStream extends InputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("the source fails, as the test asks");
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            return read();
        }
    }

    /** A connection whose every query has so many rows of a mailbox. */
    private static Connection rows(int count) {
        var row = new AtomicInteger(-1);
        var result =
                proxy(
                        ResultSet.class,
                        (method, column) ->
                                switch (method) {
                                    case "next" -> row.incrementAndGet() < count;
                                    case "getLong" ->
                                            column == 1 ? row.get() : 1_000_000L + row.get();
                                    case "wasNull" -> true; // no message has a surrogate
                                    case "getString" ->
                                            "aaaaaaaaaaaaaaaaaaaa" + (100_000 + row.get());
                                    default -> null;
                                });
        var statement =
                proxy(
                        PreparedStatement.class,
                        (method, _) -> method.equals("executeQuery") ? result : null);
        return proxy(
                Connection.class,
                (method, _) -> method.equals("prepareStatement") ? statement : null);
    }

    @FunctionalInterface
    private interface Answer {
        Object to(String method, int column) throws SQLException;
    }

    private static <T> T proxy(Class<T> type, Answer answer) {
        return type.cast(
                Proxy.newProxyInstance(
                        JdbcStoreTest.class.getClassLoader(),
                        new Class<?>[] {type},
                        (_, method, arguments) -> {
                            var column =
                                    arguments != null && arguments[0] instanceof Integer number
                                            ? number
                                            : 0;
                            var said = answer.to(method.getName(), column);
                            return said instanceof Integer number
                                            && method.getReturnType() == long.class
                                    ? (Object) number.longValue()
                                    : said;
                        }));
    }
}
