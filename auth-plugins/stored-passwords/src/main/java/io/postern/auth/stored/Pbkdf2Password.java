package io.postern.auth.stored;

import io.postern.spi.Secret;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * PBKDF2 (RFC 8018 §5.2), the hash as long as the digest, in three spellings: {@code
 * {PBKDF2-SHA512}$iterations$salt$hash} and {@code {PBKDF2-SHA256}...} with salt and hash in
 * base64, which are made here; OpenLDAP's {@code {PBKDF2-SHA512}iterations$salt$hash} with a dot
 * for a plus and no padding; Dovecot's {@code {PBKDF2}$1$salt$iterations$hash} of SHA-1, the salt
 * as it is and the hash in hexadecimal digits.
 */
final class Pbkdf2Password implements StoredPassword {
    static final String SHA512 = "PBKDF2-SHA512";
    static final String SHA256 = "PBKDF2-SHA256";
    private static final String SHA1 = "PBKDF2-SHA1";

    /** Iterations of hashes made here: what OWASP asked for in 2023. */
    private static final int ITERATIONS_SHA512 = 210_000;

    private static final int ITERATIONS_SHA256 = 600_000;

    /** Octets of a salt made here. */
    private static final int SALT_OCTETS = 16;

    /** Octets of a salt that is read. */
    private static final int MIN_SALT = 8;

    private static final int MAX_SALT = 64;

    private static final Pattern TEXT =
            Pattern.compile("\\$?([0-9]{1,9})\\$([A-Za-z0-9+/.]+)={0,2}\\$([A-Za-z0-9+/.]+)={0,2}");

    private static final Pattern DOVECOT =
            Pattern.compile("\\$1\\$([!-#%-9;-~]+)\\$([0-9]{1,9})\\$([0-9a-fA-F]{40})");

    /** Stands for a password that is not there: it takes the time of a new hash. */
    static final Pbkdf2Password NOBODY =
            new Pbkdf2Password(
                    SHA512,
                    ITERATIONS_SHA512,
                    new byte[SALT_OCTETS],
                    new byte[digestOctets(SHA512)]);

    private final String scheme;
    private final int iterations;
    private final byte[] salt;
    private final byte[] hash;

    private Pbkdf2Password(String scheme, int iterations, byte[] salt, byte[] hash) {
        this.scheme = scheme;
        this.iterations = iterations;
        this.salt = salt;
        this.hash = hash;
    }

    static Pbkdf2Password parse(String named, String text) {
        var scheme = named.equals("PBKDF2") ? SHA1 : named;
        var dovecot = DOVECOT.matcher(text);
        if (scheme.equals(SHA1) && dovecot.matches()) {
            return checked(
                    scheme,
                    Integer.parseInt(dovecot.group(2)),
                    dovecot.group(1).getBytes(StandardCharsets.US_ASCII),
                    HexFormat.of().parseHex(dovecot.group(3)));
        }
        var match = TEXT.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException(
                    "is not $ITERATIONS$SALT$HASH with salt and hash in base64");
        }
        return checked(
                scheme,
                Integer.parseInt(match.group(1)),
                octets(match.group(2)),
                octets(match.group(3)));
    }

    private static Pbkdf2Password checked(String scheme, int iterations, byte[] salt, byte[] hash) {
        if (iterations < MIN_ROUNDS || iterations > MAX_ROUNDS) {
            throw new IllegalArgumentException(
                    "has " + iterations + " iterations, not " + MIN_ROUNDS + " to " + MAX_ROUNDS);
        }
        if (salt.length < MIN_SALT || salt.length > MAX_SALT) {
            throw new IllegalArgumentException(
                    "has a salt of "
                            + salt.length
                            + " octets, not "
                            + MIN_SALT
                            + " to "
                            + MAX_SALT);
        }
        if (hash.length != digestOctets(scheme)) {
            throw new IllegalArgumentException(
                    "has a hash of " + hash.length + " octets, not " + digestOctets(scheme));
        }
        return new Pbkdf2Password(scheme, iterations, salt, hash);
    }

    static String make(String scheme, Secret password) {
        if (!isUtf8(password)) {
            throw new IllegalArgumentException("PBKDF2 keeps passwords of UTF-8 only");
        }
        var salt = new byte[SALT_OCTETS];
        new SecureRandom().nextBytes(salt);
        int iterations = scheme.equals(SHA512) ? ITERATIONS_SHA512 : ITERATIONS_SHA256;
        var hash = derive(scheme, iterations, salt, password);
        var base64 = Base64.getEncoder();
        return "{"
                + scheme
                + "}$"
                + iterations
                + "$"
                + base64.encodeToString(salt)
                + "$"
                + base64.encodeToString(hash);
    }

    @Override
    public boolean matches(Secret password) {
        // The JDK takes characters, and what is no UTF-8 would all become the same U+FFFD.
        var made = derive(scheme, iterations, salt, password);
        return MessageDigest.isEqual(made, hash) && isUtf8(password);
    }

    @Override
    public String form() {
        return scheme + " " + iterations + " " + salt.length;
    }

    private static byte[] derive(String scheme, int iterations, byte[] salt, Secret password) {
        var chars = password.chars();
        var key = new PBEKeySpec(chars, salt, iterations, digestOctets(scheme) * Byte.SIZE);
        try {
            var algorithm = "PBKDF2WithHmac" + scheme.substring("PBKDF2-".length());
            return SecretKeyFactory.getInstance(algorithm).generateSecret(key).getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has PBKDF2", e);
        } finally {
            key.clearPassword();
            Arrays.fill(chars, '\0');
        }
    }

    private static int digestOctets(String scheme) {
        return switch (scheme) {
            case SHA512 -> 64;
            case SHA256 -> 32;
            default -> 20;
        };
    }

    private static byte[] octets(String base64) {
        try {
            return Base64.getDecoder().decode(base64.replace('.', '+'));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("has a salt or hash that is no base64", e);
        }
    }

    private static boolean isUtf8(Secret password) {
        var octets = password.octets();
        var chars = CharBuffer.allocate(octets.length);
        try {
            return !StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(octets), chars, true)
                    .isError();
        } finally {
            Arrays.fill(octets, (byte) 0);
            Arrays.fill(chars.array(), '\0');
        }
    }
}
