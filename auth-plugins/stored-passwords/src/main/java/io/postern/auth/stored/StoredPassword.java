package io.postern.auth.stored;

import io.postern.spi.Secret;
import io.postern.spi.auth.ScramHash;

import java.util.List;
import java.util.Optional;

/**
 * What a directory keeps in place of a password: the name of a scheme in braces, then the scheme's
 * own text. The names are those of Dovecot, and of OpenLDAP where Dovecot has none; their case does
 * not matter. Immutable and safe for any number of threads; its text form shows nothing of the
 * password.
 */
public sealed interface StoredPassword
        permits PlainPassword,
                CryptPassword,
                SystemCryptPassword,
                BcryptPassword,
                DigestPassword,
                Pbkdf2Password,
                Argon2Password,
                ScramPassword,
                SeveralPasswords {

    /**
     * Most rounds of a hash that is read. More would let one entry hold up every login for seconds,
     * because strangers cost what users cost.
     */
    int MAX_ROUNDS = 1_000_000;

    /** Fewest rounds of a hash that is read: what SHA-crypt itself sets. */
    int MIN_ROUNDS = 1_000;

    /** Most memory of a hash that is read, KiB; a quarter of the heap if that is less. */
    int MAX_MEMORY_KIB = (int) Math.min(256 << 10, Runtime.getRuntime().maxMemory() / (4 << 10));

    /** Longest password, octets. The work of SHA-crypt grows with it. */
    int MAX_OCTETS = 512;

    /** The names of the schemes that {@link #make} makes, the one to take first. */
    List<String> SCHEMES =
            List.of(
                    Pbkdf2Password.SHA512,
                    Argon2Password.SCHEME,
                    BcryptPassword.SCHEME,
                    Pbkdf2Password.SHA256,
                    CryptPassword.SHA512,
                    CryptPassword.SHA256,
                    ScramHash.SHA_256.mechanism(),
                    ScramHash.SHA_1.mechanism(),
                    PlainPassword.SCHEME);

    /** What a text without a scheme may be told to have; the usual one first. */
    List<String> UNNAMED =
            List.of(
                    "CRYPT",
                    PlainPassword.SCHEME,
                    "PLAIN-MD5",
                    "LDAP-MD5",
                    "SHA",
                    "SHA256",
                    "SHA512",
                    "SSHA",
                    "SSHA256",
                    "SSHA512",
                    "PBKDF2",
                    Argon2Password.SCHEME);

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
     * How much memory {@link #matches} takes for itself, KiB; zero where it is not worth a word.
     */
    default int memoryKib() {
        return 0;
    }

    /**
     * In place of the password of somebody who has none: nothing matches it, in a usual time.
     * Always the same object.
     */
    static StoredPassword none() {
        return Pbkdf2Password.NOBODY;
    }

    /** What a login is compared with, one after the other, whatever the answers. */
    default List<StoredPassword> parts() {
        return List.of(this);
    }

    /** The account's own password, as other passwords than those of devices are called. */
    default Optional<StoredPassword> own() {
        return Optional.of(this);
    }

    /**
     * The label of the device that has a part of this for its password; empty for the account's own
     * password.
     *
     * @param part from 0, as in {@link #parts}
     */
    default Optional<String> device(int part) {
        return Optional.empty();
    }

    /** Reads a text that names its scheme; else as {@link #parse(String, String)}. */
    static StoredPassword parse(String text) {
        return parse(text, "");
    }

    /**
     * Reads a text.
     *
     * @param unnamed the scheme of a text without one; empty where that is a mistake
     * @throws IllegalArgumentException with a sentence that says what is wrong, and never shows the
     *     text
     */
    static StoredPassword parse(String text, String unnamed) {
        var encoded = Encoded.of(text, unnamed);
        return switch (encoded.scheme()) {
            case PlainPassword.SCHEME, "CLEAR", "CLEARTEXT" -> PlainPassword.parse(encoded.plain());
            case "CRYPT", "MD5-CRYPT", CryptPassword.SHA256, CryptPassword.SHA512 ->
                    crypt(encoded.decoded());
            case BcryptPassword.SCHEME -> BcryptPassword.parse(encoded.decoded().text());
            case "MD5" ->
                    encoded.text().startsWith("$")
                            ? crypt(encoded.decoded())
                            : DigestPassword.parse(encoded);
            case "PBKDF2", "PBKDF2-SHA1", Pbkdf2Password.SHA256, Pbkdf2Password.SHA512 ->
                    Pbkdf2Password.parse(encoded.scheme(), encoded.decoded().text());
            case Argon2Password.SCHEME, "ARGON2I", "ARGON2" ->
                    Argon2Password.parse(encoded.scheme(), encoded.decoded().text());
            case "SCRAM-SHA-1" -> ScramPassword.parse(ScramHash.SHA_1, encoded.decoded().text());
            case "SCRAM-SHA-256" ->
                    ScramPassword.parse(ScramHash.SHA_256, encoded.decoded().text());
            // The scheme is not shown: without one, a password may stand in the braces.
            default -> {
                if (!DigestPassword.knows(encoded.scheme())) {
                    throw new IllegalArgumentException(
                            "has a scheme that is not known here. Good ones are "
                                    + String.join(", ", SCHEMES));
                }
                yield DigestPassword.parse(encoded);
            }
        };
    }

    /**
     * Makes the text for a password, scheme and all, with a fresh salt. It has no colon, no quotes,
     * no angle brackets and no ampersand.
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
        return switch (scheme) {
            case PlainPassword.SCHEME -> PlainPassword.make(password);
            case CryptPassword.SHA256, CryptPassword.SHA512 -> CryptPassword.make(scheme, password);
            case BcryptPassword.SCHEME -> BcryptPassword.make(password);
            case Pbkdf2Password.SHA256, Pbkdf2Password.SHA512 ->
                    Pbkdf2Password.make(scheme, password);
            case Argon2Password.SCHEME -> Argon2Password.make(password);
            case "SCRAM-SHA-1" -> ScramPassword.make(ScramHash.SHA_1, password);
            case "SCRAM-SHA-256" -> ScramPassword.make(ScramHash.SHA_256, password);
            default ->
                    throw new IllegalArgumentException(
                            "there is no scheme of that name: take one of "
                                    + String.join(", ", SCHEMES));
        };
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

    private static StoredPassword crypt(Encoded encoded) {
        if (!encoded.scheme().equals("CRYPT")) {
            return CryptPassword.parse(encoded.scheme(), encoded.text());
        }
        if (SystemCryptPassword.knows(encoded.text())) {
            return SystemCryptPassword.parse(encoded.text(), LibCrypt.system());
        }
        return encoded.text().startsWith("$2")
                ? BcryptPassword.parse(encoded.text())
                : CryptPassword.parse(encoded.scheme(), encoded.text());
    }
}
