package io.postern.auth.stored;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The three parts of {@code {SCHEME.encoding}text}, as Dovecot writes them.
 *
 * @param scheme in upper case
 * @param encoding {@code hex}, {@code b64} or {@code base64}; empty for the scheme's own
 */
record Encoded(String scheme, String encoding, String text) {
    private static final Pattern HEAD =
            Pattern.compile("\\{([A-Za-z0-9-]+)(?:\\.([A-Za-z0-9]+))?\\}");
    private static final Pattern HEX = Pattern.compile("(?:[0-9A-Fa-f]{2})+");

    /**
     * @param unnamed the scheme of a text that names none; empty where it must name one
     * @throws IllegalArgumentException that does not show the text
     */
    static Encoded of(String text, String unnamed) {
        var head = HEAD.matcher(text);
        if (head.lookingAt()) {
            var encoding = head.group(2) == null ? "" : head.group(2).toLowerCase(Locale.ROOT);
            if (!encoding.isEmpty() && !encoding.matches("hex|b64|base64")) {
                throw new IllegalArgumentException("has an encoding other than hex, b64 or base64");
            }
            return of(head.group(1).toUpperCase(Locale.ROOT), encoding, text.substring(head.end()));
        }
        if (unnamed.isEmpty() || text.startsWith("{")) {
            throw new IllegalArgumentException(
                    "does not begin with a scheme in braces, such as {"
                            + StoredPassword.SCHEMES.getFirst()
                            + "}");
        }
        return of(unnamed, "", text);
    }

    /** Spaces at the end can be part of a password, and of nothing else. */
    private static Encoded of(String scheme, String encoding, String text) {
        return new Encoded(
                scheme,
                encoding,
                encoding.isEmpty() && PlainPassword.NAMES.contains(scheme)
                        ? text
                        : text.stripTrailing());
    }

    /** The octets of a scheme that keeps octets as they are, unless an encoding is named. */
    byte[] plain() {
        return encoding.isEmpty() ? text.getBytes(StandardCharsets.UTF_8) : decode(encoding);
    }

    /** The same of a scheme that keeps a text. */
    Encoded decoded() {
        try {
            var decoded = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(plain()));
            return new Encoded(scheme, "", decoded.toString());
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("is no text once it is decoded", e);
        }
    }

    /**
     * The octets of a scheme that keeps a digest: in base64, unless all of it is hexadecimal.
     *
     * @param least how many octets there are at least
     */
    byte[] digest(int least) {
        if (!encoding.isEmpty()) {
            return decode(encoding);
        }
        return decode(HEX.matcher(text).matches() && text.length() >= 2 * least ? "hex" : "b64");
    }

    private byte[] decode(String how) {
        try {
            return how.equals("hex")
                    ? HexFormat.of().parseHex(text)
                    : Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            // The reason would quote from the text.
            throw new IllegalArgumentException(
                    "is not in " + (how.equals("hex") ? "hexadecimal digits" : "base64"));
        }
    }
}
