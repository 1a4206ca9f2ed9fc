package io.postern.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * What the server says to one command: the only place that makes wire text (RFC 1939 §3, RFC 2449
 * §4). A text that comes from elsewhere does no harm: what is not printable ASCII becomes a
 * question mark, a "[" at its beginning a "(", for a client would take that for a response code
 * (RFC 2449 §6.4), and what does not fit into the line is cut off.
 */
public final class Reply {
    /** Longest first line of a response, octets, CRLF included (RFC 2449 §4). */
    private static final int MAX_FIRST_LINE = 512;

    private final byte[] head;
    private final OctetSource body;
    private final boolean toNoCommand;

    private Reply(byte[] head, OctetSource body) {
        this(head, body, false);
    }

    private Reply(byte[] head, OctetSource body, boolean toNoCommand) {
        this.head = head;
        this.body = body;
        this.toNoCommand = toNoCommand;
    }

    /** A positive answer of one line. */
    public static Reply ok(String text) {
        return new Reply(line("+OK", text, false), null);
    }

    /** A positive answer of one line, in a client's language. */
    static Reply ok(String text, Language language) {
        return new Reply(line("+OK", text, language.utf8()), null);
    }

    /** A positive answer with more to come behind the status line, its final dot included. */
    static Reply ok(String text, Language language, OctetSource body) {
        return new Reply(line("+OK", text, language.utf8()), Objects.requireNonNull(body));
    }

    /** A positive answer with more to come: these lines, which are UTF-8, and the final dot. */
    static Reply ok(String text, Language language, String lines) {
        var body = (lines + ".\r\n").getBytes(StandardCharsets.UTF_8);
        return new Reply(line("+OK", text, language.utf8()), new Octets(body, null));
    }

    /** A positive answer of two numbers, as STAT and LIST with an argument want it. */
    static Reply ok(long one, long other) {
        var line = numbered(one, Decimal.digits(other));
        Decimal.put(line, line.length - 2 - Decimal.digits(other), other);
        return new Reply(line, null);
    }

    /** A positive answer of a message-number and its unique-id, as UIDL wants it. */
    static Reply ok(int number, MessageTable messages) {
        var length = messages.uniqueIdLength(number);
        var line = numbered(number, length);
        messages.putUniqueId(number, line, line.length - 2 - length);
        return new Reply(line, null);
    }

    /** A negative answer. */
    public static Reply err(Problem problem, String text) {
        return new Reply(line(status(problem), text, false), null);
    }

    /** A negative answer, in a client's language. */
    static Reply err(Problem problem, String text, Language language) {
        return new Reply(line(status(problem), text, language.utf8()), null);
    }

    /** The negative answer to what no client sends that knows POP3 and where it stands. */
    static Reply toNoCommand(String text, Language language) {
        return new Reply(line("-ERR", text, language.utf8()), null, true);
    }

    /** Whether it is a {@link #toNoCommand}. */
    boolean isToNoCommand() {
        return toNoCommand;
    }

    /** A SASL challenge, already in base64; of any length (RFC 5034 §4). */
    static Reply challenge(String base64) {
        return new Reply(("+ " + base64 + "\r\n").getBytes(StandardCharsets.US_ASCII), null);
    }

    /**
     * The octets of the whole answer. An answer of one line gives them any number of times; one
     * with more to come once only.
     */
    public OctetSource octets() {
        return new Octets(head, body);
    }

    /** "+OK ", a number, a space, room, CRLF. */
    private static byte[] numbered(long number, int room) {
        var line = new byte[4 + Decimal.digits(number) + 1 + room + 2];
        line[0] = '+';
        line[1] = 'O';
        line[2] = 'K';
        line[3] = ' ';
        line[Decimal.put(line, 4, number)] = ' ';
        line[line.length - 2] = '\r';
        line[line.length - 1] = '\n';
        return line;
    }

    private static String status(Problem problem) {
        return problem.code().isEmpty() ? "-ERR" : "-ERR [" + problem.code() + "]";
    }

    /**
     * @param utf8 whether characters that are not ASCII may stand in the text
     */
    private static byte[] line(String status, String text, boolean utf8) {
        var line = new StringBuilder(status);
        var shown = text.strip();
        if (shown.startsWith("[")) {
            line.append(" (").append(shown, 1, shown.length());
        } else if (!shown.isEmpty()) {
            line.append(' ').append(shown);
        }
        line.setLength(Math.min(line.length(), MAX_FIRST_LINE - 2));
        for (var at = 0; at < line.length(); at++) {
            var c = line.charAt(at);
            if (c < ' ' || c == 0x7F || (c > '~' && (!utf8 || Character.isISOControl(c)))) {
                line.setCharAt(at, '?');
            }
        }
        if (!utf8) {
            return line.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
        }
        var octets = line.toString().getBytes(StandardCharsets.UTF_8);
        var length = Math.min(octets.length, MAX_FIRST_LINE - 2);
        while (length < octets.length && (octets[length] & 0xC0) == 0x80) {
            length--; // not within a character
        }
        var ended = Arrays.copyOf(octets, length + 2);
        ended[length] = '\r';
        ended[length + 1] = '\n';
        return ended;
    }

    /** Some octets, and then those of another source, if there is one. */
    private static final class Octets implements OctetSource {
        private final byte[] first;
        private final OctetSource then;
        private int at;

        Octets(byte[] first, OctetSource then) {
            this.first = first;
            this.then = then;
        }

        @Override
        public boolean fill(ByteBuffer into) {
            var part = Math.min(first.length - at, into.remaining());
            into.put(first, at, part);
            at += part;
            if (at < first.length) {
                return false;
            }
            return then == null || (into.hasRemaining() && then.fill(into));
        }
    }
}
