package io.postern.auth.sasllogin;

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
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;
import io.postern.testkit.auth.AuthMechanismContract;
import io.postern.testkit.auth.MemoryRealm;
import io.postern.testkit.auth.MemoryTokens;
import io.postern.testkit.auth.MemoryUsers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

class SaslLoginTest implements AuthMechanismContract {
    private final MemoryRealm realm = MemoryRealm.of(Map.of("alice", "secret"));

    @Override
    public AuthMechanism mechanism() {
        return new SaslLogin();
    }

    @Override
    public Client client(String name, String secret, AuthContext connection) {
        return challenge ->
                (new String(challenge, UTF_8).equals("Username:") ? name : secret).getBytes(UTF_8);
    }

    @Test
    @Tag("protocol-56")
    void itIsFoundUnderItsNameAndSpeaksFirst() {
        var found = ServiceLoader.load(AuthMechanism.class).findFirst().orElseThrow();
        assertEquals("sasl-login", found.name());
        assertEquals("LOGIN", found.mechanism());
        assertTrue(found.serverFirst());
        assertTrue(found.initialResponse());
    }

    @Test
    void aPasswordDirectoryServesIt() {
        assertTrue(new SaslLogin().servedBy(new MemoryUsers(Map.of())));
        assertFalse(new SaslLogin().servedBy(new MemoryTokens(Map.of())));
    }

    @Test
    void itAsksInTheWordsThatClientsKnow() throws Exception {
        try (var exchange = new SaslLogin().begin(realm)) {
            var name = assertInstanceOf(Challenge.class, exchange.next(new byte[0]));
            assertArrayEquals("Username:".getBytes(UTF_8), name.octets());
            var password =
                    assertInstanceOf(Challenge.class, exchange.next("alice".getBytes(UTF_8)));
            assertArrayEquals("Password:".getBytes(UTF_8), password.octets());
            assertEquals(
                    new Verdict.Accepted(new User("alice")),
                    exchange.next("secret".getBytes(UTF_8)));
        }
    }

    @Test
    void aNameThatCameAlongIsNotAskedFor() throws Exception {
        for (var name : List.of("alice", "z\u00f6e", "Username:", " ")) {
            var known = MemoryRealm.of(Map.of(name, "secret"));
            try (var exchange = new SaslLogin().begin(known)) {
                var password =
                        assertInstanceOf(Challenge.class, exchange.next(name.getBytes(UTF_8)));
                assertArrayEquals("Password:".getBytes(UTF_8), password.octets());
                assertEquals(
                        new Verdict.Accepted(new User(name)),
                        exchange.next("secret".getBytes(UTF_8)));
            }
        }
    }

    @Test
    void whatIsNotUtf8IsMalformedAndShownToNobody() throws Exception {
        try (var exchange = new SaslLogin().begin(realm)) {
            exchange.next(new byte[0]);
            assertEquals(
                    new Verdict.Refused(Reason.MALFORMED),
                    exchange.next("\u00e9".getBytes(ISO_8859_1)));
        }
        try (var exchange = new SaslLogin().begin(realm)) {
            exchange.next(new byte[0]);
            exchange.next("alice".getBytes(UTF_8));
            assertEquals(
                    new Verdict.Refused(Reason.MALFORMED),
                    exchange.next("\u00e9".getBytes(ISO_8859_1)));
        }
        assertTrue(realm.shown().isEmpty());
    }
}
