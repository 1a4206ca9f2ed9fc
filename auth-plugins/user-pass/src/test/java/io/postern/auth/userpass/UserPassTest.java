package io.postern.auth.userpass;

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

import java.util.Map;
import java.util.ServiceLoader;

class UserPassTest implements AuthMechanismContract {

    @Override
    public AuthMechanism mechanism() {
        return new UserPass();
    }

    @Override
    public Client client(String name, String secret, AuthContext connection) {
        return challenge -> (name + "\0" + secret).getBytes(UTF_8);
    }

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(AuthMechanism.class).findFirst().orElseThrow();
        assertEquals("user-pass", found.name());
        assertEquals("USER", found.mechanism());
        assertEquals(AuthMechanism.Command.USER_PASS, found.command());
    }

    @Test
    void aPasswordDirectoryServesIt() {
        assertTrue(new UserPass().servedBy(new MemoryUsers(Map.of())));
    }

    @Test
    @Tag("protocol-38")
    void thePasswordKeepsItsSpaces() throws Exception {
        var realm = MemoryRealm.of(Map.of("alice", " two  words "));
        assertEquals(
                new Verdict.Accepted(new User("alice")),
                answer(realm, "alice\0 two  words ".getBytes(UTF_8)));
        assertEquals(
                new Verdict.Refused(Reason.WRONG_PROOF),
                answer(realm, "alice\0two  words".getBytes(UTF_8)));
    }

    @Test
    void thePasswordMayBeAnyOctetsAndTheNameMustBeUtf8() throws Exception {
        var realm = MemoryRealm.of(Map.of("zöe", "secret"));
        assertEquals(
                new Verdict.Refused(Reason.WRONG_PROOF), answer(realm, octets("zöe", "sécret")));
        assertEquals(
                new Verdict.Refused(Reason.MALFORMED),
                answer(realm, "zöe\0secret".getBytes(ISO_8859_1)));
        assertEquals(1, realm.shown().size(), "a malformed name reached the directory");
    }

    @Test
    void aResponseWithoutNulOrWithTwoIsMalformed() throws Exception {
        var realm = MemoryRealm.of(Map.of("alice", "secret"));
        for (var response : new String[] {"", "alice", "alice\0secret\0", "alice\0\0secret"}) {
            assertEquals(
                    new Verdict.Refused(Reason.MALFORMED), answer(realm, response.getBytes(UTF_8)));
        }
        assertTrue(realm.shown().isEmpty());
    }

    private static byte[] octets(String name, String latin1Password) {
        var first = (name + "\0").getBytes(UTF_8);
        var second = latin1Password.getBytes(ISO_8859_1);
        var both = new byte[first.length + second.length];
        System.arraycopy(first, 0, both, 0, first.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static Verdict answer(MemoryRealm realm, byte[] response) throws Exception {
        try (var exchange = new UserPass().begin(realm)) {
            return assertInstanceOf(Verdict.class, exchange.next(response));
        }
    }
}
