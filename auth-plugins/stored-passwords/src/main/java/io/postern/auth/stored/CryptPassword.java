package io.postern.auth.stored;

import io.postern.spi.Secret;

import org.apache.commons.codec.digest.Crypt;
import org.apache.commons.codec.digest.Md5Crypt;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * The hashes that Unix systems keep in their shadow file, as {@code mkpasswd} and {@code openssl
 * passwd} make them: {@code {SHA512-CRYPT}$6$...}, {@code {SHA256-CRYPT}$5$...}, {@code
 * {MD5-CRYPT}$1$...} and Apache's {@code $apr1$...}; each of them as {@code {CRYPT}}, too.
 */
final class CryptPassword implements StoredPassword {
    static final String SHA512 = "SHA512-CRYPT";
    static final String SHA256 = "SHA256-CRYPT";

    /** What the SHA formats mean where they name no rounds. */
    private static final int ROUNDS_UNNAMED = 5_000;

    /** Rounds of a hash made here. */
    private static final int ROUNDS = 100_000;

    /** Characters of a salt made here; six random bits each. */
    private static final int SALT_CHARACTERS = 16;

    private static final String ALPHABET =
            "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private final Kind kind;
    private final int rounds;
    private final int saltLength;
    private final byte[] hash;

    private CryptPassword(Kind kind, int rounds, int saltLength, String hash) {
        this.kind = kind;
        this.rounds = rounds;
        this.saltLength = saltLength;
        this.hash = hash.getBytes(StandardCharsets.US_ASCII);
    }

    private enum Kind {
        MD5("MD5-CRYPT", "$1$", "$1$SALT$ and 22", "\\$1\\$()([!-#%-9;-~]{1,8})\\$", 22),
        APR1("CRYPT", "$apr1$", "$apr1$SALT$ and 22", "\\$apr1\\$()([!-#%-9;-~]{1,8})\\$", 22),
        SHA256(
                CryptPassword.SHA256,
                "$5$",
                "$5$[rounds=N$]SALT$ and 43",
                "\\$5\\$(?:rounds=([0-9]{1,9})\\$)?([!-#%-9;-~]{1,16})\\$",
                43),
        SHA512(
                CryptPassword.SHA512,
                "$6$",
                "$6$[rounds=N$]SALT$ and 86",
                "\\$6\\$(?:rounds=([0-9]{1,9})\\$)?([!-#%-9;-~]{1,16})\\$",
                86);

        private final String scheme;
        private final String prefix;
        private final String shape;
        private final Pattern text;

        Kind(String scheme, String prefix, String shape, String head, int length) {
            this.scheme = scheme;
            this.prefix = prefix;
            this.shape = shape;
            this.text = Pattern.compile(head + "[./0-9A-Za-z]{" + length + "}");
        }

        /**
         * Dovecot's old name {@code MD5} stands for the crypt form, too, and either of its names is
         * found before Apache's form of it.
         */
        boolean is(String named) {
            return named.equals(scheme)
                    || named.equals("CRYPT")
                    || (named.equals("MD5") && this == MD5)
                    || (named.startsWith("MD5") && this == APR1);
        }
    }

    static CryptPassword parse(String scheme, String text) {
        for (var kind : Kind.values()) {
            if (kind.is(scheme) && text.startsWith(kind.prefix)) {
                return parse(kind, text);
            }
        }
        throw new IllegalArgumentException(
                scheme.equals("CRYPT")
                        ? "is no crypt hash that is known here: those that begin with $1$, $5$, $6$,"
                                + " $2, $y$, $gy$, $7$, $sha1$, $md5, $3$ or $apr1$. The old hash of"
                                + " DES looks at eight characters only, and is refused"
                        : "is not what " + scheme + " takes");
    }

    private static CryptPassword parse(Kind kind, String text) {
        var match = kind.text.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException(
                    "is not "
                            + kind.shape
                            + " letters, digits, dots or slashes, with a salt of 1 to "
                            + (kind.prefix.length() == 3 && kind != Kind.MD5 ? 16 : 8)
                            + " characters");
        }
        int rounds = ROUNDS_UNNAMED;
        if (match.group(1) != null && !match.group(1).isEmpty()) {
            rounds = Integer.parseInt(match.group(1));
        }
        if (rounds < MIN_ROUNDS || rounds > MAX_ROUNDS) {
            throw new IllegalArgumentException(
                    "has " + rounds + " rounds, not " + MIN_ROUNDS + " to " + MAX_ROUNDS);
        }
        return new CryptPassword(kind, rounds, match.group(2).length(), text);
    }

    static String make(String scheme, Secret password) {
        var random = new SecureRandom();
        var salt = new StringBuilder(scheme.equals(SHA512) ? "$6$" : "$5$");
        salt.append("rounds=").append(ROUNDS).append('$');
        for (int i = 0; i < SALT_CHARACTERS; i++) {
            salt.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        var octets = password.octets();
        try {
            return "{" + scheme + "}" + Crypt.crypt(octets, salt.toString());
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    @Override
    public boolean matches(Secret password) {
        var octets = password.octets();
        try {
            var salt = new String(hash, StandardCharsets.US_ASCII);
            var made =
                    kind == Kind.APR1
                            ? Md5Crypt.apr1Crypt(octets, salt)
                            : Crypt.crypt(octets, salt);
            return MessageDigest.isEqual(made.getBytes(StandardCharsets.US_ASCII), hash);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    @Override
    public String form() {
        return kind + " " + rounds + " " + saltLength;
    }
}
