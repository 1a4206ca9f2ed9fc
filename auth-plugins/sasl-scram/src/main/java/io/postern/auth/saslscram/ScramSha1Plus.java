package io.postern.auth.saslscram;

import io.postern.spi.auth.ScramHash;

/** SASL SCRAM-SHA-1-PLUS (RFC 5802): bound to the TLS connection. */
public final class ScramSha1Plus extends Scram {
    public ScramSha1Plus() {
        super(ScramHash.SHA_1, true);
    }
}
