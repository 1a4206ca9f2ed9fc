package io.postern.spi.auth;

import io.postern.spi.Secret;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;

import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/** A hash function that SCRAM is registered with, and what SCRAM computes with it. */
public enum ScramHash {
    /** SCRAM-SHA-1 (RFC 5802). */
    SHA_1("SHA-1", "HmacSHA1", 20),
    /** SCRAM-SHA-256 (RFC 7677). */
    SHA_256("SHA-256", "HmacSHA256", 32);

    private final String digest;
    private final String mac;
    private final int octets;

    ScramHash(String digest, String mac, int octets) {
        this.digest = digest;
        this.mac = mac;
        this.octets = octets;
    }

    /** Length of its output, octets. */
    public int octets() {
        return octets;
    }

    /** The SASL name, without {@code -PLUS}. */
    public String mechanism() {
        return "SCRAM-" + digest;
    }

    /** H of RFC 5802 §2.2. */
    public byte[] hash(byte[] text) {
        try {
            return MessageDigest.getInstance(digest).digest(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + digest, e);
        }
    }

    /** HMAC of RFC 5802 §2.2. */
    public byte[] hmac(byte[] key, byte[] text) {
        try {
            var with = Mac.getInstance(mac);
            with.init(new SecretKeySpec(key, mac));
            return with.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + mac, e);
        }
    }

    /**
     * What a directory keeps in place of a password (RFC 5802 §3). Takes time: that is its purpose.
     *
     * @param password prepared by SASLprep (RFC 4013) as a stored string; the caller's, who wipes
     *     it
     * @param salt 1 octet or more
     */
    public ScramKeys keys(Secret password, byte[] salt, int iterations) {
        var chars = password.chars();
        var spec = new PBEKeySpec(chars, salt, iterations, octets * Byte.SIZE);
        byte[] salted = {};
        try {
            salted =
                    SecretKeyFactory.getInstance("PBKDF2With" + mac)
                            .generateSecret(spec)
                            .getEncoded();
            var clientKey = hmac(salted, "Client Key".getBytes(StandardCharsets.US_ASCII));
            var storedKey = hash(clientKey);
            Arrays.fill(clientKey, (byte) 0);
            return new ScramKeys(
                    salt,
                    iterations,
                    storedKey,
                    hmac(salted, "Server Key".getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has PBKDF2 with " + mac, e);
        } finally {
            spec.clearPassword();
            Arrays.fill(salted, (byte) 0);
            Arrays.fill(chars, '\0');
        }
    }
}
