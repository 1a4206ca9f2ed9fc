package io.postern.auth.saslscram;

import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.ScramHash;
import io.postern.testkit.auth.AuthMechanismContract;

import org.junit.jupiter.api.Nested;

/** The contract, for the two hash functions, without channel binding. */
class ScramContractTest {
    abstract static class With implements AuthMechanismContract {
        private final ScramHash hash;

        With(ScramHash hash) {
            this.hash = hash;
        }

        @Override
        public Client client(String name, String secret, AuthContext connection) {
            return new ScramClient(hash, "n,,", new byte[0], name, secret);
        }
    }

    @Nested
    class WithSha1 extends With {
        WithSha1() {
            super(ScramHash.SHA_1);
        }

        @Override
        public AuthMechanism mechanism() {
            return new ScramSha1();
        }
    }

    @Nested
    class WithSha256 extends With {
        WithSha256() {
            super(ScramHash.SHA_256);
        }

        @Override
        public AuthMechanism mechanism() {
            return new ScramSha256();
        }
    }
}
