package io.postern.testkit.auth;

import io.postern.spi.auth.Channel;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A connection of which a test says what is known.
 *
 * @param bindings by type, such as {@code tls-exporter}
 */
public record MemoryChannel(
        boolean encrypted, Map<String, byte[]> bindings, List<X509Certificate> clientCertificates)
        implements Channel {

    /** In the clear. */
    public static MemoryChannel clear() {
        return new MemoryChannel(false, Map.of(), List.of());
    }

    /** Encrypted, by something that binds nothing. */
    public static MemoryChannel secure() {
        return new MemoryChannel(true, Map.of(), List.of());
    }

    /** TLS with one thing to bind to. */
    public static MemoryChannel bound(String type, byte[] octets) {
        return new MemoryChannel(true, Map.of(type, octets), List.of());
    }

    /** TLS with a client that has shown this. */
    public static MemoryChannel shown(X509Certificate certificate) {
        return new MemoryChannel(true, Map.of(), List.of(certificate));
    }

    @Override
    public Optional<byte[]> channelBinding(String type) {
        return Optional.ofNullable(bindings.get(type)).map(byte[]::clone);
    }

    @Override
    public InetAddress clientAddress() {
        return InetAddress.getLoopbackAddress();
    }
}
