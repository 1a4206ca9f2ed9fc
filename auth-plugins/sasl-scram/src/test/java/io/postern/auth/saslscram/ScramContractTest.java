package io.postern.auth.saslscram;

import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.ScramHash;
import io.postern.testkit.auth.AuthMechanismContract;
import io.postern.testkit.auth.MemoryChannel;

import org.junit.jupiter.api.Nested;

/** The contract, for the two hash functions, without and with channel binding. */
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

    /** On a connection that can be bound to, by clients that do. */
    abstract static class Bound implements AuthMechanismContract {
        private static final byte[] BINDING = {1, 2, 3, 0, (byte) 0xff};

        private final ScramHash hash;

        Bound(ScramHash hash) {
            this.hash = hash;
        }

        @Override
        public Channel channel() {
            return MemoryChannel.bound("tls-exporter", BINDING);
        }

        @Override
        public Client client(String name, String secret, AuthContext connection) {
            return new ScramClient(hash, "p=tls-exporter,,", BINDING, name, secret);
        }
    }

    @Nested
    class WithSha1Plus extends Bound {
        WithSha1Plus() {
            super(ScramHash.SHA_1);
        }

        @Override
        public AuthMechanism mechanism() {
            return new ScramSha1Plus();
        }
    }

    @Nested
    class WithSha256Plus extends Bound {
        WithSha256Plus() {
            super(ScramHash.SHA_256);
        }

        @Override
        public AuthMechanism mechanism() {
            return new ScramSha256Plus();
        }
    }
}
