package io.postern.auth.sasloauth;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.testkit.auth.AuthMechanismContract;

import org.junit.jupiter.api.Nested;

/** The contract, for both mechanisms. */
class BearerContractTest {
    abstract static class With implements AuthMechanismContract {
        /** A token is ASCII (RFC 6750 §2.1). */
        @Override
        public String secretOfUtf8() {
            return "mF_9.B5f-4.1JqM==";
        }

        abstract String first(String name, String token);

        /** A token is made of few characters; what a client could not send becomes another one. */
        @Override
        public Client client(String name, String secret, AuthContext connection) {
            return challenge ->
                    (challenge.length == 0 ? first(name, secret.replace(' ', '.')) : "\u0001")
                            .getBytes(UTF_8);
        }
    }

    @Nested
    class WithOauthBearer extends With {
        @Override
        public AuthMechanism mechanism() {
            return new OauthBearer();
        }

        @Override
        String first(String name, String token) {
            return "n,a=" + name + ",\u0001host=x\u0001auth=Bearer " + token + "\u0001\u0001";
        }
    }

    @Nested
    class WithXoauth2 extends With {
        @Override
        public AuthMechanism mechanism() {
            return new Xoauth2();
        }

        @Override
        String first(String name, String token) {
            return "user=" + name + "\u0001auth=Bearer " + token + "\u0001\u0001";
        }
    }
}
