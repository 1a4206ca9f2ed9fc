package io.postern.auth.stored;

import io.postern.spi.Secret;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;

/** {@code {PLAIN}}: the password itself, because APOP needs it (RFC 1939 §13). */
public final class PlainPassword implements StoredPassword {
    static final String SCHEME = "PLAIN";

    /** All names that it has in other software. */
    static final Set<String> NAMES = Set.of(SCHEME, "CLEAR", "CLEARTEXT");

    /** What could end the text, or be read as something else, in one kind of file or another. */
    private static final String AWKWARD = ":&<>\"'{";

    private final byte[] octets;

    private PlainPassword(byte[] octets) {
        this.octets = octets;
    }

    static PlainPassword parse(byte[] octets) {
        try (var secret = Secret.of(octets)) {
            if (!StoredPassword.usable(secret)) {
                throw new IllegalArgumentException(
                        "is empty, holds a NUL, or is longer than " + MAX_OCTETS + " octets");
            }
        }
        return new PlainPassword(octets);
    }

    /** As it is where every kind of file can hold it so, else in base64. */
    static String make(Secret password) {
        var octets = password.octets();
        var chars = CharBuffer.allocate(octets.length);
        try {
            var decoded =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(octets), chars, true);
            chars.flip();
            return decoded.isError()
                            || chars.isEmpty()
                            || chars.charAt(0) == ' '
                            || chars.charAt(chars.length() - 1) == ' '
                            || chars.chars().anyMatch(PlainPassword::awkward)
                    ? "{" + SCHEME + ".b64}" + Base64.getEncoder().encodeToString(octets)
                    : "{" + SCHEME + "}" + chars;
        } finally {
            Arrays.fill(octets, (byte) 0);
            Arrays.fill(chars.array(), '\0');
        }
    }

    /** A copy, which the caller wipes. */
    public Secret secret() {
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

    private static boolean awkward(int c) {
        return Character.isISOControl(c) || c >= 0xfffe || AWKWARD.indexOf(c) >= 0;
    }
}
