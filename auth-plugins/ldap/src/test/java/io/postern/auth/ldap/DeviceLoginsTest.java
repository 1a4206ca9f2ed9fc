package io.postern.auth.ldap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.unboundid.ldap.sdk.Modification;
import com.unboundid.ldap.sdk.ModificationType;

import io.postern.auth.stored.PasswordCheck;
import io.postern.auth.stored.StoredPassword;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Passwords of devices in an attribute of the user's entry. */
class DeviceLoginsTest {
    /** Any attribute of this class with several values. */
    private static final String ATTRIBUTE = "description";

    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);

    private MemoryServer server;

    @BeforeEach
    void startServer() throws Exception {
        server = new MemoryServer();
        devices("alice", "phone=" + hash("red"), "old-laptop=" + hash("blue"));
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private static String hash(String text) {
        try (var password = Secret.of(text)) {
            return StoredPassword.make("SHA512-CRYPT", password);
        }
    }

    private void devices(String user, String... values) throws Exception {
        server.entries()
                .modify(
                        "uid=" + user + ",ou=people,dc=example,dc=org",
                        new Modification(ModificationType.REPLACE, ATTRIBUTE, values));
    }

    private static Verdict alice(Map<String, String> more) {
        var attributes = new java.util.HashMap<>(Map.of("maildrop", "team/alice"));
        attributes.putAll(more);
        return new Verdict.Accepted(new User("alice", attributes));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bind", "compare"})
    void eachDeviceLogsInWithItsOwnPasswordAndTheUserToo(String check) throws Exception {
        try (var ldap =
                Fixture.start(
                        Fixture.search(
                                server.url(), "device-attribute", ATTRIBUTE, "check", check))) {
            assertEquals(alice(Map.of(User.DEVICE, "phone")), Fixture.ask(ldap, "alice", "red"));
            assertEquals(
                    alice(Map.of(User.DEVICE, "old-laptop")), Fixture.ask(ldap, "Alice", "blue"));
            assertEquals(alice(Map.of()), Fixture.ask(ldap, "alice", Fixture.PASSWORD));
            assertEquals(WRONG, Fixture.ask(ldap, "alice", "green"));
            assertEquals(UNKNOWN, Fixture.ask(ldap, "mallory", "red"));

            devices("alice", "phone=" + hash("red"));
            assertEquals(WRONG, Fixture.ask(ldap, "alice", "blue"), "it was taken away");
        }
    }

    @Test
    void aDeviceDoesNotTryItsPasswordOnTheUsersEntry() throws Exception {
        try (var ldap =
                Fixture.start(Fixture.search(server.url(), "device-attribute", ATTRIBUTE))) {
            server.questions.set(0);
            Fixture.ask(ldap, "alice", "red");
            assertEquals(2, server.questions.get(), "the entry and the group, and no bind");
        }
    }

    @Test
    void whoIsInNoGroupDoesNotLogInByADevice() throws Exception {
        devices("bob", "phone=" + hash("red"));
        try (var ldap =
                Fixture.start(Fixture.search(server.url(), "device-attribute", ATTRIBUTE))) {
            assertEquals(new Verdict.Refused(Reason.NOT_ALLOWED), Fixture.ask(ldap, "bob", "red"));
        }
    }

    @Test
    void strangersAndUsersWithoutDevicesCostWhatOthersCost() throws Exception {
        var compared = new AtomicLong();
        var check =
                new PasswordCheck((stored, password) -> {
                    compared.incrementAndGet();
                    return stored.matches(password);
                });
        try (var ldap =
                Fixture.start(
                        new Ldap(Duration.ofSeconds(30), check),
                        Fixture.search(server.url(), "device-attribute", ATTRIBUTE))) {
            for (var name : List.of("alice", "bob", "mallory", "alice ", "*")) {
                compared.set(0);
                server.questions.set(0);
                Fixture.ask(ldap, name, "green");
                assertEquals(2, compared.get(), name);
                assertEquals(3, server.questions.get(), name);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{SHA}geheim", "geheim", "phone={NONE}geheim", "a b={PLAIN}geheim"})
    void aValueThatIsNotUnderstoodIsNamedAndNotShownAndOthersLogIn(String value) throws Exception {
        devices("bob", value);
        try (var ldap =
                Fixture.start(Fixture.search(server.url(), "device-attribute", ATTRIBUTE))) {
            var fault = assertThrows(Fault.class, () -> Fixture.ask(ldap, "bob", Fixture.PASSWORD));
            assertTrue(fault.getMessage().contains("uid=bob"), fault.getMessage());
            assertTrue(fault.getMessage().contains(ATTRIBUTE), fault.getMessage());
            assertFalse(fault.getMessage().contains("geheim"), fault.getMessage());
            assertEquals(alice(Map.of(User.DEVICE, "phone")), Fixture.ask(ldap, "alice", "red"));
        }
    }

    @Test
    void aBindAtOnceCannotReadThemBefore() {
        var refused =
                assertThrows(
                        SettingException.class,
                        () ->
                                Fixture.start(
                                        Fixture.search(
                                                server.url(),
                                                "device-attribute",
                                                ATTRIBUTE,
                                                "user-dn",
                                                "uid={user},ou=people,dc=example,dc=org")));
        assertEquals("device-attribute", refused.setting());
    }
}
