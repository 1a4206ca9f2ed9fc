package io.postern.engine;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Tells clients apart that speak to POP3 by mistake, or to find out what is there. */
public final class OtherProtocol {
    /** Of a TLS record with a message of a handshake (RFC 8446 §5.1). */
    private static final int TLS_HANDSHAKE = 22;

    /** Methods of RFC 9110 §9, RFC 5789 and RFC 9113 §3.4, with or without a version behind. */
    private static final List<String> METHODS =
            List.of(
                    "GET ",
                    "HEAD ",
                    "POST ",
                    "PUT ",
                    "DELETE ",
                    "CONNECT ",
                    "OPTIONS ",
                    "TRACE ",
                    "PATCH ",
                    "PRI ");

    /** Before the version of any request line, for there are more methods (RFC 9112 §3). */
    private static final String VERSION = " HTTP/";

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
        return METHODS.stream().anyMatch(text::startsWith) || isRequest(text);
    }

    private static boolean isRequest(String line) {
        var method = line.indexOf(' ');
        var version = line.lastIndexOf(VERSION);
        return method > 0
                && method < version
                && line.chars().limit(method).allMatch(c -> c > ' ' && c <= '~')
                && isVersion(line.substring(version + VERSION.length()));
    }

    /** A digit, or two with a full stop between them. */
    private static boolean isVersion(String text) {
        return switch (text.length()) {
            case 1 -> isDigit(text.charAt(0));
            case 3 -> isDigit(text.charAt(0)) && text.charAt(1) == '.' && isDigit(text.charAt(2));
            default -> false;
        };
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
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
