package io.postern.session;

import com.ongres.saslprep.SASLprep;

import io.postern.spi.Secret;

import java.nio.CharBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * SASLprep (RFC 4013) of names and passwords, as RFC 6856 §2.2 wants it. Printable ASCII comes out
 * as it is.
 */
final class SaslPrep {
    private SaslPrep() {}

    /**
     * A name that a client typed, as a query string.
     *
     * @return empty where SASLprep forbids it, or leaves nothing of it
     */
    static Optional<String> query(String name) {
        if (name.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            return Optional.of(name);
        }
        try {
            return Optional.of(new SASLprep().prepareQuery(name)).filter(it -> !it.isEmpty());
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // A character that must not be there; or the library's way to say that nothing is left.
            return Optional.empty();
        }
    }

    /**
     * A password that a client typed, as a query string.
     *
     * @param password the caller's, who wipes it
     * @return the caller's, who wipes it; empty where SASLprep forbids it, or it is not UTF-8
     */
    static Optional<Secret> query(Secret password) {
        return prepared(password, new SASLprep()::prepareQuery);
    }

    /**
     * A password that a directory keeps, as a stored string.
     *
     * @param password the caller's, who wipes it
     * @return the caller's, who wipes it; empty where SASLprep forbids it, or it is not UTF-8
     */
    static Optional<Secret> stored(Secret password) {
        return prepared(password, new SASLprep()::prepareStored);
    }

    /** Octets that are not UTF-8 are read as U+FFFD, which SASLprep forbids (RFC 3454 C.6). */
    private static Optional<Secret> prepared(Secret password, UnaryOperator<char[]> preparation) {
        var chars = password.chars();
        char[] prepared = {};
        try {
            if (isPlain(chars)) {
                return Optional.of(Secret.of(CharBuffer.wrap(chars)));
            }
            prepared = preparation.apply(chars);
            return prepared.length == 0
                    ? Optional.empty()
                    : Optional.of(Secret.of(CharBuffer.wrap(prepared)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return Optional.empty();
        } finally {
            Arrays.fill(chars, '\0');
            Arrays.fill(prepared, '\0');
        }
    }

    private static boolean isPlain(char[] chars) {
        for (var c : chars) {
            if (c < ' ' || c > '~') {
                return false;
            }
        }
        return true;
    }
}
