package io.postern.session;

import io.postern.spi.auth.Channel;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/** What mechanisms may know of a client's connection, as it is now. Any thread. */
record ClientChannel(Connection connection) implements Channel {

    @Override
    public boolean encrypted() {
        return connection.encryption().isPresent();
    }

    @Override
    public List<X509Certificate> clientCertificates() {
        return connection.encryption().map(Encryption::clientCertificates).orElse(List.of());
    }

    @Override
    public Optional<byte[]> channelBinding(String type) {
        return connection.encryption().flatMap(it -> it.channelBinding(type));
    }

    @Override
    public InetAddress clientAddress() {
        return connection.client().getAddress();
    }
}
