package io.postern.auth.oauth;

import io.postern.testkit.auth.Relay;
import io.postern.testkit.auth.RemoteDirectoryContract;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

import java.net.URI;

/**
 * The contract of directories that ask a server, where the issuer is asked about each token. What
 * an outage means where its keys are enough is in {@link KeysTest}.
 */
class OauthOutageTest implements RemoteDirectoryContract {
    private Issuer issuer;
    private Relay relay;
    private String token;

    @BeforeEach
    void startIssuer() throws Exception {
        issuer = new Issuer();
        relay = Relay.to(URI.create(issuer.url()).getPort());
        token = issuer.token(issuer.claims().build());
        issuer.known.put(
                token,
                "{\"active\":true,\"aud\":\"postern\",\"scope\":\"mail\",\"email\":\"alice\"}");
    }

    @AfterEach
    void stopIssuer() throws Exception {
        relay.close();
        issuer.close();
    }

    @Override
    public Oauth directory() throws Exception {
        return Issuer.start(
                issuer.settings(
                        "introspection-url",
                        "http://127.0.0.1:" + relay.port() + "/introspect",
                        "timeout",
                        "PT1S"));
    }

    @Override
    public Relay relay() {
        return relay;
    }

    @Override
    public String proof() {
        return token;
    }
}
