package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.distribution.Ledger.Seen;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The checker of {@link KillIT} finds what is wrong, and only that. */
class LedgerIT {
    private static final String ONE = "Subject: 1\r\n\r\n1\r\n";
    private static final String TWO = "Subject: 2\r\n\r\n2\r\n";
    private static final String THREE = "Subject: 3\r\n\r\n3\r\n";

    private final Ledger ledger = new Ledger("anna");

    @BeforeEach
    void threeMessagesThatWereSeen() {
        for (var content : List.of(ONE, TWO, THREE)) {
            ledger.arriving(content);
            ledger.arrived(content);
        }
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE));
        clean();
    }

    @Test
    void theSameAgainIsRight() {
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE));
        look(new Seen("a", ONE.length(), Optional.empty()), seen("b", TWO), seen("c", THREE));
        ledger.onDisk(List.of(ONE, TWO, THREE));
        clean();
    }

    @Test
    void anUnmarkedMessageMustNotGo() {
        look(seen("a", ONE), seen("c", THREE));
        violation("lost: \"Subject: 2\"");
    }

    @Test
    void anUnmarkedMessageMustNotGoFromTheDisk() {
        ledger.onDisk(List.of(ONE, TWO));
        violation("gone from the disk: \"Subject: 3\"");
    }

    @Test
    void whatWasAnsweredMustNotComeBack() {
        ledger.asked(List.of("b"));
        ledger.answered(List.of("b"));
        look(seen("a", ONE), seen("c", THREE));
        ledger.onDisk(List.of(ONE, THREE));
        clean();
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE));
        violation("removed for good, and back");
        ledger.onDisk(List.of(ONE, TWO, THREE));
        violation("on the disk, and removed for good");
    }

    @Test
    void whatWasNotAnsweredMayBeThereOrNot() {
        ledger.asked(List.of("a", "b"));
        ledger.onDisk(List.of(ONE, THREE));
        look(seen("a", ONE), seen("c", THREE));
        clean();
        assertEquals(1, ledger.cameBack());
        assertEquals(1, ledger.wentUnanswered());
        // From then on it is as settled as any other.
        look(seen("c", THREE));
        violation("lost: \"Subject: 1\"");
    }

    @Test
    void whatWasSeenToBeGoneMustNotComeBackEvenIfItWasNotAnswered() {
        ledger.asked(List.of("b"));
        look(seen("a", ONE), seen("c", THREE));
        clean();
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE));
        violation("removed for good, and back");
    }

    @Test
    void whatWasNotAnsweredMustNotBeDamaged() {
        ledger.asked(List.of("b"));
        look(seen("a", ONE), seen("b", TWO.substring(1)), seen("c", THREE));
        violation("a message that nobody delivered so");
    }

    @Test
    void noOctetMayChange() {
        look(seen("a", ONE), seen("b", TWO.replace("\n2", "\n9")), seen("c", THREE));
        violation("a message that nobody delivered so: \"Subject: 2\"");
    }

    @Test
    void noOctetMayChangeOnTheDisk() {
        ledger.onDisk(List.of(ONE, TWO + "\r\n", THREE));
        violation("on the disk, and nobody delivered it so");
    }

    @Test
    void aUniqueIdMustStay() {
        look(seen("a", ONE), seen("b", TWO), seen("d", THREE));
        violation("the unique-id was c and is d");
    }

    @Test
    void aUniqueIdMustNotBeGivenAgain() {
        ledger.asked(List.of("a"));
        ledger.answered(List.of("a"));
        var four = ONE.replace('1', '4');
        ledger.arriving(four);
        look(seen("b", TWO), seen("c", THREE), seen("a", four));
        violation("the unique-id a had another message before");
    }

    @Test
    void aMessageMustNotBeThereTwice() {
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE), seen("d", THREE));
        violation("listed twice");
        ledger.onDisk(List.of(ONE, ONE, TWO, THREE));
        violation("twice on the disk");
    }

    @Test
    void theSizeMustBeExact() {
        look(seen("a", ONE), new Seen("b", TWO.length() + 1, Optional.of(TWO)), seen("c", THREE));
        violation("18 octets are listed and 17 sent");
    }

    @Test
    void aMessageThatIsArrivingMayBeThereOrNotAndMustStayOnceItWasSeen() {
        var four = ONE.replace('1', '4');
        ledger.arriving(four);
        ledger.onDisk(List.of(ONE, TWO, THREE));
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE));
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE), seen("d", four));
        clean();
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE));
        violation("lost: \"Subject: 4\"");
    }

    @Test
    void aMessageThatArrivedAfterTheLoginBeganNeedNotBeListed() {
        var due = ledger.due();
        var four = ONE.replace('1', '4');
        ledger.arriving(four);
        ledger.arrived(four);
        ledger.listed(due, List.of(seen("a", ONE), seen("b", TWO), seen("c", THREE)));
        clean();
        look(seen("a", ONE), seen("b", TWO), seen("c", THREE));
        violation("lost: \"Subject: 4\"");
    }

    private void look(Seen... listing) {
        ledger.listed(ledger.due(), List.of(listing));
    }

    private static Seen seen(String uniqueId, String content) {
        return new Seen(uniqueId, content.length(), Optional.of(content));
    }

    private void clean() {
        assertEquals(List.of(), ledger.violations());
    }

    private void violation(String what) {
        var last = new ArrayList<>(ledger.violations());
        assertTrue(last.stream().anyMatch(line -> line.contains(what)), last::toString);
    }
}
