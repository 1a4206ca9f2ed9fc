package io.postern.spi.auth;

/** What one step of an {@link AuthExchange} comes to: a question to the client, or the end. */
public sealed interface AuthStep permits AuthStep.Challenge, Verdict {

    /**
     * The client is asked for more.
     *
     * @param octets as they are, not in base64; may be empty; not changed afterwards
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over once, compared by nobody
    record Challenge(byte[] octets) implements AuthStep {}
}
