package io.postern.auth.apop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.auth.AuthMechanismContract;
import io.postern.testkit.auth.MemoryRealm;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;

class ApopTest implements AuthMechanismContract {

    /** The example of RFC 1939 §7; its stamp is the one of {@link MemoryRealm}. */
    private static final String DIGEST = "c4c9334bac560ecc979e58001b3e22fb";

    private final MemoryRealm realm = MemoryRealm.of(Map.of("mrose", "tanstaaf"));

    @Override
    public AuthMechanism mechanism() {
        return new Apop();
    }

    @Override
    public Client client(String name, String secret, AuthContext connection) {
        return challenge -> {
            try {
                var digest =
                        MessageDigest.getInstance("MD5")
                                .digest((connection.stamp() + secret).getBytes(UTF_8));
                return (name + " " + HexFormat.of().formatHex(digest)).getBytes(UTF_8);
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError(e);
            }
        };
    }

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(AuthMechanism.class).findFirst().orElseThrow();
        assertEquals("apop", found.name());
        assertEquals("APOP", found.mechanism());
        assertEquals(AuthMechanism.Command.APOP, found.command());
    }

    @Test
    @Tag("protocol-42")
    void onlyADirectoryWithReadableSecretsServesIt() {
        PasswordDirectory hashed =
                (String name, Secret password) -> new Verdict.Refused(Reason.UNKNOWN_USER);
        assertFalse(new Apop().servedBy(hashed));
        assertTrue(new Apop().servedBy(new MemoryUsers(Map.of())));
    }

    @Test
    @Tag("protocol-41")
    void theExampleOfTheRfcIsAccepted() throws Exception {
        assertEquals(new Verdict.Accepted(new User("mrose")), answer("mrose " + DIGEST));
    }

    @Test
    @Tag("protocol-41")
    void anyOtherSpellingOfTheDigestIsWrong() throws Exception {
        for (var digest :
                List.of(
                        DIGEST.toUpperCase(Locale.ROOT),
                        DIGEST.substring(1),
                        DIGEST + "0",
                        DIGEST + "\0",
                        "0" + DIGEST.substring(1),
                        "")) {
            assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), answer("mrose " + digest));
        }
    }

    @Test
    @Tag("protocol-41")
    void aDigestWithoutTheBracketsIsWrong() throws Exception {
        var stamp = realm.stamp();
        var bare =
                MessageDigest.getInstance("MD5")
                        .digest(
                                (stamp.substring(1, stamp.length() - 1) + "tanstaaf")
                                        .getBytes(UTF_8));
        assertEquals(
                new Verdict.Refused(Reason.WRONG_PROOF),
                answer("mrose " + HexFormat.of().formatHex(bare)));
    }

    @Test
    void withoutAStampNothingIsJudged() throws Exception {
        var silent = realm.withoutStamp();
        try (var exchange = new Apop().begin(silent)) {
            assertEquals(
                    new Verdict.Refused(Reason.MALFORMED),
                    exchange.next(("mrose " + DIGEST).getBytes(UTF_8)));
        }
        assertTrue(silent.verdicts().isEmpty());
    }

    @Test
    void aResponseWithoutASpaceOrANameInLatin1IsMalformed() throws Exception {
        assertEquals(new Verdict.Refused(Reason.MALFORMED), answer("mrose"));
        assertEquals(new Verdict.Refused(Reason.MALFORMED), answer(""));
        try (var exchange = new Apop().begin(realm)) {
            assertEquals(
                    new Verdict.Refused(Reason.MALFORMED),
                    exchange.next(("zöe " + DIGEST).getBytes(ISO_8859_1)));
        }
        assertTrue(realm.verdicts().isEmpty());
    }

    private Verdict answer(String response) throws Exception {
        try (var exchange = new Apop().begin(realm)) {
            return assertInstanceOf(Verdict.class, exchange.next(response.getBytes(UTF_8)));
        }
    }
}
