package io.postern.auth.oauth;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.util.JSONObjectUtils;

import io.postern.auth.remote.Outage;
import io.postern.auth.remote.WebClient;
import io.postern.spi.Fault;
import io.postern.spi.SettingException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The issuer's public keys (RFC 7517), fetched when they are asked for and kept for a while. Any
 * number of threads; one fetches, the others wait for it.
 */
final class Keys {
    private static final Logger log = LoggerFactory.getLogger(Keys.class);

    /** Older ones are fetched again. */
    static final Duration FRESH = Duration.ofMinutes(5);

    /** Older ones are used no more, even if no others can be had. */
    static final Duration USABLE = Duration.ofHours(1);

    /** A token with a key that is not known has them fetched no sooner than this. */
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final int OK = 200;

    private final WebClient client;
    private final String issuer;
    private final Optional<URI> given;
    private final LongSupplier nanoTime;
    private final ReentrantLock fetching = new ReentrantLock();
    private JWKSet set;
    private long fetched;
    private long tried;

    /**
     * @param given where they are; without it, where the issuer's configuration says (OpenID
     *     Connect Discovery §4)
     */
    Keys(WebClient client, String issuer, Optional<URI> given, LongSupplier nanoTime) {
        this.client = client;
        this.issuer = issuer;
        this.given = given;
        this.nanoTime = nanoTime;
    }

    /** Fetches them, if that has not been done. */
    void fetchFirst() throws Outage {
        fetching.lock();
        try {
            if (set == null) {
                fetch();
            }
        } finally {
            fetching.unlock();
        }
    }

    /** The keys that fit. */
    List<JWK> select(JWKSelector selector) throws Outage {
        fetching.lock();
        try {
            if (set == null || age(fetched).compareTo(FRESH) >= 0) {
                fetch();
            }
            var fitting = selector.select(set);
            if (fitting.isEmpty() && age(tried).compareTo(PATIENCE) >= 0) {
                fetch();
                fitting = selector.select(set);
            }
            return fitting;
        } finally {
            fetching.unlock();
        }
    }

    private void fetch() throws Outage {
        if (set != null && age(tried).compareTo(PATIENCE) < 0) {
            return;
        }
        tried = nanoTime.getAsLong();
        try {
            var from = given.isPresent() ? given.get() : discover();
            set = JWKSet.parse(text(from)).toPublicJWKSet();
            fetched = tried;
        } catch (ParseException e) {
            without(new Outage("the keys or the configuration cannot be read", false, e));
        } catch (Outage e) {
            without(e);
        }
    }

    private void without(Outage outage) throws Outage {
        if (set == null || age(fetched).compareTo(USABLE) >= 0) {
            set = null;
            throw outage;
        }
        log.warn(
                "the keys of {} cannot be fetched; those from before are used: {}",
                issuer,
                Fault.words(outage));
    }

    private URI discover() throws Outage, ParseException {
        var at = URI.create(issuer.replaceFirst("/$", "") + "/.well-known/openid-configuration");
        var configuration = JSONObjectUtils.parse(text(at));
        if (!issuer.equals(JSONObjectUtils.getString(configuration, "issuer"))) {
            throw new Outage(
                    new SettingException(
                            "issuer",
                            "the configuration at "
                                    + at
                                    + " is another issuer's: "
                                    + JSONObjectUtils.getString(configuration, "issuer"),
                            "Spell the issuer as its configuration does."));
        }
        var keys = JSONObjectUtils.getURI(configuration, "jwks_uri");
        if (keys == null) {
            throw new Outage("the configuration at " + at + " names no jwks_uri", false, null);
        }
        return keys;
    }

    private String text(URI from) throws Outage {
        var answer = client.send(HttpRequest.newBuilder(from).GET().build());
        if (answer.statusCode() != OK) {
            throw new Outage(from + " answers with status " + answer.statusCode(), false, null);
        }
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    private Duration age(long since) {
        return Duration.ofNanos(nanoTime.getAsLong() - since);
    }
}
