package io.postern.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * What the server says to one command: the only place that makes wire text (RFC 1939 §3, RFC 2449
 * §4).
 */
public final class Reply {
    /** Longest first line of a response, octets, CRLF included (RFC 2449 §4). */
    private static final int MAX_FIRST_LINE = 512;

    private final byte[] head;
    private final OctetSource body;

    private Reply(byte[] head, OctetSource body) {
        this.head = head;
        this.body = body;
    }

    /** A positive answer of one line. */
    public static Reply ok(String text) {
        return new Reply(line("+OK", text), null);
    }

    /** A positive answer with more to come behind the status line, its final dot included. */
    static Reply ok(String text, OctetSource body) {
        return new Reply(line("+OK", text), Objects.requireNonNull(body));
    }

    /** A negative answer. */
    public static Reply err(Problem problem, String text) {
        var code = problem.code().isEmpty() ? "" : "[" + problem.code() + "] ";
        return new Reply(line("-ERR", code + text), null);
    }

    /** A SASL challenge, already in base64; of any length (RFC 5034 §4). */
    static Reply challenge(String base64) {
        return new Reply(("+ " + base64 + "\r\n").getBytes(StandardCharsets.US_ASCII), null);
    }

    /** The octets of the whole answer. May be asked for once only. */
    public OctetSource octets() {
        var rest = ByteBuffer.wrap(head);
        return into -> {
            if (rest.hasRemaining()) {
                var part = rest.slice();
                part.limit(Math.min(part.remaining(), into.remaining()));
                rest.position(rest.position() + part.remaining());
                into.put(part);
                if (rest.hasRemaining()) {
                    return false;
                }
            }
            return body == null || (into.hasRemaining() && body.fill(into));
        };
    }

    private static byte[] line(String status, String text) {
        var line = text.isEmpty() ? status : status + " " + text;
        if (line.length() > MAX_FIRST_LINE - 2) {
            line = line.substring(0, MAX_FIRST_LINE - 2);
        }
        var octets = (line + "\r\n").getBytes(StandardCharsets.US_ASCII);
        for (var at = 0; at < octets.length - 2; at++) {
            if (octets[at] < ' ' || octets[at] == 0x7F) {
                throw new IllegalArgumentException("a control character in a reply");
            }
        }
        return octets;
    }
}
