package io.postern.auth.saslcrammd5;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep.Challenge;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.auth.AuthMechanismContract;
import io.postern.testkit.auth.MemoryRealm;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.security.GeneralSecurityException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class SaslCramMd5Test implements AuthMechanismContract {
    /** The example of RFC 2195 §2. */
    private static final String CHALLENGE = "<1896.697170952@postoffice.reston.mci.net>";

    private static final String DIGEST = "b913a602c7eda7a495b4e6e7334d3890";

    private final MemoryRealm realm = MemoryRealm.of(Map.of("tim", "tanstaaftanstaaf"));

    @Override
    public AuthMechanism mechanism() {
        return new SaslCramMd5();
    }

    @Override
    public Client client(String name, String secret, AuthContext connection) {
        return challenge -> {
            try {
                var mac = Mac.getInstance("HmacMD5");
                mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacMD5"));
                var digest = HexFormat.of().formatHex(mac.doFinal(challenge));
                return (name + " " + digest).getBytes(UTF_8);
            } catch (GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        };
    }

    @Test
    @Tag("protocol-56")
    void itIsFoundUnderItsNameAndSpeaksFirst() {
        var found = ServiceLoader.load(AuthMechanism.class).findFirst().orElseThrow();
        assertEquals("sasl-cram-md5", found.name());
        assertEquals("CRAM-MD5", found.mechanism());
        assertTrue(found.serverFirst());
    }

    @Test
    @Tag("protocol-75")
    void onlyADirectoryWithReadableSecretsServesIt() {
        PasswordDirectory hashed = (_, _) -> new Verdict.Refused(Reason.UNKNOWN_USER);
        assertFalse(new SaslCramMd5().servedBy(hashed));
        assertTrue(new SaslCramMd5().servedBy(new MemoryUsers(Map.of())));
    }

    @Test
    @Tag("protocol-75")
    void challengesAreMsgIdsAndNeverTheSame() throws Exception {
        var seen = new HashSet<String>();
        for (int i = 0; i < 1_000; i++) {
            try (var exchange = new SaslCramMd5().begin(realm)) {
                var challenge = assertInstanceOf(Challenge.class, exchange.next(new byte[0]));
                var text = new String(challenge.octets(), UTF_8);
                assertTrue(text.matches("<[0-9]+\\.[0-9]+@[a-z]+>"), text);
                assertTrue(seen.add(text), "twice");
            }
        }
    }

    @Test
    void theExampleOfTheRfcIsAccepted() throws Exception {
        assertEquals(new Verdict.Accepted(new User("tim")), answer("tim " + DIGEST));
    }

    @Test
    void anyOtherSpellingOfTheDigestIsWrong() throws Exception {
        for (var digest :
                List.of(
                        DIGEST.toUpperCase(Locale.ROOT),
                        DIGEST.substring(1),
                        DIGEST + "0",
                        "0" + DIGEST.substring(1),
                        "")) {
            assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), answer("tim " + digest));
        }
    }

    @Test
    void aNameMayHoldSpaces() throws Exception {
        assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), answer("tim cook " + DIGEST));
    }

    @Test
    void whatHasNoSpaceOrIsNotUtf8IsMalformed() throws Exception {
        for (var response : List.of("", "tim", "\u00e9 " + DIGEST)) {
            try (var exchange = new SaslCramMd5().begin(realm)) {
                exchange.next(new byte[0]);
                assertEquals(
                        new Verdict.Refused(Reason.MALFORMED),
                        exchange.next(response.getBytes(ISO_8859_1)));
            }
        }
        assertTrue(realm.verdicts().isEmpty());
    }

    private Verdict answer(String response) throws Exception {
        try (var exchange = new SaslCramMd5(() -> CHALLENGE).begin(realm)) {
            var challenge = assertInstanceOf(Challenge.class, exchange.next(new byte[0]));
            assertArrayEquals(CHALLENGE.getBytes(UTF_8), challenge.octets());
            return assertInstanceOf(Verdict.class, exchange.next(response.getBytes(UTF_8)));
        }
    }
}
