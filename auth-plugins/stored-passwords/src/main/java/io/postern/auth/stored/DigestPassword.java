package io.postern.auth.stored;

import io.postern.spi.Secret;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Map;

/**
 * One round of a digest, over the password and then the salt if there is one: {@code {SSHA}},
 * {@code {SSHA512}}, {@code {SHA}} and their kin of LDAP servers and old files, digest and salt
 * together in base64 or hexadecimal digits. Quick to guess: read here, and never made.
 */
final class DigestPassword implements StoredPassword {
    /** Longest salt, octets. */
    private static final int MAX_SALT = 64;

    private static final Map<String, String> ALGORITHMS =
            Map.ofEntries(
                    Map.entry("MD5", "MD5"),
                    Map.entry("PLAIN-MD5", "MD5"),
                    Map.entry("LDAP-MD5", "MD5"),
                    Map.entry("SMD5", "MD5"),
                    Map.entry("SHA", "SHA-1"),
                    Map.entry("SHA1", "SHA-1"),
                    Map.entry("SSHA", "SHA-1"),
                    Map.entry("SHA256", "SHA-256"),
                    Map.entry("SSHA256", "SHA-256"),
                    Map.entry("SHA384", "SHA-384"),
                    Map.entry("SSHA384", "SHA-384"),
                    Map.entry("SHA512", "SHA-512"),
                    Map.entry("SSHA512", "SHA-512"));

    private final String algorithm;
    private final byte[] digest;
    private final byte[] salt;

    private DigestPassword(String algorithm, byte[] digest, byte[] salt) {
        this.algorithm = algorithm;
        this.digest = digest;
        this.salt = salt;
    }

    static boolean knows(String scheme) {
        return ALGORITHMS.containsKey(scheme);
    }

    /**
     * @param encoded of a scheme that it {@link #knows}
     */
    static DigestPassword parse(Encoded encoded) {
        var scheme = encoded.scheme();
        var algorithm = ALGORITHMS.get(scheme);
        int length = digest(algorithm).getDigestLength();
        var octets = encoded.digest(length);
        var salted = scheme.startsWith("SS") || scheme.startsWith("SM");
        int least = salted ? length + 1 : length;
        int most = salted ? length + MAX_SALT : length;
        if (octets.length < least || octets.length > most) {
            throw new IllegalArgumentException(
                    "has "
                            + octets.length
                            + " octets, not "
                            + (salted ? least + " to " + most : String.valueOf(length)));
        }
        return new DigestPassword(
                algorithm,
                Arrays.copyOf(octets, length),
                Arrays.copyOfRange(octets, length, octets.length));
    }

    @Override
    public boolean matches(Secret password) {
        var octets = password.octets();
        try {
            var made = digest(algorithm);
            made.update(octets);
            return MessageDigest.isEqual(made.digest(salt), digest);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    @Override
    public String form() {
        return algorithm + " " + salt.length;
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + algorithm, e);
        }
    }
}
