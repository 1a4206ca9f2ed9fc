package io.postern.session;

import java.nio.ByteBuffer;

/**
 * The server's end of a session: what the transport tells it about its {@link Connection}. {@link
 * #opened} comes first and {@link #closed} last. Those two, {@link #received} and {@link
 * #inputClosed} are called one at a time, on a thread that serves many sessions and must never
 * block.
 */
public interface ClientEvents {

    /** The client is connected. */
    void opened();

    /**
     * The client sent these octets; anything from one to many lines. Not called after the session
     * closed its connection.
     *
     * @param octets the callee's to keep
     */
    void received(ByteBuffer octets);

    /**
     * The handshake that {@link Connection#startTls} began is done. All that {@link #received}
     * brings from now on came encrypted. One at a time with {@link #received}.
     */
    void secured();

    /** The client will send nothing more. It may still be reading. */
    void inputClosed();

    /** The connection is gone, whoever closed it. */
    void closed();

    /**
     * The time, about once a second, from the transport's clock thread. Never blocks.
     *
     * @param nanoTime {@link System#nanoTime}
     */
    void tick(long nanoTime);

    /** The server is shutting down. From any thread, more than once perhaps. Never blocks. */
    void doom();

    /**
     * Whether nothing is left to do, a running UPDATE included (RFC 1939 §6). May come after {@link
     * #closed}.
     */
    boolean ended();
}
