package io.postern.spi.auth;

import io.postern.spi.Fault;
import io.postern.spi.Secret;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What the server gives to one {@link AuthExchange}: the directories of the client's realm behind
 * one door, and what is known of the connection. Implemented by the server only.
 *
 * <p>The server picks the realm by the name, asks its directories in order, and sees to it that an
 * unknown user costs what a known one costs.
 */
public interface AuthContext {

    /**
     * Asks for a password to be checked. An empty name or password is refused here, before any
     * directory sees it (an LDAP server would take an empty one as an anonymous bind).
     *
     * @param name what the client typed
     * @param password the caller's, who wipes it afterwards
     */
    Verdict checkPassword(String name, Secret password) throws Fault, InterruptedException;

    /**
     * Checks a proof that was made with a shared secret. For a user that does not exist the check
     * runs against a random secret, and its result is not looked at.
     *
     * @param name what the client typed
     * @param check says whether the proof fits the secret; compares in constant time; must not keep
     *     the secret, which is wiped when the check returns
     */
    Verdict checkShared(String name, Predicate<Secret> check) throws Fault, InterruptedException;

    /**
     * The stamp in this connection's greeting, angle brackets included (RFC 1939 §7), or an empty
     * text where the greeting had none.
     */
    String stamp();

    /** Whether the connection is encrypted. */
    boolean encrypted();

    /**
     * The certificates by which the client proved itself in the TLS handshake, its own first. They
     * were verified against what the listener trusts; empty where there were none.
     */
    default List<X509Certificate> clientCertificates() {
        return List.of();
    }

    /**
     * What ties a login to this very connection (RFC 5056).
     *
     * @param type {@code tls-exporter} (RFC 9266) or {@code tls-server-end-point} (RFC 5929 §4)
     * @return the caller's; empty in the clear, and where this connection has none of that type
     */
    default Optional<byte[]> channelBinding(String type) {
        return Optional.empty();
    }

    /** Where the client is. */
    InetAddress clientAddress();
}
