package io.postern.session;

import io.postern.engine.OctetSource;

import java.nio.ByteBuffer;

/**
 * What goes to the client: gathered, so that replies to pipelined commands share a write, and never
 * more than {@link #WINDOW} ahead of what the client takes. Used by the session's owner; holds no
 * buffer while there is nothing to send.
 */
final class Output {
    /** Most that may be written and unsent, octets. */
    static final int WINDOW = 128 * 1024;

    /** Most that is gathered before it is written, octets. */
    static final int GATHERED = 16 * 1024;

    /** Enough for most replies, octets. */
    private static final int SMALL = 512;

    private final Connection connection;
    private ByteBuffer gathered;
    private OctetSource unfinished;

    Output(Connection connection) {
        this.connection = connection;
    }

    /**
     * Adds a reply, and writes what does not fit. Never blocks.
     *
     * @return whether all of it is in. If not, the window is full: {@link #awaitRoom}, then {@link
     *     #flush}, before anything else is sent
     */
    boolean send(OctetSource reply) {
        unfinished = reply;
        return gather();
    }

    /** Whether the last reply is in. */
    boolean whole() {
        return unfinished == null;
    }

    /**
     * Writes what is gathered. Never blocks.
     *
     * @return whether nothing is left; if not, the window is full
     */
    boolean flush() {
        return gather() && write();
    }

    /**
     * Blocks until what is gathered can be written. Never on an I/O thread.
     *
     * @return false if nothing can be sent any more
     */
    boolean awaitRoom() throws InterruptedException {
        return connection.awaitUnsentAtMost(WINDOW - GATHERED);
    }

    /**
     * Blocks until a buffer of the caller's can be written. The caller has flushed before.
     *
     * @param octets at most half of {@link #WINDOW}
     * @return false if nothing can be sent any more
     */
    boolean awaitRoomFor(ByteBuffer octets) throws InterruptedException {
        return connection.awaitUnsentAtMost(WINDOW - octets.remaining());
    }

    /**
     * Writes a buffer for which {@link #awaitRoomFor} found room. Never blocks.
     *
     * @return whether the buffer is the caller's again, as {@link Connection#write} says
     */
    boolean write(ByteBuffer octets) {
        return connection.write(octets);
    }

    private boolean gather() {
        while (unfinished != null) {
            if (gathered == null) {
                gathered = ByteBuffer.allocate(SMALL);
            }
            var before = gathered.position();
            if (gathered.hasRemaining() && unfinished.fill(gathered)) {
                unfinished = null;
            } else if (gathered.capacity() < GATHERED) {
                gathered = ByteBuffer.allocate(GATHERED).put(gathered.flip());
            } else if (before == 0 && gathered.position() == 0) {
                throw new IllegalStateException("a reply that does not fit an empty buffer");
            } else if (!write()) {
                return false;
            }
        }
        return true;
    }

    private boolean write() {
        if (gathered == null || gathered.position() == 0) {
            gathered = null;
            return true;
        }
        if (connection.unsentOctets() > WINDOW - gathered.position()) {
            return false;
        }
        var _ = connection.write(gathered.flip());
        gathered = null;
        return true;
    }
}
