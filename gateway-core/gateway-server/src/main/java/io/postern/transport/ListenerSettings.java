package io.postern.transport;

import static java.util.Objects.requireNonNull;

import java.net.InetSocketAddress;

/**
 * One address to listen on.
 *
 * @param address IPv4 or IPv6 address and port; port 0 takes a free one. Either wildcard ({@code
 *     0.0.0.0}, {@code ::}) takes clients of both families where the host has both
 * @param backlog connections the kernel keeps waiting to be accepted, from 1
 */
public record ListenerSettings(InetSocketAddress address, int backlog) {

    public ListenerSettings {
        requireNonNull(address, "address");
        if (backlog < 1) {
            throw new IllegalArgumentException("backlog " + backlog + " of listener " + address);
        }
    }
}
