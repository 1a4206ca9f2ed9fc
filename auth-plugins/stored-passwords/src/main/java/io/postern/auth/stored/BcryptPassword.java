package io.postern.auth.stored;

import io.postern.spi.Secret;

import org.bouncycastle.crypto.generators.OpenBSDBCrypt;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * {@code {BLF-CRYPT}$2y$...}, or the same as {@code {CRYPT}}: bcrypt, as {@code htpasswd -B} makes
 * it. It looks at the first 72 octets of a password.
 */
final class BcryptPassword implements StoredPassword {
    static final String SCHEME = "BLF-CRYPT";

    /** Binary logarithm of the rounds of a hash made here. */
    private static final int COST = 11;

    private static final int MIN_COST = 4;

    /** About a second. */
    private static final int MAX_COST = 14;

    private static final int SALT_OCTETS = 16;

    /** What the cipher's key takes, octets. */
    private static final int MAX_KEY = 72;

    private static final Pattern TEXT =
            Pattern.compile("\\$2[aby]\\$([0-9]{2})\\$[./0-9A-Za-z]{21}[.Oeu][./0-9A-Za-z]{31}");

    private final int cost;
    private final byte[] hash;

    private BcryptPassword(int cost, byte[] hash) {
        this.cost = cost;
        this.hash = hash;
    }

    static BcryptPassword parse(String text) {
        var match = TEXT.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException(
                    "is not $2a$, $2b$ or $2y$, two digits, $, and 53 letters, digits, dots or"
                            + " slashes");
        }
        int cost = Integer.parseInt(match.group(1));
        if (cost < MIN_COST || cost > MAX_COST) {
            throw new IllegalArgumentException(
                    "has a cost of " + cost + ", not " + MIN_COST + " to " + MAX_COST);
        }
        return new BcryptPassword(cost, text.getBytes(StandardCharsets.US_ASCII));
    }

    static String make(Secret password) {
        if (password.length() > MAX_KEY) {
            throw new IllegalArgumentException("bcrypt keeps at most " + MAX_KEY + " octets");
        }
        var salt = new byte[SALT_OCTETS];
        new SecureRandom().nextBytes(salt);
        var octets = password.octets();
        try {
            return "{" + SCHEME + "}" + OpenBSDBCrypt.generate("2y", octets, salt, COST);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    @Override
    public boolean matches(Secret password) {
        var octets = password.octets();
        try {
            var text = new String(hash, StandardCharsets.US_ASCII);
            return OpenBSDBCrypt.checkPassword(text, octets);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    @Override
    public String form() {
        return SCHEME + " " + cost;
    }
}
