package io.postern.spi.store;

/**
 * The messages of a maildrop in their order, numbered from 1 (RFC 1939 §4). Immutable: the same
 * question always has the same answer.
 *
 * <p>It is asked by number, so that a store can keep half a million messages in a few arrays. The
 * server checks all of it at login, and refuses the login if a unique-id is illegal or stands there
 * twice.
 */
public interface Listing {

    /** Number of messages. */
    int count();

    /**
     * Exact size on the wire, octets: every line end counted as two, the one missing at the end
     * added, no stuffed dots, no final dot (RFC 1939 §11). {@link
     * io.postern.spi.wire.MessageEncoder} counts it.
     */
    long octets(int number);

    /**
     * The unique-id: 1 to 70 characters from 0x21 to 0x7E, the same in every session, never given
     * to another message (RFC 1939 §7).
     */
    String uniqueId(int number);
}
