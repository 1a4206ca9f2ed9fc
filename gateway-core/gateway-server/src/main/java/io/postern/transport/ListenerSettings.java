package io.postern.transport;

import static java.util.Objects.requireNonNull;

import io.postern.limit.Gate;
import io.postern.tls.ListenerTls;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/**
 * One address to listen on.
 *
 * @param address IPv4 or IPv6 address and port; port 0 takes a free one. Either wildcard ({@code
 *     0.0.0.0}, {@code ::}) takes clients of both families where the host has both
 * @param backlog connections the kernel keeps waiting to be accepted, from 1
 * @param tls present where clients are offered TLS, or have to use it
 * @param allowPlaintext whether passwords may travel in the clear
 * @param gate counts its clients
 * @param proxy present where every connection begins with a PROXY header
 */
public record ListenerSettings(
        InetSocketAddress address,
        int backlog,
        Optional<Tls> tls,
        boolean allowPlaintext,
        Gate gate,
        Optional<ProxySettings> proxy) {

    public ListenerSettings {
        requireNonNull(address, "address");
        if (backlog < 1) {
            throw new IllegalArgumentException("backlog " + backlog + " of listener " + address);
        }
    }

    /** One with the usual limits, for clients and no proxies. */
    public ListenerSettings(
            InetSocketAddress address, int backlog, Optional<Tls> tls, boolean allowPlaintext) {
        this(address, backlog, tls, allowPlaintext, Gate.open(), Optional.empty());
    }

    /**
     * TLS of a listener.
     *
     * @param implicit from the first octet (RFC 8314 §3); else by STLS (RFC 2595 §4)
     * @param handshakeLimit how long a handshake may take; more than zero
     */
    public record Tls(ListenerTls keys, boolean implicit, Duration handshakeLimit) {
        public Tls {
            requireNonNull(keys);
            if (!handshakeLimit.isPositive()) {
                throw new IllegalArgumentException("handshake limit " + handshakeLimit);
            }
        }
    }
}
