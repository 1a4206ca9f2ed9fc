package io.postern.auth.ldap;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;

import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * Makes sockets on which a server proves, as TLS begins, that it is the one whose name was asked
 * for (RFC 4513 §3.1.3). The SDK does not look at the name with StartTLS, nor on the loopback
 * address.
 */
final class Tls extends SSLSocketFactory {
    private final SSLSocketFactory factory;

    Tls(SSLSocketFactory factory) {
        this.factory = factory;
    }

    private static Socket named(Socket socket) {
        var secure = (SSLSocket) socket;
        var parameters = secure.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("LDAPS");
        secure.setSSLParameters(parameters);
        return secure;
    }

    @Override
    public String[] getDefaultCipherSuites() {
        return factory.getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return factory.getSupportedCipherSuites();
    }

    @Override
    public Socket createSocket() throws IOException {
        return named(factory.createSocket());
    }

    @Override
    public Socket createSocket(Socket socket, String host, int port, boolean close)
            throws IOException {
        return named(factory.createSocket(socket, host, port, close));
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return named(factory.createSocket(host, port));
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort)
            throws IOException {
        return named(factory.createSocket(host, port, local, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return named(factory.createSocket(host, port));
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
            throws IOException {
        return named(factory.createSocket(host, port, local, localPort));
    }
}
