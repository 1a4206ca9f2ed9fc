package io.postern.auth.stored;

import io.postern.spi.Secret;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.ScramKeys;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * {@code {SCRAM-SHA-256}iterations,salt,storedKey,serverKey} and {@code {SCRAM-SHA-1}...}: the keys
 * of SCRAM, salt and keys in base64, as Dovecot writes them. A password can be checked against
 * them, too.
 */
public final class ScramPassword implements StoredPassword {

    /**
     * Iterations of keys made here. All of them have the same, so that they tell nothing of a user:
     * what RFC 7677 §4 asks of a server that can choose.
     */
    static final int ITERATIONS = 15_000;

    /** Octets of a salt made here. */
    static final int SALT_OCTETS = 16;

    private static final int MAX_SALT = 64;

    private static final Pattern TEXT =
            Pattern.compile("([0-9]{1,9}),([A-Za-z0-9+/]+={0,2}),([^,]+),([^,]+)");

    private final ScramHash hash;
    private final ScramKeys keys;

    private ScramPassword(ScramHash hash, ScramKeys keys) {
        this.hash = hash;
        this.keys = keys;
    }

    static ScramPassword parse(ScramHash hash, String text) {
        var match = TEXT.matcher(text);
        byte[] salt;
        byte[] storedKey;
        byte[] serverKey;
        try {
            if (!match.matches()) {
                throw new IllegalArgumentException("other characters or parts");
            }
            salt = Base64.getDecoder().decode(match.group(2));
            storedKey = Base64.getDecoder().decode(match.group(3));
            serverKey = Base64.getDecoder().decode(match.group(4));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "is not ITERATIONS,SALT,STOREDKEY,SERVERKEY with all but the first in base64");
        }
        int iterations = Integer.parseInt(match.group(1));
        if (iterations < ScramKeys.MIN_ITERATIONS || iterations > MAX_ROUNDS) {
            throw new IllegalArgumentException(
                    "has "
                            + iterations
                            + " iterations, not "
                            + ScramKeys.MIN_ITERATIONS
                            + " to "
                            + MAX_ROUNDS);
        }
        if (salt.length > MAX_SALT) {
            throw new IllegalArgumentException(
                    "has a salt of " + salt.length + " octets, not 1 to " + MAX_SALT);
        }
        if (storedKey.length != hash.octets() || serverKey.length != hash.octets()) {
            throw new IllegalArgumentException("has a key that is not of " + hash.octets());
        }
        return new ScramPassword(hash, new ScramKeys(salt, iterations, storedKey, serverKey));
    }

    static String make(ScramHash hash, Secret password) {
        var salt = new byte[SALT_OCTETS];
        new SecureRandom().nextBytes(salt);
        try (var prepared =
                SaslPrep.stored(password)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "SCRAM keeps only passwords that SASLprep (RFC 4013)"
                                                + " takes: no control characters, for example"))) {
            var keys = hash.keys(prepared, salt, ITERATIONS);
            var base64 = Base64.getEncoder();
            return "{"
                    + hash.mechanism()
                    + "}"
                    + ITERATIONS
                    + ","
                    + base64.encodeToString(salt)
                    + ","
                    + base64.encodeToString(keys.storedKey())
                    + ","
                    + base64.encodeToString(keys.serverKey());
        }
    }

    ScramHash hash() {
        return hash;
    }

    ScramKeys keys() {
        return keys;
    }

    @Override
    public boolean matches(Secret password) {
        var prepared = SaslPrep.stored(password);
        try (var asked = prepared.orElseGet(() -> Secret.of("?"))) {
            var made = hash.keys(asked, keys.salt(), keys.iterations());
            return MessageDigest.isEqual(made.storedKey(), keys.storedKey())
                    && prepared.isPresent();
        }
    }

    @Override
    public String form() {
        return hash.mechanism() + " " + keys.iterations() + " " + keys.salt().length;
    }
}
