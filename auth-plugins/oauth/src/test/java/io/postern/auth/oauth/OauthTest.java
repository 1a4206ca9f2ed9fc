package io.postern.auth.oauth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

class OauthTest {
    private static final Verdict ALICE = new Verdict.Accepted(new User("alice"));
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);
    private static final Verdict BARRED = new Verdict.Refused(Reason.NOT_ALLOWED);

    private Issuer issuer;

    @BeforeEach
    void startIssuer() throws Exception {
        issuer = new Issuer();
    }

    @AfterEach
    void stopIssuer() {
        issuer.close();
    }

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(UserDirectory.class).findFirst().orElseThrow();
        assertEquals("oauth", found.name());
    }

    @Test
    void theKeysAreFoundByTheIssuersConfigurationAndFetchedOnce() throws Exception {
        try (var oauth = Issuer.start(issuer.settings())) {
            for (int i = 0; i < 3; i++) {
                assertEquals(ALICE, ask(oauth, issuer.claims()));
            }
            assertEquals(List.of("/.well-known/openid-configuration", "/keys"), issuer.asked);
        }
    }

    @Test
    void claimsBecomeAttributes() throws Exception {
        var settings =
                issuer.settings("attribute", "maildrop=store", "name-claim", "preferred_username");
        try (var oauth = Issuer.start(settings)) {
            assertEquals(
                    new Verdict.Accepted(new User("al", Map.of("maildrop", "team/al"))),
                    ask(
                            oauth,
                            issuer.claims()
                                    .claim("preferred_username", "al")
                                    .claim("store", "team/al")));
        }
    }

    @Test
    void eachRuleOfTheClaimsIsKept() throws Exception {
        try (var oauth = Issuer.start(issuer.settings())) {
            var skew = 60;
            assertEquals(UNKNOWN, ask(oauth, issuer.claims().issuer("http://other")));
            assertEquals(UNKNOWN, ask(oauth, issuer.claims().issuer(issuer.url() + "/")));
            assertEquals(WRONG, ask(oauth, issuer.claims().audience("another")));
            assertEquals(WRONG, ask(oauth, issuer.claims().audience((String) null)));
            assertEquals(ALICE, ask(oauth, issuer.claims().audience(List.of("a", "postern"))));
            assertEquals(WRONG, ask(oauth, issuer.claims().expirationTime(null)));
            assertEquals(WRONG, ask(oauth, issuer.claims().expirationTime(at(-skew))));
            assertEquals(ALICE, ask(oauth, issuer.claims().expirationTime(at(1 - skew))));
            assertEquals(WRONG, ask(oauth, issuer.claims().notBeforeTime(at(skew + 1))));
            assertEquals(ALICE, ask(oauth, issuer.claims().notBeforeTime(at(skew))));
            assertEquals(WRONG, ask(oauth, issuer.claims().issueTime(at(skew + 1))));
            assertEquals(BARRED, ask(oauth, issuer.claims().claim("scope", "openid mailx")));
            assertEquals(BARRED, ask(oauth, issuer.claims().claim("scope", null)));
            assertEquals(
                    ALICE,
                    ask(oauth, issuer.claims().claim("scope", null).claim("scp", List.of("mail"))));
            assertEquals(BARRED, ask(oauth, issuer.claims().claim("email", null)));
            assertEquals(BARRED, ask(oauth, issuer.claims().claim("email", 7)));
            assertEquals(BARRED, ask(oauth, issuer.claims().claim("email", "")));
            assertEquals(BARRED, ask(oauth, issuer.claims().claim("email_verified", false)));
            assertEquals(ALICE, ask(oauth, issuer.claims().claim("email_verified", true)));
        }
    }

    @Test
    void aTokenThatTheIssuerDidNotSignIsWrong() throws Exception {
        try (var oauth = Issuer.start(issuer.settings())) {
            var claims = issuer.claims().build();
            assertEquals(WRONG, Issuer.ask(oauth, Issuer.token(claims, Issuer.key("one"), "JWT")));
            assertEquals(WRONG, Issuer.ask(oauth, Issuer.token(claims, Issuer.key("two"), "JWT")));
            assertEquals(WRONG, Issuer.ask(oauth, Issuer.token(claims, issuer.key, "logout+jwt")));

            var parts = issuer.token(claims).split("\\.", -1);
            var mallory =
                    Base64URL.encode(issuer.claims().claim("email", "mallory").build().toString());
            assertEquals(WRONG, Issuer.ask(oauth, parts[0] + "." + mallory + "." + parts[2]));
            assertEquals(WRONG, Issuer.ask(oauth, parts[0] + "." + parts[1] + ".AAAA"));

            // RFC 8725 §2.1: no signature, or one made with the public key as a shared secret.
            assertEquals(UNKNOWN, Issuer.ask(oauth, new PlainJWT(claims).serialize()));
            var shared =
                    new SignedJWT(
                            new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("one").build(), claims);
            shared.sign(
                    new MACSigner(
                            issuer.key
                                    .toPublicJWK()
                                    .toString()
                                    .getBytes(StandardCharsets.US_ASCII)));
            assertEquals(WRONG, Issuer.ask(oauth, shared.serialize()));
        }
    }

    @Test
    void keysThatCannotBeHadAreAnOutageAndNoWrongToken() throws Exception {
        for (var settings :
                List.of(
                        issuer.settings(),
                        issuer.settings("jwks-url", issuer.url() + "/keys"),
                        issuer.settings("jwks-url", issuer.url() + "/nowhere"))) {
            issuer.status = 500;
            try (var oauth = Issuer.start(settings)) {
                var fault = assertThrows(Fault.class, () -> ask(oauth, issuer.claims()));
                assertEquals(Fault.Kind.TEMPORARY, fault.kind());
            }
        }
    }

    @Test
    void theConfigurationOfAnotherIssuerIsNotBelieved() throws Exception {
        var right = issuer.named;
        issuer.named = "https://other.example.org";
        var refused = assertThrows(SettingException.class, () -> Issuer.start(issuer.settings()));
        assertEquals("issuer", refused.setting());
        assertTrue(refused.getMessage().contains(issuer.named), refused.getMessage());

        issuer.status = 500;
        try (var oauth = Issuer.start(issuer.settings())) {
            issuer.status = 200;
            var fault = assertThrows(Fault.class, () -> ask(oauth, issuer.claims()));
            assertEquals(Fault.Kind.PERMANENT, fault.kind());
            issuer.named = right;
            assertEquals(ALICE, ask(oauth, issuer.claims()));
        }
    }

    @Test
    void anIntrospectionThatRefusesThisServerIsSaidAtTheStartAndAtALogin() throws Exception {
        var at = issuer.url() + "/introspect";
        var settings =
                issuer.settings(
                        "introspection-url", at, "client-id", "postern", "client-secret", "geheim");
        issuer.status = 401;
        var refused = assertThrows(SettingException.class, () -> Issuer.start(settings));
        assertEquals("client-secret", refused.setting());
        assertTrue(refused.getMessage().contains(at), refused.getMessage());
        var nobody =
                assertThrows(
                        SettingException.class,
                        () -> Issuer.start(issuer.settings("introspection-url", at)));
        assertEquals("client-id", nobody.setting());

        issuer.status = 200;
        try (var oauth = Issuer.start(settings)) {
            issuer.status = 401;
            var fault = assertThrows(Fault.class, () -> Issuer.ask(oauth, "opaque"));
            assertEquals(Fault.Kind.PERMANENT, fault.kind());
            assertTrue(fault.getMessage().contains("<client-secret>"), fault.getMessage());
            assertEquals(fault.getMessage(), oauth.trouble().orElseThrow());
            assertFalse(fault.getMessage().contains("geheim"), fault.getMessage());
        }
        issuer.status = 404;
        assertEquals(
                "introspection-url",
                assertThrows(SettingException.class, () -> Issuer.start(settings)).setting());
    }

    @Test
    void anIssuerThatIsDownMayComeLater() throws Exception {
        issuer.close();
        for (var settings :
                List.of(
                        issuer.settings(),
                        issuer.settings("introspection-url", issuer.url() + "/introspect"))) {
            try (var oauth = Issuer.start(settings)) {
                var fault = assertThrows(Fault.class, () -> ask(oauth, issuer.claims()));
                assertEquals(Fault.Kind.TEMPORARY, fault.kind());
                assertTrue(fault.getMessage().contains("connect"), fault.getMessage());
            }
        }
    }

    @Test
    void aCheckAsksNobody() {
        try (var oauth = new Oauth()) {
            oauth.check(
                    new PluginConfig(
                            oauth.settings(),
                            issuer.settings(),
                            Path.of("target"),
                            Path.of("target/state")),
                    null);
            assertEquals(List.of(), issuer.asked);
        }
    }

    @Test
    void onceTheyAreThereTheKeysSurviveAnOutage() throws Exception {
        try (var oauth = Issuer.start(issuer.settings())) {
            assertEquals(ALICE, ask(oauth, issuer.claims()));
            issuer.close();
            assertEquals(ALICE, ask(oauth, issuer.claims()));
            assertEquals(
                    WRONG,
                    Issuer.ask(
                            oauth,
                            Issuer.token(issuer.claims().build(), Issuer.key("two"), "JWT")));
        }
    }

    @Test
    void introspectionIsAskedEachTimeAndToldWhoAsks() throws Exception {
        var settings =
                issuer.settings(
                        "introspection-url",
                        issuer.url() + "/introspect",
                        "client-id",
                        "postern",
                        "client-secret",
                        "ge heim");
        issuer.known.put(
                "opaque",
                "{\"active\":true,\"aud\":[\"postern\"],\"scope\":\"mail\",\"email\":\"alice\"}");
        try (var oauth = Issuer.start(settings)) {
            assertEquals(ALICE, Issuer.ask(oauth, "opaque"));
            assertEquals("Basic cG9zdGVybjpnZStoZWlt", issuer.authorization);
            issuer.known.put("opaque", "{\"active\":false}");
            assertEquals(WRONG, Issuer.ask(oauth, "opaque"));
            issuer.known.put("opaque", "{\"active\":true,\"aud\":\"x\",\"email\":\"alice\"}");
            assertEquals(WRONG, Issuer.ask(oauth, "opaque"));
            issuer.known.put("opaque", "{\"active\":true,\"aud\":\"postern\",\"exp\":1}");
            assertEquals(WRONG, Issuer.ask(oauth, "opaque"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "[]", "{}", "{\"active\":\"yes\"}", "{\"active\":true,\"exp\":\"x\"}"})
    void anAnswerOfIntrospectionThatIsNoneLetsNobodyIn(String answer) throws Exception {
        issuer.known.put("opaque", answer);
        try (var oauth =
                Issuer.start(issuer.settings("introspection-url", issuer.url() + "/introspect"))) {
            var fault = assertThrows(Fault.class, () -> Issuer.ask(oauth, "opaque"));
            assertEquals(Fault.Kind.PERMANENT, fault.kind());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "issuer, http://issuer.example.org",
        "issuer, nonsense",
        "jwks-url, http://keys.example.org",
        "introspection-url, ftp://x",
        "client-id, x",
        "client-secret, x",
        "clock-skew, PT1H",
        "timeout, PT0S",
        "attribute, maildrop",
        "ca-file, /nowhere.pem",
        "audience, ''"
    })
    void aSettingThatCannotBeUsedIsRefused(String setting, String value) {
        var refused =
                assertThrows(
                        SettingException.class,
                        () -> Issuer.start(issuer.settings(setting, value)));
        if (!setting.startsWith("client")) {
            assertEquals(setting, refused.setting());
        }
    }

    private Verdict ask(Oauth oauth, JWTClaimsSet.Builder claims) throws Exception {
        return Issuer.ask(oauth, issuer.token(claims.build()));
    }

    private static Date at(long seconds) {
        return Date.from(Issuer.NOW.plusSeconds(seconds));
    }
}
