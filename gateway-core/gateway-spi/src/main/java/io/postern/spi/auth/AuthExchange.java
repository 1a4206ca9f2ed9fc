package io.postern.spi.auth;

import io.postern.spi.Fault;

/**
 * One login attempt by one client. One virtual thread at a time uses it; it may block.
 *
 * <p>RFC 5034 §4 has no place for data beside success: a mechanism whose last word is the server's
 * sends it as a {@link AuthStep.Challenge} and accepts on the empty response to it.
 */
public interface AuthExchange extends AutoCloseable {

    /**
     * Takes what the client sent and says what comes next. Not called again after a {@link
     * Verdict}.
     *
     * @param response decoded octets, the callee's to keep and to wipe; may be empty, never null
     * @throws Fault if the attempt cannot be judged
     * @throws InterruptedException if the server stops the attempt
     */
    AuthStep next(byte[] response) throws Fault, InterruptedException;

    /** Called after every ending, a dropped connection included. Idempotent. Wipes what is left. */
    @Override
    default void close() {}
}
