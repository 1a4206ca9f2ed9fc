package io.postern.spi.auth;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * What is known of the connection that a client logs in over. Implemented by the server only; the
 * answers change when the connection becomes encrypted. Any thread.
 */
public interface Channel {

    /** Whether the connection is encrypted. */
    boolean encrypted();

    /**
     * The certificates by which the client proved itself in the TLS handshake, its own first. They
     * were verified against what the listener trusts; empty where there were none.
     */
    List<X509Certificate> clientCertificates();

    /**
     * What ties a login to this very connection (RFC 5056).
     *
     * @param type {@code tls-exporter} (RFC 9266) or {@code tls-server-end-point} (RFC 5929 §4)
     * @return the caller's; empty in the clear, and where this connection has none of that type
     */
    Optional<byte[]> channelBinding(String type);

    /** Where the client is; where a proxy in front says so, what that says. */
    InetAddress clientAddress();
}
