package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

/**
 * The checker finds what must not be, and lets pass what may. All times are seconds; a lease is
 * six.
 */
class HistoryCheckerIT {
    private static final Duration LEASE = Duration.ofSeconds(6);

    private final History history = new History();

    /** A session that is told step by step. */
    private final class Client {
        final int number = history.newSession();

        Client login(int server, double asked, double locked, String... uniqueIds) {
            history.add(new History.Asked(at(asked), number, server, "anna"));
            history.add(new History.Locked(at(locked), number));
            history.add(new History.Listed(at(locked + 0.1), number, List.of(uniqueIds)));
            return this;
        }

        /** The message is called as its unique-id, with an M before it. */
        Client retrieve(double when, String... uniqueIds) {
            for (var one : uniqueIds) {
                history.add(new History.Retrieved(at(when), number, one, "M" + one));
            }
            return this;
        }

        Client mark(double when, String uniqueId) {
            history.add(new History.Marked(at(when), number, uniqueId));
            return this;
        }

        void quit(double sent, double answered, boolean ok) {
            history.add(new History.Quitting(at(sent), number));
            history.add(new History.Quit(at(answered), number, ok));
        }

        void leave(double when) {
            history.add(new History.Left(at(when), number));
        }
    }

    // What may be

    @Test
    void aSessionThatRemovesWhatItMarkedIsFine() {
        delivered(0, "Ma", "Mb");
        new Client().login(1, 1, 2, "a", "b").retrieve(3, "a").mark(3, "a").quit(4, 5, true);
        end(6, "b");
        assertFine();
        var counts = checker().counts();
        assertEquals(2, counts.sessions());
        assertEquals(1, counts.removed());
    }

    @Test
    void aRefusedQuitMayHaveRemovedAnyOfTheMarked() {
        delivered(0, "Ma", "Mb", "Mc");
        var first = new Client().login(1, 1, 2, "a", "b", "c").retrieve(3, "a", "b");
        first.mark(3, "a").mark(3, "b").quit(4, 5, false);
        end(6, "b", "c");
        assertFine();
    }

    @Test
    void aTakeoverAfterAStopIsFine() {
        delivered(0, "Ma");
        var stopped = new Client().login(1, 1, 2, "a").retrieve(3, "a").mark(3, "a");
        history.add(new History.Stopped(at(4), 1));
        new Client().login(2, 9, 10, "a").quit(11, 12, true);
        history.add(new History.Continued(at(13), 1));
        stopped.quit(14, 15, false);
        end(16, "a");
        var checker = assertFine();
        assertEquals(1, checker.counts().takeovers());
        assertEquals(1, checker.counts().stops());
        assertEquals(0, checker.counts().takeoversWithoutStop());
    }

    @Test
    void aTakeoverAfterAKillIsFine() {
        delivered(0, "Ma");
        new Client().login(1, 1, 2, "a").retrieve(3, "a").mark(3, "a").leave(6);
        history.add(new History.Killed(at(4), 1));
        end(4.5, "a");
        assertFine();
    }

    @Test
    void aStopWithinUpdateMayRemoveAfterTheTakeover() {
        delivered(0, "Ma", "Mb");
        var stopped = new Client().login(1, 1, 2, "a", "b").retrieve(3, "a").mark(3, "a");
        history.add(new History.Stopped(at(4), 1));
        new Client().login(2, 9, 10, "a", "b").quit(11, 12, true);
        history.add(new History.Continued(at(13), 1));
        stopped.quit(3.9, 15, true);
        end(16, "b");
        assertFine();
    }

    @Test
    void aLoginThatHeardItsAnswerLateWasTakenOverBefore() {
        delivered(0, "Ma");
        var late = new Client().login(1, 1, 14, "a");
        history.add(new History.Stopped(at(2), 1));
        var holder = new Client().login(2, 9, 10, "a");
        history.add(new History.Continued(at(13), 1));
        late.quit(15, 16, true);
        holder.quit(17, 18, true);
        end(19, "a");
        assertFine();
    }

    @Test
    void aLeaseThatItsServerSaidItLostMayBeTaken() {
        delivered(0, "Ma");
        var slow = new Client().login(1, 1, 2, "a");
        new Client().login(2, 8, 9, "a").quit(10, 11, true);
        slow.quit(12, 13, true);
        history.add(new History.SaidLost(at(20), 1, "anna"));
        end(14, "a");
        assertEquals(1, assertFine().counts().takeoversWithoutStop());
    }

    @Test
    void mailThatArrivesDuringALoginMayBeListedOrNot() {
        delivered(0, "Ma");
        delivered(1.5, "Mb");
        new Client().login(1, 1, 2, "a").quit(3, 4, true);
        end(5, "a", "b");
        assertFine();
    }

    // What must not be

    @Test
    void twoHoldersAtATime() {
        delivered(0, "Ma");
        var first = new Client().login(1, 1, 2, "a");
        new Client().login(2, 3, 4, "a").quit(5, 6, true);
        first.quit(7, 8, true);
        end(9, "a");
        assertFound("got the maildrop that session 1");
    }

    @Test
    void aTakeoverAfterAStopThatWasTooShort() {
        delivered(0, "Ma");
        var first = new Client().login(1, 1, 2, "a");
        history.add(new History.Stopped(at(3), 1));
        history.add(new History.Continued(at(5), 1));
        new Client().login(2, 9, 10, "a").quit(11, 12, true);
        first.quit(13, 14, true);
        end(15, "a");
        assertFound("got the maildrop that session 1");
    }

    @Test
    void aTakeoverTooSoonAfterAStop() {
        delivered(0, "Ma");
        var first = new Client().login(1, 1, 2, "a");
        history.add(new History.Stopped(at(3), 1));
        new Client().login(2, 4, 5, "a").quit(6, 7, true);
        history.add(new History.Continued(at(20), 1));
        first.quit(21, 22, false);
        end(23, "a");
        assertFound("got the maildrop that session 1");
    }

    @Test
    void aStaleSessionThatHearsOk() {
        delivered(0, "Ma");
        var stopped = new Client().login(1, 1, 2, "a").retrieve(3, "a").mark(3, "a");
        history.add(new History.Stopped(at(4), 1));
        new Client().login(2, 9, 10, "a").quit(11, 12, true);
        history.add(new History.Continued(at(13), 1));
        stopped.quit(14, 15, true);
        end(16);
        assertFound("heard +OK to QUIT after its maildrop had been taken over");
    }

    @Test
    void aStaleSessionThatCommitsAndHearsErr() {
        delivered(0, "Ma");
        var stopped = new Client().login(1, 1, 2, "a").retrieve(3, "a").mark(3, "a");
        history.add(new History.Stopped(at(4), 1));
        new Client().login(2, 9, 10, "a").quit(11, 12, true);
        history.add(new History.Continued(at(13), 1));
        stopped.quit(14, 15, false);
        end(16);
        assertFound("a is not listed");
    }

    /** Its server read the QUIT when it went on, whenever it was sent. */
    @Test
    void aQuitThatWaitedInAStoppedServerAndCommits() {
        delivered(0, "Ma");
        var stopped = new Client().login(1, 1, 2, "a").retrieve(3, "a").mark(3, "a");
        history.add(new History.Stopped(at(4), 1));
        new Client().login(2, 9, 10, "a").quit(11, 12, true);
        history.add(new History.Continued(at(13), 1));
        stopped.quit(5, 15, true);
        end(16);
        assertFound("heard +OK to QUIT after its maildrop had been taken over");
    }

    @Test
    void anUnmarkedMessageThatIsGone() {
        delivered(0, "Ma", "Mb");
        new Client().login(1, 1, 2, "a", "b").retrieve(3, "a", "b").mark(3, "a").quit(4, 5, true);
        end(6);
        assertFound("b is not listed");
    }

    @Test
    void aMarkedMessageThatIsGoneWithoutQuit() {
        delivered(0, "Ma");
        new Client().login(1, 1, 2, "a").retrieve(3, "a").mark(3, "a").leave(4);
        end(6);
        assertFound("a is not listed");
    }

    @Test
    void aMessageThatWasNotListedAtFirst() {
        delivered(0, "Ma", "Mb");
        new Client().login(1, 1, 2, "a").quit(3, 4, true);
        end(6, "a", "b");
        assertFound("b is not listed by session 1");
    }

    @Test
    void anOkWithoutTheRemoval() {
        delivered(0, "Ma");
        new Client().login(1, 1, 2, "a").retrieve(3, "a").mark(3, "a").quit(4, 5, true);
        end(6, "a");
        assertFound("a was gone and is listed by session 2");
    }

    @Test
    void aMessageThatComesBack() {
        delivered(0, "Ma");
        new Client().login(1, 1, 2, "a").retrieve(3, "a").mark(3, "a").quit(4, 5, false);
        new Client().login(1, 6, 7).quit(8, 9, true);
        end(10, "a");
        assertFound("a was gone and is listed by session 3");
    }

    @Test
    void aUniqueIdThatChanges() {
        delivered(0, "Ma");
        var first = new Client().login(1, 1, 2, "b");
        history.add(new History.Retrieved(at(3), first.number, "b", "Ma"));
        first.quit(4, 5, true);
        end(6, "a");
        assertFound("Ma was b, then a");
    }

    @Test
    void aUniqueIdThatIsUsedAgain() {
        delivered(0, "Ma", "Mb");
        var first = new Client().login(1, 1, 2, "a");
        history.add(new History.Retrieved(at(3), first.number, "a", "Mb"));
        first.mark(3, "a").quit(4, 5, true);
        end(6, "a");
        assertFound("a was Mb, then Ma");
    }

    @Test
    void aUniqueIdThatIsListedTwice() {
        delivered(0, "Ma");
        new Client().login(1, 1, 2, "a", "a").quit(3, 4, true);
        end(6, "a");
        assertFound("a unique-id twice");
    }

    @Test
    void aMessageThatNobodyEverSees() {
        delivered(0, "Ma", "Mb");
        end(6, "a");
        assertFound("anna/Mb was delivered and never seen");
    }

    @Test
    void aMessageThatIsDamaged() {
        delivered(0, "Ma");
        var first = new Client().login(1, 1, 2, "a");
        history.add(new History.Retrieved(at(3), first.number, "a", "damaged"));
        first.quit(4, 5, true);
        end(6, "a");
        assertFound("anna/damaged was retrieved and never delivered");
    }

    @Test
    void aHistoryThatDoesNotTellTheEnd() {
        delivered(0, "Ma", "Mb");
        new Client().login(1, 1, 2, "a", "b").retrieve(3, "a").quit(4, 5, true);
        assertFound("does not end with all that is left");
    }

    private void delivered(double when, String... messages) {
        for (var message : messages) {
            history.add(new History.Delivered(at(when), "anna", message));
        }
    }

    /** The last session, which sees all that is left. */
    private void end(double when, String... uniqueIds) {
        new Client()
                .login(2, when, when + 1, uniqueIds)
                .retrieve(when + 1.5, uniqueIds)
                .quit(when + 2, when + 3, true);
    }

    private HistoryChecker checker() {
        return new HistoryChecker(history.events(), LEASE);
    }

    private HistoryChecker assertFine() {
        var checker = checker();
        assertEquals(List.of(), checker.violations());
        return checker;
    }

    private void assertFound(String part) {
        var found = checker().violations();
        assertTrue(found.stream().anyMatch(one -> one.contains(part)), () -> part + ": " + found);
    }

    private static long at(double seconds) {
        return (long) (seconds * 1e9);
    }
}
