package io.postern.session;

import io.postern.limit.Gate;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;

/**
 * The client's end of a session, as the transport gives it. Every method may be called by any
 * thread, and does nothing once the connection is closed.
 */
public interface Connection {

    /** Where the client is, as a proxy says if there is one; known after the end, too. */
    InetSocketAddress client();

    /** Where the client came to; known after the end, too. */
    InetSocketAddress listener();

    /** The client's place among those of this listener, or that it has none. */
    Gate.Entry place();

    /**
     * What a proxy says of the client; empty where there is none. Text of strangers, in the order
     * to show it.
     */
    Map<String, String> proxied();

    /** Empty as long as the octets travel in the clear. */
    Optional<Encryption> encryption();

    /** Whether a password may travel as it is: encrypted, or because the operator allows it. */
    boolean plaintextAllowed();

    /** Whether the client may ask for TLS (RFC 2595 §4): offered here, and not on yet. */
    boolean offersTls();

    /**
     * Sends these octets in the clear, as the last ones, and then waits for the client's handshake:
     * {@link ClientEvents#secured} tells of its end. Called once, where {@link #offersTls} and
     * nothing is unsent. Whatever was read before is the caller's to forget.
     */
    void startTls(ByteBuffer lastWords);

    /**
     * Sends octets to the client, or queues what cannot go out at once. Never blocks.
     *
     * @param octets from position to limit
     * @return whether the buffer is the caller's again; if not, the connection owns it from now on
     */
    boolean write(ByteBuffer octets);

    /** Octets that were written and have not reached the kernel yet. */
    long unsentOctets();

    /**
     * Blocks until at most {@code octets} of what was written are unsent. Never on an I/O thread.
     *
     * @return false if the connection is closed, or the client took nothing for as long as the
     *     write-stall limit allows; nothing more can be sent then
     */
    boolean awaitUnsentAtMost(long octets) throws InterruptedException;

    /** Stops reading from the client, so that its own buffers fill. */
    void suspendReading();

    /** Reads again. */
    void resumeReading();

    /** Closes once all that was written is out, or cannot go out any more. */
    void close();

    /** Closes at once. */
    void abort();
}
