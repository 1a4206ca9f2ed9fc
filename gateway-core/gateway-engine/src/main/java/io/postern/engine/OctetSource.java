package io.postern.engine;

import java.nio.ByteBuffer;

/** Octets to be sent, taken in pieces, so that a long response needs no long buffer. */
public interface OctetSource {

    /**
     * Puts as many octets as there are and as there is room for.
     *
     * @param into has room for at least one octet
     * @return true when the last one has been put; not called again after that
     */
    boolean fill(ByteBuffer into);
}
