package io.postern.engine;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Tells clients apart that speak to POP3 by mistake, or to find out what is there. */
public final class OtherProtocol {
    /** Of a TLS record with a message of a handshake (RFC 8446 §5.1). */
    private static final int TLS_HANDSHAKE = 22;

    /** Methods of RFC 9110 §9, RFC 5789 and RFC 9113 §3.4, with or without a version behind. */
    private static final Pattern METHOD =
            Pattern.compile(
                    "(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI) .*",
                    Pattern.DOTALL);

    /** Any method, for there are more (RFC 9112 §3). */
    private static final Pattern REQUEST =
            Pattern.compile("[!-~]+ .* HTTP/[0-9](\\.[0-9])?", Pattern.DOTALL);

    private OtherProtocol() {}

    /**
     * Whether it is the request line of HTTP. No command of POP3 is, whatever a password contains.
     *
     * @param line without its line end
     */
    static boolean isHttp(byte[] line) {
        if (Command.of(line) != Command.UNKNOWN) {
            return false;
        }
        var text = new String(line, StandardCharsets.ISO_8859_1);
        return METHOD.matcher(text).matches() || REQUEST.matcher(text).matches();
    }

    /** Whether an octet, as the first of a connection, begins TLS. No command of POP3 begins so. */
    public static boolean isTls(byte first) {
        return first == TLS_HANDSHAKE;
    }

    /** Whether an event is a line of HTTP. */
    public static boolean isHttp(Event event) {
        return event instanceof Event.Line(var octets) && isHttp(octets);
    }
}
