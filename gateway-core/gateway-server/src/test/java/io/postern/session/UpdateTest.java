package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MessageRef;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.time.Duration;
import java.util.List;

class UpdateTest {
    private static final MaildropId ALICE = new MaildropId("test:alice");

    private final Scene scene = Scene.usual();

    /** What QUIT is answered; the connection is closed behind it. */
    private String quit(FakeConnection client) throws InterruptedException {
        client.says("QUIT\r\n");
        var answer = client.rest();
        assertTrue(answer.endsWith("\r\n") && answer.lines().count() == 1, answer);
        Scene.over(client);
        return answer.strip();
    }

    private FakeConnection markedOne() throws InterruptedException {
        var client = scene.loggedIn();
        client.says("DELE 1\r\n");
        assertTrue(client.line().startsWith("+OK"));
        return client;
    }

    @Test
    @Tag("protocol-21")
    @Tag("protocol-29")
    @Tag("protocol-112")
    @Tag("protocol-113")
    void removesThenClosesThenReleasesThenAnswersThenCloses() throws InterruptedException {
        var client = markedOne();
        scene.journal.clear();

        assertTrue(quit(client).startsWith("+OK"));

        assertEquals(
                List.of("commit", "close maildrop", "release", "write +OK bye", "close"),
                scene.journal);
        assertEquals(List.of("u2"), scene.store.left("alice"));
        assertFalse(client.aborted());
    }

    @Test
    @Tag("protocol-111")
    @Tag("protocol-115")
    void theRequestNamesTheMarkedMessagesAndNoOthers() throws InterruptedException {
        var client = markedOne();
        client.says("RETR 2\r\n");
        for (var line = client.line(); !line.equals("."); line = client.line()) {}

        quit(client);

        var request = scene.store.commits.getFirst();
        assertEquals(List.of(new MessageRef(1, "u1")), request.remove());
        assertEquals(List.of(new MessageRef(2, "u2")), request.seen());
        assertEquals(Duration.ofSeconds(60), request.timeLimit());
        assertEquals(1, request.token().counter());
    }

    @Test
    @Tag("protocol-94")
    void afterRsetNothingIsAskedOfTheStore() throws InterruptedException {
        var client = markedOne();
        client.says("RSET\r\n");
        client.line();

        assertTrue(quit(client).startsWith("+OK"));

        assertFalse(scene.journal.contains("commit"));
        assertTrue(scene.locks.free());
    }

    @Test
    @Tag("protocol-20")
    @Tag("protocol-110")
    void quitBeforeLoginTouchesNothing() throws InterruptedException {
        var client = scene.greeted();
        scene.journal.clear();

        assertTrue(quit(client).startsWith("+OK"));

        assertEquals(List.of("write +OK bye", "close"), scene.journal);
    }

    @Test
    @Tag("protocol-148")
    void theNextSessionSeesTheRemoval() throws InterruptedException {
        quit(markedOne());

        var next = scene.loggedIn();
        next.says("UIDL\r\n");
        next.line();
        assertEquals("1 u2", next.line());
    }

    @Test
    @Tag("protocol-114")
    void aMessageThatHasGoneMeanwhileCountsAsRemoved() throws InterruptedException {
        scene.store.result = it -> CommitResult.ok(0, 1);

        assertTrue(quit(markedOne()).startsWith("+OK"));
    }

    /** Results that are no success. */
    enum Result {
        NULL,
        TOO_FEW,
        TOO_MANY,
        OVERFLOW,
        PARTIAL,
        PARTIAL_WITHOUT_FAILURE,
        FENCED,
        FENCED_BUT_REMOVED,
        UNKNOWN,
        FAULT,
        BUG,
        ERROR,
        INTERRUPTED
    }

    @ParameterizedTest
    @EnumSource(Result.class)
    @Tag("protocol-112")
    @Tag("protocol-113")
    @Tag("protocol-139")
    void anythingButAProvenSuccessIsAnErrorAndReleasesFirst(Result result)
            throws InterruptedException {
        var store = scene.store;
        store.result =
                it ->
                        switch (result) {
                            case NULL -> null;
                            case TOO_FEW -> CommitResult.ok(0, 0);
                            case TOO_MANY -> CommitResult.ok(1, 1);
                            case OVERFLOW -> CommitResult.ok(Integer.MAX_VALUE, Integer.MAX_VALUE);
                            case PARTIAL -> new CommitResult(Status.PARTIAL, 0, 0, 1, "busy");
                            case PARTIAL_WITHOUT_FAILURE ->
                                    new CommitResult(Status.PARTIAL, 1, 0, 0, "");
                            case FENCED -> new CommitResult(Status.FENCED, 0, 0, 1, "token");
                            case FENCED_BUT_REMOVED ->
                                    new CommitResult(Status.FENCED, 1, 0, 0, "token");
                            case UNKNOWN -> new CommitResult(Status.UNKNOWN, 0, 0, 1, "lost");
                            case FAULT, BUG, ERROR, INTERRUPTED -> it;
                        };
        store.beforeCommit =
                request ->
                        switch (result) {
                            case FAULT -> throw Fault.permanent("read-only", null);
                            case BUG -> throw new IllegalStateException("bug");
                            case ERROR -> throw new NoClassDefFoundError("gone");
                            case INTERRUPTED -> throw new InterruptedException("by nobody");
                            default -> null;
                        };
        var client = markedOne();
        scene.journal.clear();

        var answer = quit(client);

        assertEquals("-ERR [SYS/TEMP] 1 marked messages may still be there", answer);
        assertEquals(
                List.of("commit", "close maildrop", "release", "write " + answer, "close"),
                scene.journal);
        assertTrue(scene.store.left("alice").contains("u2"));
        var contradicts =
                switch (result) {
                    case TOO_FEW, TOO_MANY, OVERFLOW, PARTIAL_WITHOUT_FAILURE, FENCED_BUT_REMOVED ->
                            true;
                    default -> false;
                };
        assertEquals(contradicts ? 1 : 0, scene.count(Violation.COMMIT_RESULT));
    }

    @Test
    @Tag("protocol-26")
    void aCommitSurvivesADrop() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeCommit =
                request -> {
                    gate.pass();
                    return null;
                };
        var client = markedOne();
        client.says("QUIT\r\n");
        gate.reached();

        client.drops();
        assertFalse(client.session().ended());
        gate.open();

        Scene.over(client);
        assertEquals(List.of("u2"), scene.store.left("alice"));
        assertTrue(scene.locks.free());
    }

    @Test
    @Tag("protocol-26")
    void aDropRightBehindQuitIsTooLate() throws InterruptedException {
        for (var i = 0; i < 200; i++) {
            var one = Scene.usual();
            var client = one.loggedIn();
            client.says("DELE 1\r\nQUIT\r\n");
            client.drops();
            Scene.over(client);
            assertEquals(List.of("u2"), one.store.left("alice"));
            assertTrue(one.locks.free());
        }
    }

    @Test
    void nothingThatComesAfterQuitIsHeard() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeCommit =
                request -> {
                    gate.pass();
                    return null;
                };
        var client = markedOne();
        client.says("QUIT\r\nRSET\r\nNOOP\r\n");
        gate.reached();
        client.says("RSET\r\nNOOP\r\n");
        gate.open();

        assertEquals("+OK bye\r\n", client.rest());
        Scene.over(client);
        assertEquals(List.of("u2"), scene.store.left("alice"));
    }

    @Test
    @Tag("protocol-139")
    void aCommitThatHangsIsAnsweredInTimeAndKeepsItsLockToItsEnd() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeCommit =
                request -> {
                    gate.pass();
                    return null;
                };
        var client = markedOne();
        client.says("QUIT\r\n");
        gate.reached();
        scene.pass(Duration.ofSeconds(60).minusNanos(1));
        scene.tick(client);
        assertEquals("", client.unread());

        scene.pass(Duration.ofNanos(1));
        scene.tick(client);

        assertTrue(client.rest().startsWith("-ERR [SYS/TEMP]"));
        assertFalse(scene.locks.free());
        assertFalse(client.session().ended());
        assertEquals(1, scene.count(Violation.COMMIT_LATE));

        gate.open();
        Scene.over(client);
        assertTrue(scene.locks.free());
    }

    @Test
    void aLostLockRemovesNothing() throws InterruptedException {
        var client = markedOne();
        scene.locks.revoke(ALICE);

        assertEquals("-ERR [SYS/TEMP] maildrop lock lost", quit(client));

        assertFalse(scene.journal.contains("commit"));
        assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
        assertEquals(1, scene.locks.released());
    }

    @Test
    void aLeaseThatRanOutUnheardOfRemovesNothing() throws InterruptedException {
        var client = markedOne();
        scene.locks.expired = true;

        assertTrue(quit(client).startsWith("-ERR [SYS/TEMP]"));

        assertFalse(scene.journal.contains("commit"));
        assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
    }

    @Test
    void aLockLostAndTakenUpAgainCommits() throws InterruptedException {
        scene.locks.reacquirable = true;
        var client = markedOne();
        scene.locks.revoke(ALICE);

        assertTrue(quit(client).startsWith("+OK"));

        assertEquals(List.of("u2"), scene.store.left("alice"));
        assertTrue(scene.locks.free());
    }

    @Test
    @Tag("protocol-142")
    void aLockLostInTransactionIsTheAnswerToTheNextCommand() throws InterruptedException {
        var client = markedOne();
        scene.locks.revoke(ALICE);
        assertEquals("", client.unread());

        client.says("NOOP\r\nNOOP\r\n");

        assertEquals("-ERR [SYS/TEMP] maildrop lock lost\r\n", client.rest());
        Scene.over(client);
        assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
        assertEquals(1, scene.count(Violation.LOCK_LOST));
    }

    @Test
    void aLockTakenUpAgainMayBeLostAgain() throws InterruptedException {
        scene.locks.reacquirable = true;
        var client = scene.loggedIn();
        scene.locks.revoke(ALICE);
        client.says("NOOP\r\n");
        assertEquals("+OK", client.line());
        scene.locks.reacquirable = false;
        scene.locks.revoke(ALICE);
        client.says("NOOP\r\n");
        assertTrue(client.rest().startsWith("-ERR [SYS/TEMP]"));
        Scene.over(client);
    }

    @Test
    void aMessageThatIsBeingSentMayBeFinishedWithoutTheLock() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeContent =
                number -> {
                    gate.pass();
                    return null;
                };
        var client = scene.loggedIn();
        client.says("RETR 1\r\nNOOP\r\n");
        gate.reached();
        scene.locks.revoke(ALICE);
        gate.open();

        assertEquals(
                Scene.lines(
                        "+OK 23 octets",
                        "Subject: one",
                        "",
                        "first",
                        ".",
                        "-ERR [SYS/TEMP] maildrop lock lost"),
                client.rest());
        Scene.over(client);
    }

    @Test
    @Tag("protocol-26")
    void aClientThatDoesNotReadHasSaidQuitAllTheSame() throws InterruptedException {
        var client = scene.loggedIn();
        client.readsNoMore();
        client.says("DELE 1\r\nQUIT\r\n");
        Scene.until(() -> scene.journal.contains("release"));
        client.drops();
        Scene.over(client);
        assertEquals(List.of("u2"), scene.store.left("alice"));
    }
}
