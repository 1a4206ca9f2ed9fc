package io.postern.auth.oauth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;

import io.postern.auth.remote.Circuit;
import io.postern.auth.remote.Outage;
import io.postern.auth.remote.WebClient;
import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.Health;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.auth.TokenDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Bearer tokens of one issuer: signed ones (JWT, RFC 7519), checked with the issuer's public keys;
 * or any, which the issuer is asked about each time (introspection, RFC 7662).
 */
public final class Oauth implements TokenDirectory, Health {
    private static final Setting ISSUER =
            Setting.required(
                    "issuer",
                    Setting.Kind.TEXT,
                    "The issuer, spelled as in its tokens' claim iss.");

    private static final Setting AUDIENCE =
            Setting.required(
                            "audience",
                            Setting.Kind.TEXT,
                            "Whom tokens are for (claim aud); any of them, if there are several.")
                    .anyNumber();

    private static final Setting SCOPE =
            Setting.optional("scope", Setting.Kind.TEXT, "A scope that a token must have.")
                    .anyNumber();

    private static final Setting NAME_CLAIM =
            Setting.withDefault(
                    "name-claim",
                    Setting.Kind.TEXT,
                    "email",
                    "The claim with the user's canonical name.");

    private static final Setting ATTRIBUTE =
            Setting.optional(
                            "attribute",
                            Setting.Kind.TEXT,
                            "maildrop=mail_store gives the user the attribute maildrop from a claim.")
                    .anyNumber();

    private static final Setting JWKS_URL =
            Setting.optional(
                    "jwks-url",
                    Setting.Kind.TEXT,
                    "Where the issuer's keys are; else its configuration says it.");

    private static final Setting INTROSPECTION_URL =
            Setting.optional(
                    "introspection-url",
                    Setting.Kind.TEXT,
                    "Where the issuer is asked about each token, in place of looking at its keys.");

    private static final Setting CLIENT_ID =
            Setting.optional("client-id", Setting.Kind.TEXT, "Who asks there.");

    private static final Setting CLIENT_SECRET =
            Setting.optional("client-secret", Setting.Kind.SECRET, "And what proves it.");

    private static final Setting CLOCK_SKEW =
            Setting.withDefault(
                            "clock-skew",
                            Setting.Kind.DURATION,
                            "PT1M",
                            "How far the issuer's clock may be from ours.")
                    .between("PT0S", "PT10M");

    private static final Setting CA_FILE =
            Setting.optional(
                    "ca-file",
                    Setting.Kind.PATH,
                    "The certificates, in PEM, that the issuer's must lead to; else those of Java.");

    private static final Setting TIMEOUT =
            Setting.withDefault(
                            "timeout",
                            Setting.Kind.DURATION,
                            "PT5S",
                            "How long the issuer may take.")
                    .between("PT1S", "PT1M");

    /** Longest token, octets. */
    private static final int MAX_TOKEN = 16 * 1024;

    private static final int OK = 200;
    private static final int UNAUTHORIZED = 401;

    /** With a public key only: a shared one could be the public one by mistake (RFC 8725 §2.1). */
    private static final Set<JWSAlgorithm> ALGORITHMS =
            Set.of(
                    JWSAlgorithm.RS256,
                    JWSAlgorithm.RS384,
                    JWSAlgorithm.RS512,
                    JWSAlgorithm.PS256,
                    JWSAlgorithm.PS384,
                    JWSAlgorithm.PS512,
                    JWSAlgorithm.ES256,
                    JWSAlgorithm.ES384,
                    JWSAlgorithm.ES512);

    private final Clock clock;
    private Rules rules;
    private Keys keys;
    private Optional<URI> introspection;
    private String credentials = "";
    private Circuit circuit;
    private WebClient client;

    public Oauth() {
        this(Clock.systemUTC());
    }

    Oauth(Clock clock) {
        this.clock = clock;
    }

    @Override
    public List<Setting> settings() {
        return List.of(
                ISSUER,
                AUDIENCE,
                SCOPE,
                NAME_CLAIM,
                ATTRIBUTE,
                JWKS_URL,
                INTROSPECTION_URL,
                CLIENT_ID,
                CLIENT_SECRET,
                CLOCK_SKEW,
                CA_FILE,
                TIMEOUT);
    }

    @Override
    public void check(PluginConfig config, Findings findings) {
        read(config).close();
    }

    @Override
    public void start(PluginConfig config) throws Fault, InterruptedException {
        client = read(config);
        try {
            circuit.first(
                    introspection.isPresent()
                            ? () -> introspected(introspection.get(), "postern")
                            : () -> {
                                keys.fetchFirst();
                                return "";
                            });
        } catch (Fault e) {
            throw (SettingException)
                    new SettingException(
                                    INTROSPECTION_URL.name(),
                                    e.getMessage(),
                                    "Give the address of the issuer's token introspection.")
                            .initCause(e);
        }
    }

    /** Takes what the settings say, and asks nobody. */
    private WebClient read(PluginConfig config) {
        var timeout = config.duration(TIMEOUT.name());
        var issuer = config.text(ISSUER.name());
        introspection =
                config.optionalText(INTROSPECTION_URL.name()).map(it -> url(INTROSPECTION_URL, it));
        var jwks = config.optionalText(JWKS_URL.name()).map(it -> url(JWKS_URL, it));
        if (introspection.isPresent() && jwks.isPresent()) {
            throw new SettingException(
                    JWKS_URL.name(),
                    "it does not go with <introspection-url>",
                    "Keep one of them.");
        }
        if (introspection.isEmpty() && jwks.isEmpty()) {
            var _ = url(ISSUER, issuer);
        }
        credentials(config);
        var attributes = new LinkedHashMap<String, String>();
        for (var pair : config.allTexts(ATTRIBUTE.name())) {
            if (!pair.matches("[^=\\s]+=\\S+")) {
                throw new SettingException(
                        ATTRIBUTE.name(),
                        "\"" + pair + "\" is not two names with an equals sign between",
                        "Write one like maildrop=mail_store.");
            }
            attributes.put(
                    pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
        }
        rules =
                new Rules(
                        issuer,
                        Set.copyOf(config.allTexts(AUDIENCE.name())),
                        Set.copyOf(config.allTexts(SCOPE.name())),
                        config.duration(CLOCK_SKEW.name()),
                        config.text(NAME_CLAIM.name()),
                        attributes,
                        clock);
        circuit = new Circuit("the issuer " + issuer, timeout);
        WebClient asking;
        try {
            asking = new WebClient(config.optionalPath(CA_FILE.name()), timeout);
        } catch (IOException | GeneralSecurityException e) {
            throw (SettingException)
                    new SettingException(
                                    CA_FILE.name(),
                                    "the certificates cannot be used: " + Fault.words(e),
                                    "Name a file of certificates in PEM.")
                            .initCause(e);
        }
        keys = new Keys(asking, issuer, jwks, System::nanoTime);
        return asking;
    }

    @Override
    public Optional<String> trouble() {
        return circuit.trouble();
    }

    @Override
    public void close() {
        if (client != null) {
            client.close();
        }
    }

    @Override
    public Verdict verifyToken(Secret token) throws Fault, InterruptedException {
        var octets = token.octets();
        // Nimbus and a form take nothing but text.
        var text = new String(octets, StandardCharsets.ISO_8859_1);
        Arrays.fill(octets, (byte) 0);
        if (text.length() > MAX_TOKEN || !text.matches("[A-Za-z0-9._~+/=-]+")) {
            return new Verdict.Refused(Reason.WRONG_PROOF);
        }
        return circuit.call(() ->
                introspection.isPresent() ? introspected(introspection.get(), text) : signed(text));
    }

    private Verdict signed(String text) throws Outage {
        SignedJWT token;
        String issuer;
        try {
            token = SignedJWT.parse(text);
            issuer = token.getJWTClaimsSet().getIssuer();
        } catch (ParseException e) {
            // Another directory may know what it is.
            return new Verdict.Refused(Reason.UNKNOWN_USER);
        }
        if (!rules.issuer().equals(issuer)) {
            return new Verdict.Refused(Reason.UNKNOWN_USER);
        }
        var processor = new DefaultJWTProcessor<SecurityContext>();
        processor.setJWSTypeVerifier(
                new DefaultJOSEObjectTypeVerifier<>(
                        JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
        processor.setJWSKeySelector(
                new JWSVerificationKeySelector<>(
                        ALGORITHMS,
                        (selector, _) -> {
                            try {
                                return keys.select(selector);
                            } catch (Outage e) {
                                throw new KeySourceException("no keys", e);
                            }
                        }));
        processor.setJWTClaimsSetVerifier((_, _) -> {}); // the rules are ours
        try {
            return rules.judge(processor.process(token, null));
        } catch (KeySourceException e) {
            if (e.getCause() instanceof Outage outage) {
                throw outage;
            }
            throw new IllegalStateException("only the keys' own reason was expected", e);
        } catch (BadJOSEException | JOSEException e) {
            return new Verdict.Refused(Reason.WRONG_PROOF);
        }
    }

    private Verdict introspected(URI at, String token) throws Outage, Fault {
        var form = "token=" + URLEncoder.encode(token, StandardCharsets.UTF_8);
        var request =
                HttpRequest.newBuilder(at)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .header("Accept", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(form));
        if (!credentials.isEmpty()) {
            request.header("Authorization", credentials);
        }
        var answer = client.send(request.build());
        if (answer.statusCode() == UNAUTHORIZED) {
            // RFC 7662 §2.3.
            throw new Outage(
                    new SettingException(
                            credentials.isEmpty() ? CLIENT_ID.name() : CLIENT_SECRET.name(),
                            at + " refuses this server: it answers with status " + UNAUTHORIZED,
                            "Give the <client-id> and <client-secret> that it knows."));
        }
        if (answer.statusCode() != OK) {
            throw new Fault(
                    Fault.Kind.PERMANENT, at + " answers with status " + answer.statusCode());
        }
        try {
            var claims = JSONObjectUtils.parse(new String(answer.body(), StandardCharsets.UTF_8));
            if (!JSONObjectUtils.getBoolean(claims, "active")) {
                return new Verdict.Refused(Reason.WRONG_PROOF);
            }
            // RFC 7662 §2.2 lets it leave both out: who answers is the issuer, and says "active".
            claims.putIfAbsent("iss", rules.issuer());
            claims.putIfAbsent("exp", clock.instant().plus(Duration.ofMinutes(1)).getEpochSecond());
            return rules.judge(JWTClaimsSet.parse(claims));
        } catch (ParseException e) {
            throw Fault.permanent("the answer of " + at + " is not that of RFC 7662", e);
        }
    }

    private void credentials(PluginConfig config) {
        if (config.has(CLIENT_ID.name()) != config.has(CLIENT_SECRET.name())) {
            throw new SettingException(
                    config.has(CLIENT_ID.name()) ? CLIENT_SECRET.name() : CLIENT_ID.name(),
                    "it is missing",
                    "<client-id> and <client-secret> go together.");
        }
        if (config.has(CLIENT_ID.name())) {
            try (var secret = config.secret(CLIENT_SECRET.name())) {
                var chars = secret.chars();
                // RFC 6749 §2.3.1.
                var pair =
                        URLEncoder.encode(config.text(CLIENT_ID.name()), StandardCharsets.UTF_8)
                                + ":"
                                + URLEncoder.encode(new String(chars), StandardCharsets.UTF_8);
                Arrays.fill(chars, '\0');
                credentials =
                        "Basic "
                                + Base64.getEncoder()
                                        .encodeToString(pair.getBytes(StandardCharsets.US_ASCII));
            }
        }
    }

    /** Over TLS, or to this machine: who can answer in the issuer's place makes the users. */
    private static URI url(Setting setting, String text) {
        try {
            var url = new URI(text);
            var here = List.of("127.0.0.1", "[::1]", "localhost");
            if (url.getHost() != null
                    && url.getUserInfo() == null
                    && ("https".equals(url.getScheme())
                            || ("http".equals(url.getScheme()) && here.contains(url.getHost())))) {
                return url;
            }
        } catch (URISyntaxException e) {
            // Told below, in the operator's words.
        }
        throw new SettingException(
                setting.name(),
                "\"" + text + "\" is not an https:// address",
                "Give one; http:// is for this machine only.");
    }
}
