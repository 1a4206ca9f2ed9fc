package io.postern.store.maildir;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** Unique-ids that follow from a message's file name alone (RFC 1939 §7). */
final class UniqueId {
    /** Longest unique-id, characters (RFC 1939 §7). */
    private static final int MAX = 70;

    /** Stands before a digest, so that no name is taken for one. */
    private static final char DIGEST = '~';

    private UniqueId() {}

    /**
     * The part of the name before the colon, or a digest of it where it is no legal unique-id. It
     * is the same in every session, whatever flags the message has.
     *
     * @param unique as {@link FileName} spells it: with a slash in front where it is no legal one
     */
    static String ofName(String unique) {
        return legal(unique) && unique.charAt(0) != DIGEST && unique.charAt(0) != '/'
                ? unique
                : digest(unique);
    }

    static boolean legal(String id) {
        return !id.isEmpty()
                && id.length() <= MAX
                && id.chars().allMatch(c -> c >= 0x21 && c <= 0x7E);
    }

    /** 44 characters that stand for a name. */
    static String digest(String unique) {
        return DIGEST
                + Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(sha256(unique.getBytes(StandardCharsets.UTF_8)));
    }

    static byte[] sha256(byte[] octets) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(octets);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
