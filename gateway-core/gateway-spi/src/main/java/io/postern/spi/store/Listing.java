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
     * Exact size on the wire of the message's {@link io.postern.spi.wire.Surrogate}, octets: what a
     * client gets of an internationalised message that did not ask for UTF-8 (RFC 6856 §2.1). It is
     * {@link #octets} where the message needs none, and else as {@link
     * io.postern.spi.wire.MessageCounter} counts it together with that.
     *
     * <p>A store that does not tell says by that "the same": its messages are sent as they are, to
     * every client.
     */
    default long surrogateOctets(int number) {
        return octets(number);
    }

    /**
     * The unique-id: 1 to 70 characters from 0x21 to 0x7E, the same in every session, never given
     * to another message (RFC 1939 §7).
     */
    String uniqueId(int number);
}
