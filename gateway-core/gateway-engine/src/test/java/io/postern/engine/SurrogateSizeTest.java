package io.postern.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.List;

class SurrogateSizeTest {
    private static final Offer OFFER = new Offer("", true, List.of(), false, Terms.NONE, true);

    @Test
    @Tag("protocol-127")
    void everyMessageThatIsListedCanBeRetrieved() throws ListingViolation {
        var engine = loggedIn(false);
        assertEquals("+OK 3 60\r\n", answer(engine, "STAT"));
        assertEquals(
                "+OK 3 messages, 60 octets\r\n1 10\r\n2 30\r\n3 20\r\n.\r\n",
                answer(engine, "LIST"));
        var sizes = List.of(10L, 30L, 20L);
        for (var number = 1; number <= sizes.size(); number++) {
            var size = sizes.get(number - 1);
            assertEquals("+OK " + number + " " + size + "\r\n", answer(engine, "LIST " + number));
            for (var command : List.of("RETR " + number, "TOP " + number + " 0")) {
                var retrieve = (Effect.Retrieve) line(engine, command).getFirst();
                assertEquals(size, retrieve.octets(), command);
                engine.on(new Event.Retrieved());
            }
        }
    }

    @Test
    @Tag("protocol-92")
    void afterUtf8AllIsAsItIs() throws ListingViolation {
        var engine = loggedIn(true);
        assertEquals("+OK 3 50\r\n", answer(engine, "STAT"));
        assertEquals("+OK 2 20\r\n", answer(engine, "LIST 2"));
        var retrieve = (Effect.Retrieve) line(engine, "RETR 3").getFirst();
        assertEquals(20, retrieve.octets());
        assertFalse(retrieve.surrogate());
    }

    @Test
    @Tag("protocol-92")
    void whatIsToBeSentIsWhatWasListed() throws ListingViolation {
        var engine = loggedIn(false);
        var first = (Effect.Retrieve) line(engine, "RETR 1").getFirst();
        assertFalse(first.surrogate());
        engine.on(new Event.Retrieved());
        var second = (Effect.Retrieve) line(engine, "TOP 2 5").getFirst();
        assertTrue(second.surrogate());
        assertEquals(30, second.octets());
    }

    @Test
    void aSurrogateIsNotSmallerThanItsMessage() {
        for (var wrong : new long[] {9, 0, -1}) {
            assertThrows(
                    ListingViolation.class,
                    () -> MessageTable.freeze(1, number -> 10, number -> wrong, number -> "id"));
        }
    }

    private static Pop3Engine loggedIn(boolean utf8) throws ListingViolation {
        var engine = new Pop3Engine(OFFER);
        engine.on(new Event.Connected());
        if (utf8) {
            line(engine, "UTF8");
        }
        line(engine, "USER alice");
        line(engine, "PASS x");
        var octets = new long[] {10, 20, 20};
        var surrogates = new long[] {10, 30, 20};
        engine.on(
                new Event.Opened(
                        MessageTable.freeze(
                                3,
                                number -> octets[number - 1],
                                number -> surrogates[number - 1],
                                number -> "id" + number)));
        return engine;
    }

    private static List<Effect> line(Pop3Engine engine, String line) {
        return engine.on(new Event.Line(line.getBytes(StandardCharsets.US_ASCII)));
    }

    private static String answer(Pop3Engine engine, String line) {
        return FakeSession.text(((Effect.Send) line(engine, line).getFirst()).reply());
    }
}
