package io.postern.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** Random clients, the same ones in every run. */
class CommandStormTest {
    private static final List<String> WORDS =
            List.of(
                    "USER",
                    "PASS",
                    "APOP",
                    "QUIT",
                    "STAT",
                    "LIST",
                    "RETR",
                    "DELE",
                    "NOOP",
                    "RSET",
                    "TOP",
                    "UIDL",
                    "AUTH",
                    "CAPA",
                    "STLS",
                    "UTF8",
                    "LANG",
                    "de",
                    "ja-JP",
                    "LAST",
                    "*",
                    "=",
                    "PLAIN",
                    "CRAM-MD5",
                    "FINAL",
                    "alice",
                    "locked",
                    "temp",
                    "0",
                    "1",
                    "2",
                    "3",
                    "4",
                    "99999999999",
                    "-1",
                    "AGFsaWNlACB0YW4gIHN0YWFmIA==",
                    "eHh4",
                    "",
                    " ",
                    FakeSession.PASSWORD,
                    "c4c9334bac560ecc979e58001b3e22fb");
    private static final List<String> LINES =
            List.of(
                    "USER alice",
                    "PASS " + FakeSession.PASSWORD,
                    "USER locked",
                    "APOP alice c4c9334bac560ecc979e58001b3e22fb",
                    "AUTH PLAIN AGFsaWNlACB0YW4gIHN0YWFmIA==",
                    "AUTH CRAM-MD5",
                    "AUTH FINAL",
                    "AUTH",
                    "STLS",
                    "UTF8",
                    "LANG",
                    "LANG ja",
                    "LANG fr");
    private static final Offer WITH_UTF8 =
            new Offer(FakeSession.STAMP, true, FakeSession.FULL.sasl(), true, Terms.NONE, true);

    @ParameterizedTest
    @Tag("protocol-12")
    @Tag("protocol-14")
    @Tag("protocol-142")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void oneStatusLineToEveryLineWhateverItIs(long seed) {
        var random = new Random(seed);
        for (var round = 0; round < 150; round++) {
            var session =
                    FakeSession.greeted(
                            random.nextBoolean() ? FakeSession.FULL : WITH_UTF8,
                            "one\n",
                            "\n\n.\n",
                            "three",
                            "Subject: \u00c3\u00bc");
            session.unavailable.set(3);
            if (random.nextInt(3) == 0) {
                session.outcome = new Event.Committed(1, Problem.SYS_TEMP);
            }
            for (var count = 0; count < 200 && !session.closed; count++) {
                if (random.nextInt(2_000) == 0) {
                    session.on(new Event.Doomed(Problem.SYS_TEMP, Text.SHUTTING_DOWN));
                    assertEquals("", session.said());
                }
                var line = line(random);
                var said = session.command(line);
                var status = said.lines().filter(l -> l.matches("(?s)(\\+OK|-ERR|\\+ ).*")).count();
                assertEquals(1, status, line + " -> " + said);
                assertTrue(said.matches("(?s)(\\+OK|-ERR|\\+ ).*\r\n"), said);
                var multiLine = said.indexOf("\r\n") < said.length() - 2;
                assertTrue(!multiLine || said.endsWith("\r\n.\r\n"), said);
                assertTrue(!multiLine || said.startsWith("+OK"), said);
            }
        }
    }

    private static String line(Random random) {
        return switch (random.nextInt(5)) {
            case 0 -> LINES.get(random.nextInt(LINES.size()));
            case 1 -> {
                var octets = new StringBuilder();
                for (var length = random.nextInt(400); length > 0; length--) {
                    var octet = random.nextInt(256);
                    octets.append((char) (octet == '\n' ? 0 : octet));
                }
                yield octets.toString();
            }
            default -> {
                var words = new ArrayList<String>();
                for (var count = random.nextInt(4); count >= 0; count--) {
                    words.add(WORDS.get(random.nextInt(WORDS.size())));
                }
                yield String.join(" ", words);
            }
        };
    }

    @ParameterizedTest
    @Tag("protocol-34")
    @Tag("protocol-87")
    @Tag("protocol-88")
    @Tag("protocol-89")
    @Tag("protocol-93")
    @Tag("protocol-94")
    @Tag("protocol-106")
    @Tag("protocol-111")
    @ValueSource(longs = {11, 12, 13, 14})
    void marksBehaveLikeASetOfNumbers(long seed) {
        var random = new Random(seed);
        for (var round = 0; round < 60; round++) {
            var count = random.nextInt(140);
            var messages = new ArrayList<String>();
            for (var number = 1; number <= count; number++) {
                messages.add("x".repeat(random.nextInt(30)));
            }
            var session = FakeSession.loggedIn(messages.toArray(String[]::new));
            var there = all(count);
            for (var step = 0; step < 300; step++) {
                var number = random.nextInt(count + 3);
                var here = there.contains(number);
                var none = "-ERR no such message\r\n";
                switch (random.nextInt(8)) {
                    case 0 -> {
                        var total = there.stream().mapToInt(n -> size(messages, n)).sum();
                        assertEquals(
                                "+OK " + there.size() + " " + total + "\r\n",
                                session.command("STAT"));
                    }
                    case 1 ->
                            assertEquals(
                                    here
                                            ? "+OK "
                                                    + number
                                                    + " "
                                                    + size(messages, number)
                                                    + "\r\n"
                                            : none,
                                    session.command("LIST " + number));
                    case 2 ->
                            assertEquals(
                                    here ? "+OK " + number + " uid-" + number + "\r\n" : none,
                                    session.command("UIDL " + number));
                    case 3 -> {
                        var octets = there.stream().mapToLong(n -> size(messages, n)).sum();
                        var lines =
                                new StringBuilder(
                                        "+OK "
                                                + there.size()
                                                + " messages, "
                                                + octets
                                                + " octets\r\n");
                        there.forEach(n -> lines.append(n + " " + size(messages, n) + "\r\n"));
                        assertEquals(lines + ".\r\n", session.command("LIST"));
                    }
                    case 4 -> {
                        var lines = new StringBuilder("+OK " + there.size() + " messages\r\n");
                        there.forEach(n -> lines.append(n + " uid-" + n + "\r\n"));
                        assertEquals(lines + ".\r\n", session.command("UIDL"));
                    }
                    case 5 -> {
                        if (random.nextInt(20) == 0) {
                            session.command("RSET");
                            there = all(count);
                        }
                    }
                    default -> {
                        assertEquals(
                                here ? "+OK marked\r\n" : none, session.command("DELE " + number));
                        there.remove(number);
                    }
                }
            }
            assertEquals("+OK bye\r\n", session.command("QUIT"));
            var commit =
                    session.effects.stream()
                            .filter(Effect.Commit.class::isInstance)
                            .map(Effect.Commit.class::cast)
                            .findFirst()
                            .orElseThrow();
            var left = all(count);
            commit.marked().stream().forEach(left::remove);
            assertEquals(there, left);
            assertEquals(count - there.size(), commit.marked().cardinality());
        }
    }

    private static Set<Integer> all(int count) {
        var numbers = new TreeSet<Integer>();
        for (var number = 1; number <= count; number++) {
            numbers.add(number);
        }
        return numbers;
    }

    /** A line and the CRLF that is added to it; nothing where there is no line. */
    private static int size(List<String> messages, int number) {
        var length = messages.get(number - 1).length();
        return length == 0 ? 0 : length + 2;
    }
}
