package io.postern.auth.xmlusers;

import io.postern.spi.Secret;

import java.util.List;

/**
 * What {@code users.xml} keeps in place of a password: the name of a scheme in braces, then the
 * scheme's own text. Immutable and safe for any number of threads; its text form shows nothing of
 * the password.
 */
sealed interface StoredPassword permits PlainPassword, ShaCryptPassword, Pbkdf2Password {

    /**
     * Most rounds of a hash that is read from a file. More would let one entry hold up every login
     * for seconds, because strangers cost what users cost.
     */
    int MAX_ROUNDS = 1_000_000;

    /** Fewest rounds of a hash that is read from a file: what SHA-crypt itself sets. */
    int MIN_ROUNDS = 1_000;

    /** Longest password, octets. The work of SHA-crypt grows with it. */
    int MAX_OCTETS = 512;

    /** The names of the schemes that {@link #parse} knows and {@link #make} makes, best first. */
    List<String> SCHEMES =
            List.of(
                    Pbkdf2Password.SHA512,
                    Pbkdf2Password.SHA256,
                    ShaCryptPassword.SHA512,
                    ShaCryptPassword.SHA256,
                    PlainPassword.SCHEME);

    /**
     * Whether this is the password. Takes the time that {@link #form} stands for, whatever the
     * answer.
     *
     * @param password the caller's, who wipes it
     */
    boolean matches(Secret password);

    /** All that its time depends on: scheme, rounds and lengths. Equal forms take equal time. */
    String form();

    /**
     * Reads the text in the attribute {@code password}.
     *
     * @throws IllegalArgumentException with a sentence that says what is wrong, and never shows the
     *     text
     */
    static StoredPassword parse(String text) {
        int brace = text.indexOf('}');
        if (!text.startsWith("{") || brace < 0) {
            throw new IllegalArgumentException(
                    "does not begin with a scheme in braces, such as {" + SCHEMES.getFirst() + "}");
        }
        var scheme = text.substring(1, brace);
        var rest = text.substring(brace + 1);
        return switch (scheme) {
            case PlainPassword.SCHEME -> PlainPassword.parse(rest);
            case ShaCryptPassword.SHA256, ShaCryptPassword.SHA512 ->
                    ShaCryptPassword.parse(scheme, rest);
            case Pbkdf2Password.SHA256, Pbkdf2Password.SHA512 -> Pbkdf2Password.parse(scheme, rest);
            // The scheme is not shown: without one, a password may stand in the braces.
            default ->
                    throw new IllegalArgumentException(
                            "has a scheme that is not one of " + String.join(", ", SCHEMES));
        };
    }

    /**
     * Makes the text for a password, scheme and all, with a fresh salt.
     *
     * @param password the caller's, who wipes it
     * @throws IllegalArgumentException if there is no such scheme, or the scheme cannot keep this
     *     password
     */
    static String make(String scheme, Secret password) {
        if (!usable(password)) {
            throw new IllegalArgumentException(
                    "a password has 1 to " + MAX_OCTETS + " octets and no NUL among them");
        }
        var text =
                switch (scheme) {
                    case PlainPassword.SCHEME -> PlainPassword.make(password);
                    case ShaCryptPassword.SHA256, ShaCryptPassword.SHA512 ->
                            ShaCryptPassword.make(scheme, password);
                    case Pbkdf2Password.SHA256, Pbkdf2Password.SHA512 ->
                            Pbkdf2Password.make(scheme, password);
                    default ->
                            throw new IllegalArgumentException(
                                    "there is no scheme of that name: take one of "
                                            + String.join(", ", SCHEMES));
                };
        return "{" + scheme + "}" + text;
    }

    /**
     * Whether it can be anybody's password at all. Hashes that pad with NUL would take {@code
     * "secret\0"} for {@code "secret"}.
     */
    static boolean usable(Secret password) {
        if (password.length() == 0 || password.length() > MAX_OCTETS) {
            return false;
        }
        var octets = password.octets();
        var usable = true;
        for (int i = 0; i < octets.length; i++) {
            usable &= octets[i] != 0;
            octets[i] = 0;
        }
        return usable;
    }
}
