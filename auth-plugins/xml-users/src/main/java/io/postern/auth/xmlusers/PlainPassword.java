package io.postern.auth.xmlusers;

import io.postern.spi.Secret;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** {@code {PLAIN}}: the password itself, because APOP needs it (RFC 1939 §13). */
final class PlainPassword implements StoredPassword {
    static final String SCHEME = "PLAIN";

    private final byte[] octets;

    private PlainPassword(byte[] octets) {
        this.octets = octets;
    }

    static PlainPassword parse(String text) {
        var octets = text.getBytes(StandardCharsets.UTF_8);
        try (var secret = Secret.of(octets)) {
            if (!StoredPassword.usable(secret)) {
                throw new IllegalArgumentException(
                        "is empty, or longer than " + MAX_OCTETS + " octets");
            }
        }
        return new PlainPassword(octets);
    }

    /** The password, written for an attribute in double quotes. */
    static String make(Secret password) {
        var octets = password.octets();
        var chars = CharBuffer.allocate(octets.length);
        try {
            var decoded =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(octets), chars, true);
            chars.flip();
            if (decoded.isError()
                    || chars.chars().anyMatch(c -> Character.isISOControl(c) || c >= 0xfffe)) {
                throw new IllegalArgumentException(
                        "XML can keep a password only if it is UTF-8 without control characters");
            }
            var text = new StringBuilder();
            chars.chars()
                    .forEach(c -> {
                        switch (c) {
                            case '&' -> text.append("&amp;");
                            case '<' -> text.append("&lt;");
                            case '"' -> text.append("&quot;");
                            default -> text.append((char) c);
                        }
                    });
            return text.toString();
        } finally {
            Arrays.fill(octets, (byte) 0);
            Arrays.fill(chars.array(), '\0');
        }
    }

    /** A copy, which the caller wipes. */
    Secret secret() {
        return Secret.of(octets);
    }

    @Override
    public boolean matches(Secret password) {
        return password.matches(octets);
    }

    @Override
    public String form() {
        return SCHEME;
    }
}
