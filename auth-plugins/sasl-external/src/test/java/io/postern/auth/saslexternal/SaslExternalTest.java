package io.postern.auth.saslexternal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.PluginConfig;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.auth.ChannelMechanismContract;
import io.postern.testkit.auth.MemoryChannel;
import io.postern.testkit.auth.MemoryRealm;
import io.postern.testkit.auth.MemoryTokens;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * The certificate in {@code named.pem} has the common name alice and the e-mail addresses alice and
 * al@example.org; {@code al@example.org} is no user where the contract runs.
 */
class SaslExternalTest implements ChannelMechanismContract {
    private static final Verdict ALICE = new Verdict.Accepted(new User("alice"));
    private static final Verdict NOT_ALLOWED = new Verdict.Refused(Reason.NOT_ALLOWED);
    private static final Verdict MALFORMED = new Verdict.Refused(Reason.MALFORMED);

    private final MemoryRealm users =
            MemoryRealm.of(Map.of("alice", "", "al@example.org", "", "bob", ""));
    private final MemoryRealm realm = users.over(MemoryChannel.shown(certificate("named.pem")));

    @Override
    public SaslExternal mechanism() {
        return new SaslExternal();
    }

    @Override
    public Channel proven() {
        return MemoryChannel.shown(certificate("named.pem"));
    }

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(AuthMechanism.class).findFirst().orElseThrow();
        assertEquals("sasl-external", found.name());
        assertEquals("EXTERNAL", found.mechanism());
        assertFalse(found.serverFirst());
        assertFalse(found.plaintext());
    }

    @Test
    void onlyADirectoryThatLooksNamesUpServesIt() {
        assertTrue(new SaslExternal().servedBy(new MemoryUsers(Map.of())));
        assertFalse(new SaslExternal().servedBy(new MemoryTokens(Map.of())));
    }

    @Test
    @Tag("protocol-63")
    @Tag("protocol-120")
    void itIsOfferedOnlyWhereACertificateWasVerified() {
        assertFalse(new SaslExternal().fits(MemoryChannel.clear()));
        assertFalse(new SaslExternal().fits(MemoryChannel.secure()));
        assertTrue(new SaslExternal().fits(MemoryChannel.shown(certificate("named.pem"))));
    }

    @Test
    void anEmptyIdentityIsTheFirstNameOfTheCertificate() throws Exception {
        assertEquals(ALICE, answer(realm, "", "email"));
        assertEquals(ALICE, answer(realm, "", "common-name"));
    }

    @Test
    @Tag("protocol-66")
    void anIdentityIsOneOfItsNames() throws Exception {
        assertEquals(ALICE, answer(realm, "alice", "email"));
        assertEquals(
                new Verdict.Accepted(new User("al@example.org")),
                answer(realm, "al@example.org", "email"));
        assertEquals(NOT_ALLOWED, answer(realm, "al@example.org", "common-name"));
    }

    @Test
    @Tag("protocol-66")
    void anyOtherIdentityIsRefused() throws Exception {
        for (var identity : List.of("bob", "mallory", "ALICE", "alice ", "x.example.org")) {
            assertEquals(NOT_ALLOWED, answer(realm, identity, "email"));
        }
    }

    @Test
    void aNameThatNobodyKnowsIsUnknown() throws Exception {
        var nobody = MemoryRealm.of(Map.of()).over(realm);
        assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), answer(nobody, "", "email"));
    }

    @Test
    void aCertificateWithoutANameIsNobodys() throws Exception {
        var nameless = users.over(MemoryChannel.shown(certificate("nameless.pem")));
        for (var by : List.of("email", "common-name")) {
            assertEquals(NOT_ALLOWED, answer(nameless, "", by));
            assertEquals(NOT_ALLOWED, answer(nameless, "alice", by));
        }
        assertTrue(nameless.verdicts().isEmpty());
    }

    @Test
    void withoutACertificateNothingIsJudged() throws Exception {
        assertEquals(MALFORMED, answer(users, "alice", "email"));
        assertTrue(users.verdicts().isEmpty());
    }

    @Test
    void whatIsNoTextIsMalformed() throws Exception {
        assertEquals(MALFORMED, answer(realm, "ali\0ce", "email"));
        try (var exchange = new SaslExternal().begin(realm)) {
            assertEquals(MALFORMED, exchange.next("\u00e9".getBytes(ISO_8859_1)));
        }
    }

    private static Verdict answer(AuthContext context, String identity, String by)
            throws Exception {
        try (var mechanism = new SaslExternal()) {
            mechanism.start(
                    new PluginConfig(
                            mechanism.settings(),
                            Map.of("name", List.of(by)),
                            Path.of("."),
                            Path.of(".")));
            try (var exchange = mechanism.begin(context)) {
                return assertInstanceOf(Verdict.class, exchange.next(identity.getBytes(UTF_8)));
            }
        }
    }

    private static X509Certificate certificate(String file) {
        try (var in = SaslExternalTest.class.getResourceAsStream(file)) {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(in);
        } catch (IOException | CertificateException e) {
            throw new AssertionError(e);
        }
    }
}
