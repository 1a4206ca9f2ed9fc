package io.postern.spi.auth;

/**
 * What a server knows of one user's password for SCRAM (RFC 5802 §3). It lets nobody log in as the
 * user, but somebody who has it can pretend to be the server, and guess at the password.
 *
 * @param salt 1 octet or more
 * @param iterations at least {@link #MIN_ITERATIONS}
 * @param storedKey what a client's proof is checked against
 * @param serverKey what the server proves itself with
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, compared by nobody
public record ScramKeys(byte[] salt, int iterations, byte[] storedKey, byte[] serverKey) {

    /** Fewest iterations (RFC 5802 §5.1, RFC 7677 §4): a client may refuse fewer. */
    public static final int MIN_ITERATIONS = 4096;

    public ScramKeys {
        if (salt.length == 0) {
            throw new IllegalArgumentException("SCRAM needs a salt");
        }
        if (iterations < MIN_ITERATIONS) {
            throw new IllegalArgumentException(
                    "SCRAM needs " + MIN_ITERATIONS + " iterations or more, not " + iterations);
        }
        if (storedKey.length != serverKey.length) {
            throw new IllegalArgumentException("the two keys of SCRAM are of one length");
        }
    }

    /** Shows no key. */
    @Override
    public String toString() {
        return "ScramKeys[iterations=" + iterations + "]";
    }
}
