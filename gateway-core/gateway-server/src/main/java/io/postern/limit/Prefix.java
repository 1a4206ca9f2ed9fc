package io.postern.limit;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, for whoever
 * has one of those has them all (RFC 6177 §2).
 *
 * @param bits the 32 or 64 bits
 * @param ipv6 of which family
 */
public record Prefix(long bits, boolean ipv6) {

    /** The one that an address belongs to. */
    public static Prefix of(InetAddress address) {
        var octets = ByteBuffer.wrap(address.getAddress());
        return octets.remaining() == Integer.BYTES
                ? new Prefix(octets.getInt() & 0xFFFF_FFFFL, false)
                : new Prefix(octets.getLong(), true);
    }
}
