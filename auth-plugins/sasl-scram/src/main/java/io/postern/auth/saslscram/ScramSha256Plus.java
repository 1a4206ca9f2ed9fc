package io.postern.auth.saslscram;

import io.postern.spi.auth.ScramHash;

/** SASL SCRAM-SHA-256-PLUS (RFC 7677): bound to the TLS connection. */
public final class ScramSha256Plus extends Scram {
    public ScramSha256Plus() {
        super(ScramHash.SHA_256, true);
    }
}
