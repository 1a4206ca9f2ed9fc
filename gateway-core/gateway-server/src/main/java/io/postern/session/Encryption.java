package io.postern.session;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/** What is known of a connection that TLS protects. Immutable; any thread. */
public interface Encryption {

    /** The version, such as {@code TLSv1.3}. */
    String protocol();

    /**
     * The certificates that the client proved itself with, its own first; empty where it showed
     * none. The listener's trust file vouches for them.
     */
    List<X509Certificate> clientCertificates();

    /**
     * What ties a login to this very connection (RFC 5056).
     *
     * @param type a name of IANA's registry, such as {@code tls-exporter} (RFC 9266) or {@code
     *     tls-server-end-point} (RFC 5929 §4)
     * @return the caller's; empty where this connection has none of that type
     */
    Optional<byte[]> channelBinding(String type);
}
