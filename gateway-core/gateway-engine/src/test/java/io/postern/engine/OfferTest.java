package io.postern.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

class OfferTest {

    @Test
    @Tag("protocol-5")
    void mechanismsThatDoNotFitIntoOneCapabilityLineAreRefusedAtOnce() {
        // "SASL", 24 times a space and 20 characters, CRLF: 510 octets.
        var names = new ArrayList<Offer.Sasl>();
        for (var number = 10; number < 34; number++) {
            names.add(new Offer.Sasl("MECHANISM-NUMBER--" + number, false));
        }
        var session = FakeSession.greeted(new Offer("", false, names, false));
        assertTrue(session.command("CAPA").lines().allMatch(line -> line.length() + 2 <= 512));
        var announced512 = new ArrayList<>(names);
        announced512.add(new Offer.Sasl("X", false));
        assertEquals(25, new Offer("", false, announced512, false).sasl().size());
        var announced513 = new ArrayList<>(names);
        announced513.add(new Offer.Sasl("XY", false));
        assertThrows(
                IllegalArgumentException.class, () -> new Offer("", false, announced513, false));
    }

    @ParameterizedTest
    @Tag("protocol-61")
    @ValueSource(strings = {"", "plain", "PLAIN MORE", "A23456789012345678901", "PL\r\nAIN", "Ä"})
    void aNameThatNoMechanismHasIsRefused(String name) {
        assertThrows(IllegalArgumentException.class, () -> new Offer.Sasl(name, false));
    }

    @Test
    void aMechanismIsOfferedOnce() {
        var twice = List.of(new Offer.Sasl("PLAIN", false), new Offer.Sasl("PLAIN", true));
        assertThrows(IllegalArgumentException.class, () -> new Offer("", false, twice, false));
    }

    @ParameterizedTest
    @Tag("protocol-17")
    @ValueSource(
            strings = {
                "1@host",
                "<1@host",
                "1@host>",
                "<@host>",
                "<1@>",
                "<1host>",
                "<1@ho st>",
                "<1@host>>",
                "<<1@host>",
                "<1@host>\r\n",
                " <1@host>",
                "<"
            })
    void aStampThatIsNoMsgIdIsRefused(String stamp) {
        assertThrows(
                IllegalArgumentException.class, () -> new Offer(stamp, false, List.of(), false));
    }

    @Test
    void aStampThatTheGreetingCannotHoldIsRefused() {
        assertEquals(400, new Offer(stamp(400), true, List.of(), false).stamp().length());
        assertThrows(
                IllegalArgumentException.class,
                () -> new Offer(stamp(401), true, List.of(), false));
    }

    private static String stamp(int length) {
        return "<" + "1".repeat(length - 4) + "@h>";
    }
}
