package io.postern.session;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.call.PluginCalls;
import io.postern.engine.Terms;
import io.postern.kept.KeptDeletions;
import io.postern.spi.User;
import io.postern.spi.auth.UserDirectory;
import io.postern.store.memory.MemoryStore;
import io.postern.testkit.Gate;
import io.postern.testkit.HostileDirectory;
import io.postern.testkit.HostileStore;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Plugins that break the rules of their interfaces, under a client that does everything: no size,
 * listing or removal is told that is not true, nothing unmarked goes, and the lock is free after.
 */
class HostilePluginTest {
    private static final User ALICE = new User("alice");
    private static final String ONE = "Subject: one\r\n\r\nfirst\r\n";
    private static final String TWO = "Subject: two\r\n\r\n" + "second\r\n".repeat(100);
    private static final String COMMANDS =
            Scene.lines(
                    "USER alice",
                    "PASS " + Scene.SECRET,
                    "STAT",
                    "RETR 1",
                    "RETR 2",
                    "DELE 2",
                    "QUIT");
    private final TestLocks locks = new TestLocks(new ArrayList<>());
    private Optional<KeptDeletions> kept = Optional.empty();

    private FakeConnection greeted(UserDirectory directory, HostileStore store)
            throws InterruptedException {
        var realm =
                new Realm(
                        "all",
                        Set.of(),
                        List.of(directory),
                        store,
                        false,
                        Set.of(),
                        Set.of(),
                        Terms.NONE,
                        kept);
        var realms = new Realms(List.of(realm), Optional.of(realm));
        var sessions =
                new Sessions(
                        new SessionSettings("node", "mail.example.org"),
                        new Ways(
                                new Mechanisms(List.of(new Scene.Passwords()), realms),
                                realms,
                                Optional.empty()),
                        locks,
                        new Counters(),
                        LoginGuard.open(),
                        new PluginCalls(Duration.ofSeconds(30)),
                        () -> 0);
        var connection = new FakeConnection(new ArrayList<>());
        connection.tells(sessions.begin(connection));
        connection.session().opened();
        assertTrue(connection.line().startsWith("+OK"));
        return connection;
    }

    @ParameterizedTest
    @EnumSource
    @Tag("protocol-31")
    @Tag("protocol-99")
    @Tag("protocol-108")
    void noLieOfAStoreReachesAClient(HostileStore.Lie lie) throws Exception {
        var mail = new MemoryStore();
        mail.deliver(ALICE, ONE.getBytes(StandardCharsets.US_ASCII));
        mail.deliver(ALICE, TWO.getBytes(StandardCharsets.US_ASCII));
        var store = new HostileStore(mail, lie);
        var users = new MemoryUsers(Map.of("alice", Scene.SECRET));
        var client = greeted(users, store);
        client.says(COMMANDS);
        var said = saidUntilOver(client, lie.name(), store.gate());

        // A store that is left behind lets go when it has come to its end.
        await("the lock is free").until(locks::free);
        var left =
                mail.stored(ALICE).stream()
                        .map(octets -> new String(octets, StandardCharsets.US_ASCII))
                        .toList();
        assertTrue(left.contains(ONE), "an unmarked message is gone");
        if (said.contains("+OK marked") && said.endsWith("+OK bye\r\n")) {
            assertEquals(List.of(ONE), left, "removal was confirmed");
        }
        var answers = said.lines().toList();
        switch (lie) {
            case LOCATE_GIVES_NULL,
                    LOCATE_THROWS_UNCHECKED,
                    OPEN_GIVES_NULL,
                    OPEN_THROWS_UNCHECKED,
                    OPEN_THROWS_ERROR,
                    LISTING_IS_NULL,
                    LISTING_THROWS_UNCHECKED,
                    COUNT_IS_NEGATIVE,
                    LISTING_ENDS_EARLY,
                    SIZE_IS_NEGATIVE,
                    SIZES_OVERFLOW,
                    UNIQUE_ID_IS_NULL,
                    UNIQUE_ID_IS_EMPTY,
                    UNIQUE_ID_HAS_71_CHARACTERS,
                    UNIQUE_ID_HAS_A_SPACE,
                    UNIQUE_ID_HAS_A_LINE_END,
                    UNIQUE_ID_IS_NOT_ASCII,
                    UNIQUE_ID_IS_THERE_TWICE ->
                    assertTrue(answers.get(1).startsWith("-ERR [SYS/TEMP]"), said);
            case CONTENT_IS_NULL, CONTENT_THROWS_UNCHECKED -> {
                assertTrue(said.contains("\r\n.\r\n-ERR [SYS/TEMP]"), said);
                assertTrue(said.endsWith("+OK bye\r\n"), said);
            }
            case SIZE_IS_TOO_SMALL,
                    SIZE_IS_TOO_LARGE,
                    SIZE_DIFFERS_THROWS_UNCHECKED,
                    STREAM_ENDS_EARLY,
                    STREAM_FAILS_HALFWAY,
                    STREAM_THROWS_UNCHECKED_HALFWAY,
                    STREAM_GIVES_NOTHING_FOR_EVER,
                    STREAM_NEVER_ENDS,
                    STREAM_SAYS_IT_READ_MORE_THAN_THERE_IS_ROOM -> {
                // The second message begins at most, and has no final dot: only the first has.
                assertEquals(said.indexOf("\r\n.\r\n"), said.lastIndexOf("\r\n.\r\n"), said);
                assertTrue(client.aborted(), "the connection was not cut off");
                assertEquals(List.of(ONE, TWO), left, "a message is gone that was not read whole");
            }
            case RESULT_IS_NULL,
                    RESULT_IS_OK_AND_COUNTS_NOTHING,
                    RESULT_IS_PARTIAL_AND_NOTHING_FAILED,
                    COMMIT_THROWS_UNCHECKED,
                    COMMIT_THROWS_ERROR ->
                    assertTrue(answers.getLast().startsWith("-ERR [SYS/TEMP]"), said);
            case CLOSE_THROWS_UNCHECKED -> assertTrue(said.endsWith("+OK bye\r\n"), said);
            case OPEN_NEVER_RETURNS, CONTENT_NEVER_RETURNS, STREAM_NEVER_RETURNS ->
                    assertEquals(List.of(ONE, TWO), left, "a drop removed a message");
            case COMMIT_NEVER_RETURNS -> assertFalse(said.endsWith("+OK bye\r\n"), said);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whateverAStoreDoesWhatIsGoneIsKept(HostileStore.Lie lie, @TempDir Path folder)
            throws Exception {
        var mail = new MemoryStore();
        mail.deliver(ALICE, ONE.getBytes(StandardCharsets.US_ASCII));
        mail.deliver(ALICE, TWO.getBytes(StandardCharsets.US_ASCII));
        var store = new HostileStore(mail, lie);
        kept = Optional.of(new KeptDeletions(folder, Duration.ofDays(1), InstantSource.system()));
        var client = greeted(new MemoryUsers(Map.of("alice", Scene.SECRET)), store);
        client.says(Scene.lines("USER alice", "PASS " + Scene.SECRET, "DELE 2", "QUIT"));
        var _ = saidUntilOver(client, lie.name(), store.gate());

        // A store that is left behind lets go when it has come to its end.
        await("the lock is free").until(locks::free);
        var there = new ArrayList<String>();
        mail.stored(ALICE).forEach(it -> there.add(new String(it, StandardCharsets.US_ASCII)));
        assertTrue(there.contains(ONE), "an unmarked message is gone");
        for (var message : kept.get().of("alice")) {
            try (var in = message.content()) {
                there.add(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
            }
        }
        assertTrue(there.contains(TWO), "a message is neither there nor kept");
    }

    @ParameterizedTest
    @EnumSource
    @Tag("protocol-48")
    void noFaultOfADirectoryLooksLikeAWrongPassword(HostileDirectory.Lie lie) throws Exception {
        var directory = new HostileDirectory(lie);
        var store = new HostileStore(new MemoryStore(), HostileStore.Lie.OPEN_GIVES_NULL);
        var client = greeted(directory, store);
        client.says(Scene.lines("USER alice", "PASS " + Scene.SECRET, "QUIT"));
        var said = saidUntilOver(client, lie.name(), directory.gate());

        assertEquals(0, locks.acquired(), "a lock was asked for");
        var answers = said.lines().toList();
        switch (lie) {
            case GIVES_NULL, THROWS_UNCHECKED, THROWS_ERROR, TEMPORARY_FAULT ->
                    assertTrue(answers.get(1).startsWith("-ERR [SYS/TEMP]"), said);
            case PERMANENT_FAULT -> assertTrue(answers.get(1).startsWith("-ERR [SYS/PERM]"), said);
            case NEVER_RETURNS -> assertEquals(1, answers.size(), said);
        }
    }

    /** A call that never returns is left by the client, and then does return. */
    private static String saidUntilOver(FakeConnection client, String lie, Gate gate)
            throws InterruptedException {
        if (lie.contains("NEVER_RETURN")) {
            gate.awaitReached(Duration.ofSeconds(20));
            client.drops();
            gate.open();
        }
        var said = client.rest();
        Scene.over(client);
        return said;
    }
}
