package io.postern.tls;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;

/**
 * That a listener asks its clients for certificates.
 *
 * @param required whether a client without one is turned away in the handshake
 * @param trust PEM file with the authorities that may vouch for clients
 */
public record ClientCertificates(boolean required, Path trust) {
    /** The setting that names the trust file, as errors call it. */
    static final String TRUST = "client-trust";

    public ClientCertificates {
        requireNonNull(trust);
    }
}
