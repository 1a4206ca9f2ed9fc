package io.postern.auth.saslplain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.auth.AuthMechanismContract;
import io.postern.testkit.auth.MemoryRealm;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

class SaslPlainTest implements AuthMechanismContract {
    private static final Verdict ALICE = new Verdict.Accepted(new User("alice"));

    private final MemoryRealm realm = MemoryRealm.of(Map.of("alice", "secret"));

    @Override
    public AuthMechanism mechanism() {
        return new SaslPlain();
    }

    @Override
    public Client client(String name, String secret, AuthContext connection) {
        return challenge -> ("\0" + name + "\0" + secret).getBytes(UTF_8);
    }

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(AuthMechanism.class).findFirst().orElseThrow();
        assertEquals("sasl-plain", found.name());
        assertEquals("PLAIN", found.mechanism());
        assertEquals(AuthMechanism.Command.AUTH, found.command());
    }

    @Test
    void aPasswordDirectoryServesIt() {
        assertTrue(new SaslPlain().servedBy(new MemoryUsers(Map.of())));
    }

    @Test
    @Tag("protocol-66")
    void anIdentityMayBeEmptyOrTheLogin() throws Exception {
        assertEquals(ALICE, answer("\0alice\0secret"));
        assertEquals(ALICE, answer("alice\0alice\0secret"));
    }

    @Test
    @Tag("protocol-66")
    void anIdentityMayBeAnotherSpellingOfTheLogin() throws Exception {
        var folding = MemoryRealm.of(Map.of("alice", "secret")).folding();
        assertEquals(ALICE, ask(folding, "alice\0ALICE\0secret".getBytes(UTF_8)));
        assertEquals(ALICE, ask(folding, "ALICE\0ALICE\0secret".getBytes(UTF_8)));
        assertEquals(ALICE, ask(folding, "Alice\0ALICE\0secret".getBytes(UTF_8)));
        assertEquals(
                new Verdict.Refused(Reason.NOT_ALLOWED),
                ask(folding, "Alic\0ALICE\0secret".getBytes(UTF_8)));
    }

    @Test
    @Tag("protocol-66")
    void anyOtherIdentityIsRefusedAndOnlyAfterThePassword() throws Exception {
        assertEquals(new Verdict.Refused(Reason.NOT_ALLOWED), answer("bob\0alice\0secret"));
        assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), answer("bob\0alice\0wrong"));
        assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), answer("alice\0bob\0secret"));
    }

    @Test
    void twoNulsAndNoOtherNumberOfThem() throws Exception {
        for (var response :
                List.of(
                        "",
                        "alice",
                        "alice\0secret",
                        "\0alice",
                        "\0alice\0secret\0",
                        "\0alice\0sec\0ret",
                        "\0\0alice\0secret",
                        "\0\0\0")) {
            assertEquals(new Verdict.Refused(Reason.MALFORMED), answer(response));
        }
        assertTrue(realm.shown().isEmpty());
    }

    @Test
    void anEmptyLoginOrPasswordIsForTheServerToRefuse() throws Exception {
        assertEquals(new Verdict.Refused(Reason.UNKNOWN_USER), answer("\0\0secret"));
        assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), answer("\0alice\0"));
    }

    @Test
    void whatIsNotUtf8IsMalformedWhereverItStands() throws Exception {
        for (var response : List.of("é\0alice\0secret", "\0é\0secret", "\0alice\0é", "é")) {
            assertEquals(
                    new Verdict.Refused(Reason.MALFORMED),
                    ask(realm, response.getBytes(ISO_8859_1)));
        }
        var overlong = new byte[] {0, 'a', 0, (byte) 0xc0, (byte) 0x80};
        assertEquals(new Verdict.Refused(Reason.MALFORMED), ask(realm, overlong));
        assertTrue(realm.shown().isEmpty());
    }

    @Test
    void partsOf255OctetsAndMoreAreTaken() throws Exception {
        var name = "n".repeat(255);
        var secret = "s".repeat(4_000);
        var large = MemoryRealm.of(Map.of(name, secret));
        assertEquals(
                new Verdict.Accepted(new User(name)),
                ask(large, (name + "\0" + name + "\0" + secret).getBytes(UTF_8)));
    }

    private Verdict answer(String response) throws Exception {
        return ask(realm, response.getBytes(UTF_8));
    }

    private static Verdict ask(AuthContext realm, byte[] response) throws Exception {
        try (var exchange = new SaslPlain().begin(realm)) {
            return assertInstanceOf(Verdict.class, exchange.next(response));
        }
    }
}
