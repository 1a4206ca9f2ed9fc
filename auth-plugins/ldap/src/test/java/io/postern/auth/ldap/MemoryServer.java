package io.postern.auth.ldap;

import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.InMemoryListenerConfig;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedCompareRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSearchRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSimpleBindRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryOperationInterceptor;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.util.ssl.KeyStoreKeyManager;
import com.unboundid.util.ssl.SSLUtil;
import com.unboundid.util.ssl.TrustAllTrustManager;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** The SDK's server on loopback, with its questions counted. */
final class MemoryServer implements AutoCloseable {
    /** Searches, comparisons, and binds of users. */
    final AtomicLong questions = new AtomicLong();

    /** What the next binds of users are answered, in place of the truth. */
    final AtomicReference<ResultCode> binds = new AtomicReference<>();

    private final InMemoryDirectoryServer server;
    private final int port;

    MemoryServer() throws Exception {
        this(null);
    }

    /**
     * @param keys a PKCS #12 file with the password {@code geheim}; null for a server without TLS
     */
    MemoryServer(Path keys) throws Exception {
        var config = new InMemoryDirectoryServerConfig(Fixture.BASE);
        var loopback = InetAddress.getLoopbackAddress();
        if (keys == null) {
            config.setListenerConfigs(
                    InMemoryListenerConfig.createLDAPConfig("plain", loopback, 0, null));
        } else {
            var tls =
                    new SSLUtil(
                            new KeyStoreKeyManager(
                                    keys.toFile(), "geheim".toCharArray(), "PKCS12", null),
                            new TrustAllTrustManager());
            config.setListenerConfigs(
                    InMemoryListenerConfig.createLDAPConfig(
                            "plain", loopback, 0, tls.createSSLSocketFactory()),
                    InMemoryListenerConfig.createLDAPSConfig(
                            "tls",
                            loopback,
                            0,
                            tls.createSSLServerSocketFactory(),
                            tls.createSSLSocketFactory()));
        }
        config.addInMemoryOperationInterceptor(new Counting());
        server = new InMemoryDirectoryServer(config);
        server.startListening();
        port = server.getListenPort("plain");
        for (var entry : Fixture.ENTRIES) {
            server.add(entry);
        }
    }

    String url() {
        return "ldap://127.0.0.1:" + port;
    }

    String tlsUrl(String host) {
        return "ldaps://" + host + ":" + server.getListenPort("tls");
    }

    int port() {
        return port;
    }

    /** Ends all connections, and takes no new ones until {@link #comesBack}. */
    void goesDown() {
        server.shutDown(true);
    }

    /** On the same port as before. */
    void comesBack() throws LDAPException {
        server.startListening();
    }

    InMemoryDirectoryServer entries() {
        return server;
    }

    @Override
    public void close() {
        server.shutDown(true);
    }

    private final class Counting extends InMemoryOperationInterceptor {
        @Override
        public void processSearchRequest(InMemoryInterceptedSearchRequest request) {
            questions.incrementAndGet();
        }

        @Override
        public void processCompareRequest(InMemoryInterceptedCompareRequest request) {
            questions.incrementAndGet();
        }

        @Override
        public void processSimpleBindRequest(InMemoryInterceptedSimpleBindRequest request)
                throws LDAPException {
            var dn = request.getRequest().getBindDN();
            if (!dn.isEmpty() && !dn.equals(Fixture.SEARCHER)) {
                questions.incrementAndGet();
                if (binds.get() != null) {
                    throw new LDAPException(binds.get(), "as the test wants it");
                }
            }
        }
    }
}
