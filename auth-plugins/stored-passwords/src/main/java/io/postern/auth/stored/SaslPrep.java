package io.postern.auth.stored;

import com.ongres.saslprep.SASLprep;

import io.postern.spi.Secret;

import java.nio.CharBuffer;
import java.util.Arrays;
import java.util.Optional;

/** SASLprep (RFC 4013) of passwords. */
final class SaslPrep {
    private SaslPrep() {}

    /**
     * A password as SCRAM keeps it: a stored string (RFC 5802 §2.2).
     *
     * @param password the caller's, who wipes it
     * @return the caller's, who wipes it; empty where SASLprep takes no such password
     */
    static Optional<Secret> stored(Secret password) {
        var chars = password.chars();
        char[] prepared = {};
        try {
            prepared = new SASLprep().prepareStored(chars);
            return prepared.length == 0
                    ? Optional.empty()
                    : Optional.of(Secret.of(CharBuffer.wrap(prepared)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // A character that must not be there; or the library's way to say that nothing is left.
            return Optional.empty();
        } finally {
            Arrays.fill(chars, '\0');
            Arrays.fill(prepared, '\0');
        }
    }
}
