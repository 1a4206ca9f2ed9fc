package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.List;

class EndingTest {
    private static final List<String> SCRIPT =
            List.of(
                    "USER alice\r\n",
                    "PASS " + Scene.SECRET + "\r\n",
                    "STAT\r\n",
                    "RETR 2\r\n",
                    "DELE 1\r\n",
                    "UIDL\r\n",
                    "DELE 2\r\n",
                    "QUIT\r\n");

    private final Scene scene = Scene.usual();

    private void nothingHappened(FakeConnection client) {
        Scene.over(client);
        assertTrue(scene.locks.free());
        assertEquals(scene.locks.acquired(), scene.locks.released());
        assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
        assertFalse(scene.journal.contains("commit"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"drop", "half-close", "drop-at-once", "half-close-at-once"})
    @Tag("protocol-26")
    @Tag("protocol-147")
    void anEndAfterAnyOctetBeforeTheLastRemovesNothing(String how) throws InterruptedException {
        var whole = String.join("", SCRIPT);
        for (var cut = 0; cut < whole.length(); cut++) {
            var client = scene.greeted();
            if (how.endsWith("at-once")) {
                client.says(whole.substring(0, cut));
            } else {
                play(client, cut);
            }
            if (how.startsWith("drop")) {
                client.drops();
            } else {
                client.session().inputClosed();
                client.rest();
            }
            nothingHappened(client);
        }
    }

    @Test
    @Tag("protocol-26")
    void theSameScriptToItsLastOctetRemoves() throws InterruptedException {
        var client = scene.greeted();
        client.says(String.join("", SCRIPT));
        assertTrue(client.rest().endsWith("+OK bye\r\n"));
        Scene.over(client);
        assertEquals(List.of(), scene.store.left("alice"));
    }

    /** Waits for the answer to each command, the last one is cut off. */
    private static void play(FakeConnection client, int octets) throws InterruptedException {
        var left = octets;
        for (var command : SCRIPT) {
            if (left < command.length()) {
                client.says(command.substring(0, left));
                return;
            }
            left -= command.length();
            client.says(command);
            var answer = client.line();
            assertTrue(answer.startsWith("+OK"), answer);
            if (command.startsWith("RETR") || command.startsWith("UIDL")) {
                while (!client.line().equals(".")) {}
            }
        }
    }

    @Test
    @Tag("protocol-22")
    @Tag("protocol-23")
    void autologoutIsSilentAndRemovesNothing() throws InterruptedException {
        var client = scene.loggedIn();
        client.says("DELE 1\r\n");
        client.line();
        scene.pass(Duration.ofMinutes(10).minusNanos(1));
        scene.tick(client);
        assertTrue(client.session().resting());

        scene.pass(Duration.ofNanos(1));
        scene.tick(client);

        assertEquals("", client.rest());
        nothingHappened(client);
    }

    @Test
    @Tag("protocol-22")
    void anyCommandBeginsTheTenMinutesAgainButHalfACommandDoesNot() throws InterruptedException {
        var client = scene.loggedIn();
        scene.pass(Duration.ofMinutes(9));
        client.says("BAD\r\n");
        client.line();
        scene.pass(Duration.ofMinutes(9));
        scene.tick(client);
        assertTrue(client.session().resting());
        client.says("NOO");
        scene.pass(Duration.ofMinutes(1));
        scene.tick(client);

        assertEquals("", client.rest());
        nothingHappened(client);
    }

    @Test
    @Tag("protocol-24")
    void theTimeAMessageTakesIsNoIdleTime() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeContent =
                number -> {
                    gate.pass();
                    return null;
                };
        var client = scene.loggedIn();
        client.says("RETR 1\r\n");
        gate.reached();
        scene.pass(Duration.ofMinutes(30));
        scene.tick(client);
        client.readsNoMore();
        gate.open();
        Scene.until(() -> client.unsentOctets() > 0);
        scene.pass(Duration.ofMinutes(30));
        scene.tick(client);
        client.readsAgain();
        while (!client.line().equals(".")) {}
        Scene.rests(client);
        scene.pass(Duration.ofMinutes(10).minusNanos(1));
        scene.tick(client);
        assertTrue(client.session().resting());
    }

    @Test
    @Tag("protocol-25")
    void whoDoesNotLogInInTimeIsClosedWithoutAWord() throws InterruptedException {
        var client = scene.greeted();
        scene.pass(Duration.ofMinutes(2));
        client.says("USER alice\r\n");
        client.line();
        scene.pass(Duration.ofMinutes(1));
        scene.tick(client);

        assertEquals("", client.rest());
        Scene.over(client);
    }

    @Test
    void aLoginThatHangsIsEndedByTheLoginLimit() throws InterruptedException {
        var gate = new Scene.Gate();
        PasswordDirectory slow =
                (name, password) -> {
                    gate.pass();
                    return new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
                };
        scene.directories = List.of(slow);
        var client = scene.greeted();
        client.says("USER alice\r\nPASS x\r\n");
        gate.reached();
        scene.pass(Duration.ofMinutes(3));
        scene.tick(client);

        client.rest();
        Scene.over(client);
    }

    @Test
    @Tag("protocol-142")
    void shutdownClosesAnIdleSessionWithoutAWord() throws InterruptedException {
        var client = scene.loggedIn();
        client.says("DELE 1\r\n");
        client.line();

        client.session().doom();

        assertEquals("", client.rest());
        nothingHappened(client);
    }

    @Test
    @Tag("protocol-142")
    void shutdownIsTheAnswerToTheNextCommandOfABusySession() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeContent =
                number -> {
                    gate.pass();
                    return null;
                };
        var client = scene.loggedIn();
        client.says("DELE 2\r\nRETR 1\r\nQUIT\r\n");
        gate.reached();
        client.session().doom();
        gate.open();

        assertEquals(
                Scene.lines(
                        "+OK marked",
                        "+OK 23 octets",
                        "Subject: one",
                        "",
                        "first",
                        ".",
                        "-ERR [SYS/TEMP] the server is shutting down"),
                client.rest());
        nothingHappened(client);
    }

    @Test
    @Tag("protocol-142")
    void shutdownLetsAMessageBeFinishedThenCloses() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeContent =
                number -> {
                    gate.pass();
                    return null;
                };
        var client = scene.loggedIn();
        client.says("RETR 1\r\n");
        gate.reached();
        client.session().doom();
        client.session().doom();
        gate.open();

        assertTrue(client.rest().endsWith("first\r\n.\r\n"));
        nothingHappened(client);
    }

    @Test
    void shutdownFinishesARunningUpdate() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeCommit =
                request -> {
                    gate.pass();
                    return null;
                };
        var client = scene.loggedIn();
        client.says("DELE 1\r\nQUIT\r\n");
        gate.reached();
        client.session().doom();
        assertFalse(client.session().ended());
        gate.open();

        assertTrue(client.rest().endsWith("+OK bye\r\n"));
        Scene.over(client);
        assertEquals(List.of("u2"), scene.store.left("alice"));
    }

    @Test
    @Tag("protocol-26")
    void aHalfClosedClientIsAnsweredToTheEndOfWhatItSent() throws InterruptedException {
        var gate = new Scene.Gate();
        scene.store.beforeContent =
                number -> {
                    gate.pass();
                    return null;
                };
        var client = scene.loggedIn();
        client.says("RETR 1\r\nDELE 1\r\nQUIT\r\n");
        gate.reached();
        client.session().inputClosed();
        gate.open();

        assertTrue(client.rest().endsWith("+OK marked\r\n+OK bye\r\n"));
        Scene.over(client);
        assertEquals(List.of("u2"), scene.store.left("alice"));
    }

    @Test
    @Tag("protocol-3")
    void aLineWithoutEndClosesTheConnection() throws InterruptedException {
        var client = scene.loggedIn();
        for (var i = 0; i < 1025 && !client.closed(); i++) {
            client.says("x".repeat(1024));
        }
        assertEquals("", client.rest());
        nothingHappened(client);
    }

    @Test
    void whatCannotBeClosedStillFreesTheLock() throws InterruptedException {
        scene.store.beforeClose =
                () -> {
                    throw new IllegalStateException("bug");
                };
        var client = scene.loggedIn();
        client.drops();
        nothingHappened(client);
    }

    @Test
    void aConnectionThatIsGoneBeforeTheGreetingEndsToo() {
        var client = new FakeConnection(scene.journal);
        var session = scene.sessions().begin(client);
        client.tells(session);
        client.drops();
        session.opened();
        Scene.over(client);
    }

    @Test
    void aShutdownBeforeTheGreetingEndsToo() throws InterruptedException {
        var client = new FakeConnection(scene.journal);
        var session = scene.sessions().begin(client);
        client.tells(session);
        session.tick(scene.clock.get());
        session.doom();
        session.opened();
        assertEquals("", client.rest());
        Scene.over(client);
    }
}
