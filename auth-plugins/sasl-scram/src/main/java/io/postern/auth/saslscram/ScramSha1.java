package io.postern.auth.saslscram;

import io.postern.spi.auth.ScramHash;

/** SASL SCRAM-SHA-1 (RFC 5802). */
public final class ScramSha1 extends Scram {
    public ScramSha1() {
        super(ScramHash.SHA_1, false);
    }
}
