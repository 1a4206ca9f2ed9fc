package io.postern.tls;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * One listener's TLS (RFC 9325): versions 1.2 and 1.3, forward secrecy and authenticated encryption
 * only, our order of suites, no application protocol but POP3. Sessions may be resumed within the
 * listener, as long as its keys stay the same. Any thread.
 */
public final class ListenerTls {
    private static final String[] VERSIONS = {"TLSv1.3", "TLSv1.2"};

    private static final String[] SUITES = {
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    };

    private static final String[] GROUPS = {"x25519", "secp256r1", "secp384r1", "secp521r1"};

    /** No SHA-1 (RFC 9155). */
    private static final String[] SIGNATURES = {
        "ecdsa_secp256r1_sha256",
        "ecdsa_secp384r1_sha384",
        "ecdsa_secp521r1_sha512",
        "ed25519",
        "rsa_pss_rsae_sha256",
        "rsa_pss_rsae_sha384",
        "rsa_pss_rsae_sha512",
        "rsa_pss_pss_sha256",
        "rsa_pss_pss_sha384",
        "rsa_pss_pss_sha512",
        "rsa_pkcs1_sha256",
        "rsa_pkcs1_sha384",
        "rsa_pkcs1_sha512",
    };

    /** In IANA's table of ALPN ids. A client of another protocol is refused (ALPACA). */
    private static final String APPLICATION = "pop3";

    /** How long a session can be resumed, and about how long a ticket key lives, s. */
    private static final int RESUMPTION = 4 * 60 * 60;

    private final Optional<ClientCertificates> clients;
    private volatile SSLContext context;

    /**
     * @param trusted the authorities that may vouch for clients; present where {@code clients} is
     */
    ListenerTls(
            Optional<ClientCertificates> clients,
            List<Identity> identities,
            Optional<List<X509Certificate>> trusted) {
        this.clients = clients;
        use(identities, trusted);
    }

    /** Takes other keys for new connections. Sessions of the old ones are not resumed. */
    void use(List<Identity> identities, Optional<List<X509Certificate>> trusted) {
        try {
            var fresh = SSLContext.getInstance("TLS");
            fresh.init(
                    new KeyManager[] {new ServerKeys(identities)},
                    trusted.isPresent() ? trust(trusted.get()) : new TrustManager[0],
                    null);
            fresh.getServerSessionContext().setSessionTimeout(RESUMPTION);
            context = fresh;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no TLS", e);
        }
    }

    private static TrustManager[] trust(List<X509Certificate> authorities)
            throws GeneralSecurityException {
        try {
            var store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (var authority : authorities) {
                store.setCertificateEntry(Integer.toString(store.size()), authority);
            }
            var factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            return factory.getTrustManagers();
        } catch (java.io.IOException e) {
            throw new IllegalStateException("an empty key store is not read", e);
        }
    }

    /** What new engines come from. */
    public SSLContext context() {
        return context;
    }

    /** The server's side of a new connection. */
    public SSLEngine engine() {
        var parameters = new SSLParameters(SUITES, VERSIONS);
        parameters.setUseCipherSuitesOrder(true);
        parameters.setNamedGroups(GROUPS);
        parameters.setSignatureSchemes(SIGNATURES);
        parameters.setApplicationProtocols(new String[] {APPLICATION});
        clients.ifPresent(wanted -> {
            if (wanted.required()) {
                parameters.setNeedClientAuth(true);
            } else {
                parameters.setWantClientAuth(true);
            }
        });
        var engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setSSLParameters(parameters);
        return engine;
    }
}
