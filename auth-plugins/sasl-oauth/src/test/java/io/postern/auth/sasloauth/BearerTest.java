package io.postern.auth.sasloauth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.AuthStep.Challenge;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.auth.MemoryRealm;
import io.postern.testkit.auth.MemoryTokens;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.StreamSupport;

/** In the texts below, "^" stands for octet 1. */
class BearerTest {
    private static final Verdict MALFORMED = new Verdict.Refused(Reason.MALFORMED);

    /** The token of the examples in RFC 7628 §4. */
    private static final String TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

    private final MemoryRealm realm = MemoryRealm.of(Map.of("user@example.com", TOKEN));
    private final OauthBearer oauthBearer = new OauthBearer();
    private final Xoauth2 xoauth2 = new Xoauth2();

    @Test
    void bothAreFoundUnderTheirNames() {
        var found =
                StreamSupport.stream(ServiceLoader.load(AuthMechanism.class).spliterator(), false)
                        .toList();
        assertEquals(
                List.of("oauth-bearer", "xoauth2"),
                found.stream().map(AuthMechanism::name).toList());
        assertEquals(
                List.of("OAUTHBEARER", "XOAUTH2"),
                found.stream().map(AuthMechanism::mechanism).toList());
    }

    @Test
    void onlyADirectoryOfTokensServesThem() {
        assertTrue(xoauth2.servedBy(new MemoryTokens(Map.of())));
        assertFalse(xoauth2.servedBy(new MemoryUsers(Map.of())));
    }

    @Test
    @Tag("protocol-71")
    void whoReadsTheLineHasTheTokenSoThatTlsIsRequired() {
        assertTrue(oauthBearer.plaintext());
        assertTrue(xoauth2.plaintext());
    }

    @ParameterizedTest
    @Tag("protocol-71")
    @ValueSource(
            strings = {
                "n,a=user@example.com,^host=server.example.com^port=143^auth=Bearer %s^^",
                "n,a=user@example.com,^auth=Bearer %s^^",
                "n,,^auth=bearer %s^^",
                "y,,^auth=BEARER %s^^",
                "n,,^unknown=key, \t with anything~^auth=Bearer %s^port=65535^empty=^^"
            })
    void aMessageByTheBookIsAccepted(String message) throws Exception {
        assertEquals(accepted(), answer(oauthBearer, message));
    }

    @ParameterizedTest
    @Tag("protocol-71")
    @ValueSource(
            strings = {
                "",
                "^",
                "n,,",
                "n,,^",
                "n,,^^",
                "n,,^host=x^^",
                "n,,^auth=Bearer %s^",
                "n,,^auth=Bearer %s",
                "n,,^auth=Bearer %s^^x",
                "n,,^auth=Bearer %s^^^",
                "n,,auth=Bearer %s^^",
                "n,,^auth=Bearer^^",
                "n,,^auth=Bearer ^^",
                "n,,^auth=Basic %s^^",
                "n,,^auth=Bearer  %s^^",
                "n,,^auth=Bearer %s x^^",
                "n,,^auth=Bearer %s\u0007^^",
                "n,,^auth=Bearer ==^^",
                "n,,^auth=Bearer \u00e9^^",
                "n,,^auth=Bearer %s^auth=Bearer %s^^",
                "n,,^auth=Bearer %s^port=65536^^",
                "n,,^auth=Bearer %s^port=x^^",
                "n,,^1=x^auth=Bearer %s^^",
                "n,,^=x^auth=Bearer %s^^",
                "n,,^x^auth=Bearer %s^^",
                "n,,^x=\0^auth=Bearer %s^^",
                "p=tls-exporter,,^auth=Bearer %s^^",
                "n,a=,^auth=Bearer %s^^",
                "n,a=x=y,^auth=Bearer %s^^",
                "n,a=x\0,^auth=Bearer %s^^",
                "n^auth=Bearer %s^^"
            })
    void anyOtherIsMalformedAndNoTokenIsLookedAt(String message) throws Exception {
        assertEquals(MALFORMED, answer(oauthBearer, message));
        assertTrue(realm.verdicts().isEmpty());
    }

    /** As long as a response can be: it takes no stack for each of its characters. */
    @Test
    void aLongIdentityIsTakenLikeAnyOther() throws Exception {
        for (var identity : List.of("a".repeat(47_000), "=2C".repeat(15_000))) {
            try (var exchange = oauthBearer.begin(realm)) {
                var message = octets("n,a=" + identity + ",^auth=Bearer %s^^");
                assertInstanceOf(Challenge.class, exchange.next(message));
            }
        }
    }

    @Test
    @Tag("protocol-72")
    void xoauth2HasItsOwnForm() throws Exception {
        assertEquals(accepted(), answer(xoauth2, "user=user@example.com^auth=Bearer %s^^"));
        for (var message :
                List.of(
                        "",
                        "user=user@example.com",
                        "user=user@example.com^^",
                        "user=user@example.com^auth=Bearer %s^",
                        "n,,^auth=Bearer %s^^",
                        "User=user@example.com^auth=Bearer %s^^",
                        "user=us\0er^auth=Bearer %s^^")) {
            assertEquals(MALFORMED, answer(xoauth2, message));
        }
    }

    @Test
    @Tag("protocol-70")
    void aRefusedTokenIsAnsweredWithJsonAndThenRefused() throws Exception {
        oauthBearer.start(
                config(
                        oauthBearer,
                        Map.of(
                                "scope",
                                List.of("mail.pop"),
                                "openid-configuration",
                                List.of("https://example.com/.well-known/openid-configuration"))));
        for (var goodbye : List.of("\u0001", "", "*", "anything")) {
            try (var exchange = oauthBearer.begin(realm)) {
                assertEquals(
                        "{\"status\":\"invalid_token\",\"scope\":\"mail.pop\","
                                + "\"openid-configuration\":"
                                + "\"https://example.com/.well-known/openid-configuration\"}",
                        text(exchange.next(octets("n,,^auth=Bearer wrong^^"))));
                assertEquals(
                        new Verdict.Refused(Reason.UNKNOWN_USER),
                        exchange.next(goodbye.getBytes(UTF_8)));
            }
        }
    }

    @Test
    @Tag("protocol-70")
    void withoutSettingsTheJsonIsShort() throws Exception {
        try (var exchange = oauthBearer.begin(realm)) {
            assertEquals(
                    "{\"status\":\"invalid_token\"}",
                    text(exchange.next(octets("n,,^auth=Bearer wrong^^"))));
        }
    }

    @Test
    @Tag("protocol-72")
    void xoauth2AnswersInTheWordsItsClientsKnow() throws Exception {
        xoauth2.start(config(xoauth2, Map.of("scope", List.of("mail.pop"))));
        try (var exchange = xoauth2.begin(realm)) {
            assertEquals(
                    "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail.pop\"}",
                    text(exchange.next(octets("user=user@example.com^auth=Bearer wrong^^"))));
            assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), exchange.next(new byte[0]));
        }
    }

    @Test
    @Tag("protocol-71")
    void aTokenForAnotherHostIsRefusedWhereTheNamesAreKnown() throws Exception {
        var message = "n,,^host=%h^auth=Bearer %s^^";
        assertEquals(accepted(), answer(oauthBearer, message.replace("%h", "elsewhere")));
        var hosts = List.of("mail.example.com", "pop.example.com");
        oauthBearer.start(config(oauthBearer, Map.of("host", hosts)));
        assertEquals(accepted(), answer(oauthBearer, message.replace("%h", "POP.example.com")));
        assertEquals(accepted(), answer(oauthBearer, "n,,^auth=Bearer %s^^"));
        try (var exchange = oauthBearer.begin(realm)) {
            text(exchange.next(octets(message.replace("%h", "elsewhere"))));
            assertEquals(new Verdict.Refused(Reason.NOT_ALLOWED), exchange.next(new byte[] {1}));
        }
    }

    @Test
    void aSettingThatWouldBreakTheJsonIsRefused() {
        for (var text : List.of("\"", "\\", "\n", "\u00e9")) {
            assertThrows(
                    SettingException.class,
                    () -> xoauth2.start(config(xoauth2, Map.of("scope", List.of(text)))));
        }
    }

    private static Verdict accepted() {
        return new Verdict.Accepted(new User("user@example.com"));
    }

    private Verdict answer(AuthMechanism mechanism, String message) throws Exception {
        try (var exchange = mechanism.begin(realm)) {
            return assertInstanceOf(Verdict.class, exchange.next(octets(message)));
        }
    }

    private static byte[] octets(String message) {
        return message.replace("%s", TOKEN).replace('^', '\u0001').getBytes(UTF_8);
    }

    private static String text(AuthStep step) {
        return new String(assertInstanceOf(Challenge.class, step).octets(), UTF_8);
    }

    private static PluginConfig config(AuthMechanism plugin, Map<String, List<String>> values) {
        return new PluginConfig(plugin.settings(), values, Path.of("."), Path.of("."));
    }
}
