package io.postern.auth.saslscram;

import io.postern.spi.auth.ScramHash;

/** SASL SCRAM-SHA-256 (RFC 7677). */
public final class ScramSha256 extends Scram {
    public ScramSha256() {
        super(ScramHash.SHA_256, false);
    }
}
