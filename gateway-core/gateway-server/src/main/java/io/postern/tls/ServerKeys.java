package io.postern.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Chooses the identity for clients that ask for one name: the one that has this name (RFC 6066 §3),
 * else the one whose wildcard fits, else the first; each time among those whose kind of key the
 * client takes. Immutable; JSSE calls it on any thread.
 */
final class ServerKeys extends X509ExtendedKeyManager {
    private final List<Identity> identities;
    private final Optional<String> serverName;

    /**
     * @param identities at least one, the default first
     * @param serverName of {@link ServerName#canonical}
     */
    ServerKeys(List<Identity> identities, Optional<String> serverName) {
        this.identities = List.copyOf(identities);
        this.serverName = serverName;
    }

    @Override
    public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
        return serverName
                .flatMap(name -> first(keyType, it -> it.named(name)))
                .or(() -> serverName.flatMap(name -> first(keyType, it -> it.wildcardFor(name))))
                .or(() -> first(keyType, _ -> true))
                .orElse(null);
    }

    private Optional<String> first(String keyType, Predicate<Identity> fits) {
        for (var at = 0; at < identities.size(); at++) {
            if (identities.get(at).algorithm().equals(keyType) && fits.test(identities.get(at))) {
                return Optional.of(Integer.toString(at));
            }
        }
        return Optional.empty();
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return identities.get(Integer.parseInt(alias)).chain().toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return identities.get(Integer.parseInt(alias)).key();
    }

    @Override
    public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
        return null; // there are no sockets here, only engines
    }

    @Override
    public String[] getServerAliases(String keyType, Principal[] issuers) {
        return null;
    }

    @Override
    public String[] getClientAliases(String keyType, Principal[] issuers) {
        return null;
    }

    @Override
    public String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
        return null;
    }
}
