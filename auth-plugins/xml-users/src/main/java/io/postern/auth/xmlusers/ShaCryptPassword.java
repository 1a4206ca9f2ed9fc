package io.postern.auth.xmlusers;

import io.postern.spi.Secret;

import org.apache.commons.codec.digest.Crypt;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * {@code {SHA512-CRYPT}$6$...} and {@code {SHA256-CRYPT}$5$...}: the hashes that Unix systems keep
 * in their shadow file, as {@code mkpasswd} and {@code openssl passwd -6} make them.
 */
final class ShaCryptPassword implements StoredPassword {
    static final String SHA512 = "SHA512-CRYPT";
    static final String SHA256 = "SHA256-CRYPT";

    /** What the format means where it names no rounds. */
    private static final int ROUNDS_UNNAMED = 5_000;

    /** Rounds of a hash made here. */
    private static final int ROUNDS = 100_000;

    /** Characters of a salt made here; six random bits each. */
    private static final int SALT_CHARACTERS = 16;

    private static final String ALPHABET =
            "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static final Pattern SHA512_TEXT = text("6", 86);
    private static final Pattern SHA256_TEXT = text("5", 43);

    private final String scheme;
    private final int rounds;
    private final int saltLength;
    private final byte[] hash;

    private ShaCryptPassword(String scheme, int rounds, int saltLength, String hash) {
        this.scheme = scheme;
        this.rounds = rounds;
        this.saltLength = saltLength;
        this.hash = hash.getBytes(StandardCharsets.US_ASCII);
    }

    static ShaCryptPassword parse(String scheme, String text) {
        var match = (scheme.equals(SHA512) ? SHA512_TEXT : SHA256_TEXT).matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException(
                    "is not "
                            + (scheme.equals(SHA512)
                                    ? "$6$[rounds=N$]SALT$ and 86"
                                    : "$5$[rounds=N$]SALT$ and 43")
                            + " characters, which "
                            + scheme
                            + " takes (a salt of 1 to 16 letters, digits, dots or slashes)");
        }
        int rounds = match.group(1) == null ? ROUNDS_UNNAMED : Integer.parseInt(match.group(1));
        if (rounds < MIN_ROUNDS || rounds > MAX_ROUNDS) {
            throw new IllegalArgumentException(
                    "has " + rounds + " rounds, not " + MIN_ROUNDS + " to " + MAX_ROUNDS);
        }
        return new ShaCryptPassword(scheme, rounds, match.group(2).length(), text);
    }

    static String make(String scheme, Secret password) {
        var random = new SecureRandom();
        var salt = new StringBuilder(scheme.equals(SHA512) ? "$6$" : "$5$");
        salt.append("rounds=").append(ROUNDS).append('$');
        for (int i = 0; i < SALT_CHARACTERS; i++) {
            salt.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return crypt(password, salt.toString());
    }

    @Override
    public boolean matches(Secret password) {
        var made = crypt(password, new String(hash, StandardCharsets.US_ASCII));
        return MessageDigest.isEqual(made.getBytes(StandardCharsets.US_ASCII), hash);
    }

    @Override
    public String form() {
        return scheme + " " + rounds + " " + saltLength;
    }

    private static String crypt(Secret password, String salt) {
        var octets = password.octets();
        try {
            return Crypt.crypt(octets, salt);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    private static Pattern text(String id, int length) {
        return Pattern.compile(
                "\\$"
                        + id
                        + "\\$(?:rounds=([0-9]{1,9})\\$)?([./0-9A-Za-z]{1,16})\\$[./0-9A-Za-z]{"
                        + length
                        + "}");
    }
}
