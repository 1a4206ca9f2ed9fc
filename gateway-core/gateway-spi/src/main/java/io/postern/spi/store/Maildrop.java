package io.postern.spi.store;

import io.postern.spi.Fault;

import java.io.InputStream;

/**
 * A maildrop as it was when it was opened. One thread at a time uses it, not always the same one.
 *
 * <p>Mail that arrives after the opening is not part of it and is never touched by it.
 */
public interface Maildrop extends AutoCloseable {

    /** What was there at the opening. Always the same object. */
    Listing listing();

    /**
     * Opens one message for reading, as it is stored: line ends as they come, no dot-stuffing. The
     * server closes the stream before it asks for another.
     *
     * @param number from 1 to the listing's count (RFC 1939 §4)
     * @return a stream that gives at least one octet at a time and need not be buffered. It fails
     *     with an {@link java.io.IOException} where the message cannot be read to its end; it never
     *     ends early instead
     * @throws Fault if the message cannot be read; {@link Fault#gone} if it is surely not there any
     *     more
     */
    InputStream content(int number) throws Fault, InterruptedException;

    /**
     * The server counted another size than the listing said, while it sent a message (RFC 1939
     * §11). The connection is closed; a store that caches sizes forgets this one.
     *
     * @param octets what the message, or its surrogate, really takes on the wire
     */
    default void sizeDiffers(int number, long octets) {}

    /**
     * Removes what the client marked. The only call that changes the store; called at most once,
     * after QUIT (RFC 1939 §6). Removes nothing but what the request names, and says {@link
     * CommitResult.Status#OK} only when all of it is durably gone.
     *
     * @throws Fault if it cannot be said what was removed; {@link CommitResult} covers the rest
     */
    CommitResult commit(CommitRequest request) throws Fault, InterruptedException;

    /** Lets go of what the opening took. Removes nothing. Idempotent. */
    @Override
    void close();
}
