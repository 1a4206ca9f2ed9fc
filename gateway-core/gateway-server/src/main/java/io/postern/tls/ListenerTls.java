package io.postern.tls;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * One listener's TLS: what its {@link TlsProfile} takes, our order of suites, no application
 * protocol but POP3. Sessions may be resumed within the listener under the same server name (RFC
 * 6066 §3), as long as its keys stay the same. Any thread.
 */
public final class ListenerTls {
    /** In IANA's table of ALPN ids. A client of another protocol is refused (ALPACA). */
    private static final String APPLICATION = "pop3";

    /** How long a session can be resumed, and about how long a ticket key lives, s. */
    private static final int RESUMPTION = 4 * 60 * 60;

    /** Names that have a context of their own; a client of another one resumes nothing. */
    private static final int NAMES = 256;

    /** Sessions without a ticket (RFC 5077) that are remembered for one name. */
    private static final int SESSIONS = 1024;

    static {
        Jsse.leaveServerNamesToUs();
    }

    private final TlsProfile profile;
    private final Optional<ClientCertificates> clients;
    private volatile Contexts contexts;

    /** Those of one set of keys. A session belongs to its context, and so to one name. */
    private static final class Contexts {
        private final List<Identity> identities;
        private final TrustManager[] trust;
        private final SSLContext unnamed;

        /** Used least recently first; guarded by itself. */
        private final SequencedMap<String, SSLContext> named = new LinkedHashMap<>(16, 0.75f, true);

        Contexts(List<Identity> identities, TrustManager[] trust) {
            this.identities = identities;
            this.trust = trust;
            unnamed = make(Optional.empty());
        }

        SSLContext of(Optional<String> serverName) {
            if (serverName.isEmpty()) {
                return unnamed;
            }
            synchronized (named) {
                var context =
                        named.computeIfAbsent(serverName.get(), name -> make(Optional.of(name)));
                if (named.size() > NAMES) {
                    named.pollFirstEntry();
                }
                return context;
            }
        }

        private SSLContext make(Optional<String> serverName) {
            try {
                var context = SSLContext.getInstance("TLS");
                context.init(
                        new KeyManager[] {new ServerKeys(identities, serverName)}, trust, null);
                context.getServerSessionContext().setSessionTimeout(RESUMPTION);
                context.getServerSessionContext().setSessionCacheSize(SESSIONS);
                return context;
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("this Java has no TLS", e);
            }
        }
    }

    /**
     * @param trusted the authorities that may vouch for clients; present where {@code clients} is
     */
    ListenerTls(
            TlsProfile profile,
            Optional<ClientCertificates> clients,
            List<Identity> identities,
            Optional<List<X509Certificate>> trusted) {
        this.profile = profile;
        this.clients = clients;
        use(identities, trusted);
    }

    /** Takes other keys for new connections. Sessions of the old ones are not resumed. */
    void use(List<Identity> identities, Optional<List<X509Certificate>> trusted) {
        try {
            contexts =
                    new Contexts(
                            identities,
                            trusted.isPresent() ? trust(trusted.get()) : new TrustManager[0]);
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

    /** What engines for clients without a server name come from. */
    public SSLContext context() {
        return contexts.unnamed;
    }

    /**
     * The server's side of a new connection.
     *
     * @param serverName of {@link ClientHello}
     */
    public SSLEngine engine(Optional<String> serverName) {
        var parameters = new SSLParameters(profile.suites(), profile.versions());
        parameters.setUseCipherSuitesOrder(true);
        parameters.setNamedGroups(profile.groups());
        parameters.setSignatureSchemes(profile.signatures());
        parameters.setApplicationProtocols(new String[] {APPLICATION});
        clients.ifPresent(wanted -> {
            if (wanted.required()) {
                parameters.setNeedClientAuth(true);
            } else {
                parameters.setWantClientAuth(true);
            }
        });
        var engine = contexts.of(serverName.map(ServerName::canonical)).createSSLEngine();
        engine.setUseClientMode(false);
        engine.setSSLParameters(parameters);
        return engine;
    }
}
