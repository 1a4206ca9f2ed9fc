package io.postern.store.maildir;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.regex.Pattern;

/** Unique-ids that follow from a message's file name alone (RFC 1939 §7). */
final class UniqueId {
    /** Longest unique-id, characters (RFC 1939 §7). */
    private static final int MAX = 70;

    /** Stands before a digest, so that no name is taken for one. */
    private static final char DIGEST = '~';

    /** Stands in a file name before the unique-id that the message was given at its delivery. */
    private static final String FIELD = ",UIDL=";

    /** What a file name spells with an equals sign and the letter at the same place. */
    private static final String ESCAPED = "=/:,";

    private static final String LETTERS = "escm";

    private static final Pattern NAME = Pattern.compile("[0-9]{1,18}\\.[!-~&&[^/:]]+");

    private UniqueId() {}

    /**
     * The one that the message was given at its delivery, or the part of the name before the colon,
     * or a digest of it where it is no legal unique-id. It is the same in every session, whatever
     * flags the message has.
     *
     * @param unique as {@link FileName} spells it: with a slash in front where it is no legal one
     */
    static String ofName(String unique) {
        var field = unique.lastIndexOf(FIELD);
        if (field >= 0) {
            var given = unescape(unique.substring(field + FIELD.length()));
            if (legal(given)) {
                return given;
            }
        }
        // So spelled, all of its characters are legal ones.
        return !unique.isEmpty()
                        && unique.length() <= MAX
                        && unique.charAt(0) != DIGEST
                        && unique.charAt(0) != '/'
                ? unique
                : digest(unique);
    }

    /**
     * Whether a unique-id can be the name of its message's file.
     *
     * @param stored octets of the file
     * @param wire octets on the wire
     */
    static boolean isName(String id, long stored, long wire) {
        return NAME.matcher(id).matches()
                && !id.contains(FIELD)
                && ofName(id).equals(id)
                && says(id, ",S=", stored)
                && says(id, ",W=", wire);
    }

    /** Whether a size in a name, which many believe, is true or not there. */
    private static boolean says(String name, String hint, long octets) {
        return !name.contains(hint) || (name + ",").contains(hint + octets + ",");
    }

    /** The end of the name of a file whose message has this unique-id. */
    static String field(String id) {
        var text = new StringBuilder(FIELD);
        for (var at = 0; at < id.length(); at++) {
            var odd = ESCAPED.indexOf(id.charAt(at));
            if (odd < 0) {
                text.append(id.charAt(at));
            } else {
                text.append('=').append(LETTERS.charAt(odd));
            }
        }
        return text.toString();
    }

    /** Empty where {@link #field} did not write it. */
    private static String unescape(String text) {
        var id = new StringBuilder();
        for (var at = 0; at < text.length(); at++) {
            if (text.charAt(at) != '=') {
                id.append(text.charAt(at));
                continue;
            }
            var odd = ++at < text.length() ? LETTERS.indexOf(text.charAt(at)) : -1;
            if (odd < 0) {
                return "";
            }
            id.append(ESCAPED.charAt(odd));
        }
        return id.toString();
    }

    static boolean legal(String id) {
        if (id.isEmpty() || id.length() > MAX) {
            return false;
        }
        for (var at = 0; at < id.length(); at++) {
            if (id.charAt(at) < 0x21 || id.charAt(at) > 0x7E) {
                return false;
            }
        }
        return true;
    }

    /** 44 characters that stand for a name. */
    static String digest(String unique) {
        return DIGEST
                + Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(sha256().digest(unique.getBytes(StandardCharsets.UTF_8)));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
