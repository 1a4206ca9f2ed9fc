package io.postern.transport;

import io.postern.session.Encryption;
import io.postern.tls.Binding;

import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** What JSSE knows of a connection whose handshake is done. */
final class TlsSession implements Encryption {

    private final SSLSession session;
    private final List<X509Certificate> clientCertificates;

    TlsSession(SSLSession session) {
        this.session = session;
        clientCertificates = clientCertificates(session);
    }

    private static List<X509Certificate> clientCertificates(SSLSession session) {
        try {
            return Arrays.stream(session.getPeerCertificates())
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (SSLPeerUnverifiedException e) {
            return List.of(); // so JSSE says that the client showed none
        }
    }

    @Override
    public String protocol() {
        return session.getProtocol();
    }

    @Override
    public List<X509Certificate> clientCertificates() {
        return clientCertificates;
    }

    @Override
    public Optional<byte[]> channelBinding(String type) {
        return Binding.of(session, type);
    }
}
