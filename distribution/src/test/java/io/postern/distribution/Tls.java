package io.postern.distribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;

import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** TLS as a client has it that trusts one certificate only. */
final class Tls {
    private Tls() {}

    static SSLContext trusting(Path certificate) throws IOException {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust(certificate), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    static TrustManager[] trust(Path certificate) throws IOException {
        try (var in = Files.newInputStream(certificate)) {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry(
                    "server", CertificateFactory.getInstance("X.509").generateCertificate(in));
            var trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(store);
            return trust.getTrustManagers();
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }
}
