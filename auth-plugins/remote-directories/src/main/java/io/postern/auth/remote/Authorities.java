package io.postern.auth.remote;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Optional;

import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Whose certificates are believed. */
public final class Authorities {
    private Authorities() {}

    /**
     * TLS that believes them.
     *
     * @param file certificates in PEM that a server's must lead to; without it, Java's own
     * @throws IOException if the file cannot be read
     * @throws GeneralSecurityException if it holds no certificates
     */
    public static SSLContext context(Optional<Path> file)
            throws IOException, GeneralSecurityException {
        var trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(file.isPresent() ? store(file.get()) : null);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trusted.getTrustManagers(), null);
        return context;
    }

    private static KeyStore store(Path file) throws IOException, GeneralSecurityException {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var in = Files.newInputStream(file)) {
            for (var one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("ca" + store.size(), one);
            }
        }
        if (store.size() == 0) {
            throw new CertificateException("there is none in it");
        }
        return store;
    }
}
