package io.postern.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Plays a transcript against the engine, with the client's octets in pieces of 1, 2, 3, 7 and all
 * at once. The lines of a {@code *.pop3} file:
 *
 * <pre>
 * # a comment
 * O: what is offered: user, apop, stls, and SASL mechanisms, a "!" behind one that speaks first,
 *    "!?" where it takes an initial response all the same
 * M: a message, \n for a line feed     ("M! " is one that cannot be had)
 * E: turned-away | doomed, a {@link Problem}, and a text
 * F: how many marked messages QUIT could not remove, and the {@link Problem}
 * C: what the client sends, CRLF added; \xHH for an octet; a \ at the end for no CRLF
 * S: what the server says, a regular expression for one line
 * X: the connection is closed
 * </pre>
 *
 * Whenever the client goes on, or the transcript ends, the server has said exactly what stands
 * there.
 */
final class Transcript {
    private static final int[] CHUNKS = {1, 2, 3, 7, Integer.MAX_VALUE};

    private final List<String> lines;
    private final int chunk;
    private final FakeSession session;
    private final List<String> heard = new ArrayList<>();

    private Transcript(List<String> lines, int chunk) {
        this.lines = lines;
        this.chunk = chunk;
        session = new FakeSession(offer(), messages());
        for (var line : lines) {
            if (line.startsWith("M! ")) {
                session.unavailable.set(messages().indexOf(unescape(line.substring(3))) + 1);
            }
        }
    }

    static void play(String name) {
        try (var file = Transcript.class.getResourceAsStream(name + ".pop3")) {
            var text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
            for (var chunk : CHUNKS) {
                new Transcript(text.lines().toList(), chunk).play();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void play() {
        if (lines.stream().noneMatch(line -> line.startsWith("E: turned-away"))) {
            hear(new Event.Connected());
        }
        for (var at = 0; at < lines.size(); at++) {
            var line = lines.get(at);
            var where = "line " + (at + 1) + ", pieces of " + chunk + ": " + line;
            var text = line.length() > 3 ? line.substring(3) : "";
            switch (line.isEmpty() ? "#" : line.substring(0, Math.min(2, line.length()))) {
                case "C:" -> {
                    assertEquals(List.of(), heard, where);
                    var octets = unescape(text);
                    send(octets.endsWith("\\") ? chop(octets) : octets + "\r\n");
                }
                case "S:" -> {
                    assertTrue(!heard.isEmpty(), where + ": the server says nothing");
                    var said = heard.removeFirst();
                    assertTrue(Pattern.matches(text, said), where + ": the server says " + said);
                }
                case "E:" -> {
                    var words = text.split(" ", 3);
                    var problem = Problem.valueOf(words[1]);
                    hear(
                            words[0].equals("doomed")
                                    ? new Event.Doomed(problem, Text.valueOf(words[2]))
                                    : new Event.TurnedAway(problem, words[2]));
                }
                case "F:" -> {
                    var words = text.split(" ", 2);
                    session.outcome =
                            new Event.Committed(
                                    Integer.parseInt(words[0]), Problem.valueOf(words[1]));
                }
                case "X:" -> assertTrue(session.closed, where + ": still open");
                default -> assertTrue(line.isEmpty() || "#OM".indexOf(line.charAt(0)) >= 0, where);
            }
        }
        assertEquals(List.of(), heard, "at the end, pieces of " + chunk);
    }

    private void hear(Event event) {
        session.on(event);
        keep(session.said());
    }

    private void send(String octets) {
        keep(session.send(octets, chunk));
    }

    private void keep(String said) {
        if (!said.isEmpty()) {
            assertTrue(said.endsWith("\r\n"), said);
            heard.addAll(Arrays.asList(chop(chop(said)).split("\r\n", -1)));
        }
    }

    private Offer offer() {
        var words = new ArrayList<String>();
        for (var line : lines) {
            if (line.startsWith("O: ")) {
                words.addAll(List.of(line.substring(3).split(" ")));
            }
        }
        var userPass = words.remove("user");
        var apop = words.remove("apop");
        var startTls = words.remove("stls");
        var utf8 = words.remove("utf8");
        return new Offer(
                apop ? FakeSession.STAMP : "",
                userPass,
                words.stream().map(Transcript::sasl).toList(),
                startTls,
                Terms.NONE,
                utf8);
    }

    private static Offer.Sasl sasl(String word) {
        return new Offer.Sasl(word.replaceAll("[!?]", ""), word.contains("!"), !word.endsWith("!"));
    }

    private List<String> messages() {
        return lines.stream()
                .filter(line -> line.startsWith("M: ") || line.startsWith("M! "))
                .map(line -> unescape(line.substring(3)))
                .toList();
    }

    private static String chop(String text) {
        return text.substring(0, text.length() - 1);
    }

    private static String unescape(String text) {
        var plain = new StringBuilder();
        for (var at = 0; at < text.length(); at++) {
            if (text.startsWith("\\x", at)) {
                plain.append((char) Integer.parseInt(text.substring(at + 2, at + 4), 16));
                at += 3;
            } else if (text.startsWith("\\n", at)) {
                plain.append('\n');
                at++;
            } else {
                plain.append(text.charAt(at));
            }
        }
        return plain.toString();
    }
}
