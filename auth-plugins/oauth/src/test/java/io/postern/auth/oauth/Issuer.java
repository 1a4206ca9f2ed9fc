package io.postern.auth.oauth;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.auth.Verdict;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** An issuer on loopback, with its configuration, its keys and its introspection. */
final class Issuer implements AutoCloseable {
    static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");

    private final HttpServer server;

    /** Paths that were asked for, in order. */
    final List<String> asked = new CopyOnWriteArrayList<>();

    /** In place of the right status. */
    volatile int status = 200;

    volatile String named;
    volatile ECKey key = key("one");

    /** Tokens by what introspection says of them. */
    final Map<String, String> known = new LinkedHashMap<>();

    volatile String authorization;

    Issuer() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        named = url();
        server.createContext(
                "/.well-known/openid-configuration",
                exchange ->
                        reply(
                                exchange,
                                "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}"
                                        .formatted(named, url())));
        server.createContext(
                "/keys", exchange -> reply(exchange, new JWKSet(key).toPublicJWKSet().toString()));
        server.createContext(
                "/introspect",
                exchange -> {
                    authorization = exchange.getRequestHeaders().getFirst("Authorization");
                    var form =
                            new String(
                                    exchange.getRequestBody().readAllBytes(),
                                    StandardCharsets.US_ASCII);
                    reply(
                            exchange,
                            known.getOrDefault(form.replace("token=", ""), "{\"active\":false}"));
                });
        server.start();
    }

    static ECKey key(String id) throws Exception {
        return new ECKeyGenerator(Curve.P_256).keyID(id).generate();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Claims of a token that holds. */
    JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer(url())
                .subject("subject-1")
                .audience("postern")
                .expirationTime(Date.from(NOW.plusSeconds(300)))
                .issueTime(Date.from(NOW))
                .claim("scope", "openid mail")
                .claim("email", "alice");
    }

    String token(JWTClaimsSet claims) throws Exception {
        return token(claims, key, "at+jwt");
    }

    static String token(JWTClaimsSet claims, ECKey key, String type) throws Exception {
        var token =
                new SignedJWT(
                        new JWSHeader.Builder(JWSAlgorithm.ES256)
                                .type(new JOSEObjectType(type))
                                .keyID(key.getKeyID())
                                .build(),
                        claims);
        token.sign(new ECDSASigner(key));
        return token.serialize();
    }

    /** Settings for this issuer, and more by pairs of name and value; an empty value removes. */
    Map<String, List<String>> settings(String... pairs) {
        var settings = new LinkedHashMap<String, List<String>>();
        settings.put("issuer", List.of(url()));
        settings.put("audience", List.of("postern"));
        settings.put("scope", List.of("mail"));
        for (int i = 0; i < pairs.length; i += 2) {
            settings.put(pairs[i], new ArrayList<>(List.of(pairs[i + 1])));
        }
        settings.values().removeIf(it -> it.equals(List.of("")));
        return settings;
    }

    static Oauth start(Map<String, List<String>> settings) throws Exception {
        var oauth = new Oauth(Clock.offset(Clock.fixed(NOW, ZoneOffset.UTC), Duration.ZERO));
        try {
            oauth.start(
                    new PluginConfig(
                            oauth.settings(),
                            settings,
                            Path.of("target"),
                            Path.of("target/state")));
            return oauth;
        } catch (Exception e) {
            oauth.close();
            throw e;
        }
    }

    static Verdict ask(Oauth oauth, String text) throws Exception {
        try (var token = Secret.of(text)) {
            return oauth.verifyToken(token);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void reply(HttpExchange exchange, String body) throws IOException {
        try (exchange) {
            asked.add(exchange.getRequestURI().getPath());
            var octets = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, octets.length);
            exchange.getResponseBody().write(octets);
        }
    }
}
