package io.postern.auth.oauth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;

import io.postern.auth.remote.Outage;
import io.postern.auth.remote.WebClient;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

class KeysTest {
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
    private Issuer issuer;
    private WebClient client;
    private Keys keys;

    @BeforeEach
    void startIssuer() throws Exception {
        issuer = new Issuer();
        client = new WebClient(Optional.empty(), Duration.ofSeconds(5));
        var at = Optional.of(URI.create(issuer.url() + "/keys"));
        keys = new Keys(client, issuer.url(), at, nanos::get);
    }

    @AfterEach
    void stopIssuer() {
        client.close();
        issuer.close();
    }

    private int found(String id) throws Outage {
        return keys.select(new JWKSelector(new JWKMatcher.Builder().keyID(id).build())).size();
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    @Test
    void aNewKeyIsFoundOnceATokenHasIt() throws Exception {
        assertEquals(1, found("one"));
        issuer.key = Issuer.key("two");
        pass(Keys.PATIENCE);
        assertEquals(1, found("two"));
        assertEquals(0, found("one"));
    }

    @Test
    void tokensWithKeysThatDoNotExistDoNotMakeItAskAgainAndAgain() throws Exception {
        for (int i = 0; i < 10; i++) {
            assertEquals(0, found("none" + i));
        }
        assertEquals(1, issuer.asked.size());
        pass(Keys.PATIENCE);
        found("none");
        found("none");
        assertEquals(2, issuer.asked.size());
    }

    @Test
    void aKeyThatIsWithdrawnEndsWhenTheKeysAreFetchedAgain() throws Exception {
        assertEquals(1, found("one"));
        issuer.key = Issuer.key("two");
        assertEquals(1, found("one"));
        pass(Keys.FRESH);
        assertEquals(0, found("one"));
    }

    @Test
    void inAnOutageTheKeysHoldForAWhileOnly() throws Exception {
        assertEquals(1, found("one"));
        issuer.status = 503;
        pass(Keys.USABLE.minusSeconds(1));
        assertEquals(1, found("one"));
        pass(Keys.PATIENCE);
        assertThrows(Outage.class, () -> found("one"));
        assertThrows(Outage.class, () -> found("one"));
        issuer.status = 200;
        assertEquals(1, found("one"));
    }
}
