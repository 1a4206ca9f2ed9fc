package io.postern.auth.oauth;

import io.postern.testkit.auth.TokenDirectoryContract;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

import java.util.List;
import java.util.Map;

/** The contract, for both ways to check a token. */
class OauthContractTest {

    abstract static class Checking implements TokenDirectoryContract {
        Issuer issuer;
        private String token;

        abstract Map<String, List<String>> settings();

        @BeforeEach
        void startIssuer() throws Exception {
            issuer = new Issuer();
            token = issuer.token(issuer.claims().build());
            issuer.known.put(
                    token,
                    "{\"active\":true,\"aud\":\"postern\",\"scope\":\"mail\",\"email\":\"alice\"}");
        }

        @AfterEach
        void stopIssuer() {
            issuer.close();
        }

        @Override
        public Oauth directory() throws Exception {
            return Issuer.start(settings());
        }

        @Override
        public String token() {
            return token;
        }
    }

    @Nested
    class BySignature extends Checking {
        @Override
        Map<String, List<String>> settings() {
            return issuer.settings();
        }
    }

    @Nested
    class ByIntrospection extends Checking {
        @Override
        Map<String, List<String>> settings() {
            return issuer.settings("introspection-url", issuer.url() + "/introspect");
        }
    }
}
