package io.postern.store.jdbc;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Names of rows. */
final class Ids {
    private static final String BASE_32 = "abcdefghijklmnopqrstuvwxyz234567";
    private static final int OCTETS = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    private Ids() {}

    /** 128 random bits as 26 base-32 characters: never the same again. */
    static String random() {
        var octets = new byte[OCTETS];
        RANDOM.nextBytes(octets);
        var text = new StringBuilder();
        var bits = 0;
        var held = 0;
        for (var octet : octets) {
            bits = (bits << 8) | (octet & 0xFF);
            held += 8;
            while (held >= 5) {
                held -= 5;
                text.append(BASE_32.charAt((bits >> held) & 31));
            }
            bits &= (1 << held) - 1;
        }
        return text.append(BASE_32.charAt((bits << (5 - held)) & 31)).toString();
    }

    /** A positive random number. */
    static long randomNumber() {
        return RANDOM.nextLong() >>> 1;
    }

    /**
     * A key for a name: equal where the names are the same characters, whatever the database thinks
     * of case, accents and blanks. 64 hexadecimal digits.
     */
    static String key(String name) {
        try {
            var octets = new byte[2 * name.length()];
            for (var i = 0; i < name.length(); i++) {
                // Not a charset: those replace what is not Unicode, and two names become one.
                octets[2 * i] = (byte) (name.charAt(i) >> 8);
                octets[2 * i + 1] = (byte) name.charAt(i);
            }
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(octets));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /**
     * A name for people who read the table.
     *
     * @param limit the column's, characters
     */
    static String readable(String name, int limit) {
        var legal = new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        return legal.length() <= limit ? legal : legal.substring(0, limit);
    }
}
