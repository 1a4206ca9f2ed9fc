package io.postern.auth.sqlusers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.auth.stored.PasswordCheck;
import io.postern.auth.stored.StoredPassword;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Passwords of devices, found by a second query. */
class DevicesTest {
    private static final String DEVICES =
            "SELECT tag AS label, pw AS password FROM device WHERE login = :user";

    @BeforeEach
    void empty() throws Exception {
        TestDatabase.H2.users("{PLAIN}own");
        devices(TestDatabase.H2);
    }

    private static void devices(TestDatabase database, String... rows) throws Exception {
        database.execute(
                "CREATE TABLE IF NOT EXISTS device"
                        + " (login VARCHAR(255), tag VARCHAR(255), pw VARCHAR(255))",
                "DELETE FROM device");
        for (var row : rows) {
            database.execute("INSERT INTO device VALUES (" + row + ")");
        }
    }

    private static SqlUsers start(TestDatabase database) throws Exception {
        return database.start(new PasswordCheck(), Map.of("device-query", DEVICES));
    }

    private static String hash(String text) {
        try (var password = Secret.of(text)) {
            return StoredPassword.make("SHA512-CRYPT", password);
        }
    }

    /** The device, {@code own} for the account's own password, or the reason of a refusal. */
    private static String ask(SqlUsers users, String name, String text) throws Exception {
        try (var password = Secret.of(text)) {
            return switch (users.verify(name, password)) {
                case Verdict.Accepted(var user) ->
                        user.attributes().getOrDefault(User.DEVICE, "own");
                case Verdict.Refused(var reason) -> reason.name();
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachDeviceLogsInWithItsOwnPasswordAndTheUserToo(TestDatabase database) throws Exception {
        database.users("{PLAIN}own");
        devices(
                database,
                "'alice', 'phone', '" + hash("red") + "'",
                "'alice', 'old-laptop', '" + hash("blue") + "'",
                "'bob', 'phone', '" + hash("red") + "'");
        try (var users = start(database)) {
            assertEquals("phone", ask(users, "alice", "red"));
            assertEquals("old-laptop", ask(users, "ALICE", "blue"), "by the canonical name");
            assertEquals("own", ask(users, "alice", "own"));
            assertEquals("WRONG_PROOF", ask(users, "alice", "green"));
            assertEquals("NOT_ALLOWED", ask(users, "bob", "red"), "who is not enabled");
            assertEquals("UNKNOWN_USER", ask(users, "mallory", "red"));

            database.execute("DELETE FROM device WHERE tag = 'phone'");
            assertEquals("WRONG_PROOF", ask(users, "alice", "red"), "it was taken away");
        }
    }

    @Test
    void anAccountMayHaveDevicesOnlyAndALockedOneHasNone() throws Exception {
        devices(TestDatabase.H2, "'alice', 'phone', '{PLAIN}red'");
        try (var users = start(TestDatabase.H2)) {
            TestDatabase.H2.execute("UPDATE account SET pw = NULL");
            assertEquals("phone", ask(users, "alice", "red"));
            for (var locked : List.of("*", "!x", "!")) {
                TestDatabase.H2.execute("UPDATE account SET pw = '" + locked + "'");
                assertEquals("NOT_ALLOWED", ask(users, "alice", "red"), locked);
            }
        }
    }

    @Test
    void otherMechanismsTakeTheAccountsOwnPassword() throws Exception {
        devices(TestDatabase.H2, "'alice', 'phone', '{PLAIN}red'");
        try (var users = start(TestDatabase.H2)) {
            try (var secret = users.shared("alice").secret().orElseThrow()) {
                assertEquals("own", new String(secret.chars()));
            }
            assertInstanceOf(
                    Verdict.Accepted.class, users.scram("alice", ScramHash.SHA_256).verdict());
            TestDatabase.H2.execute("UPDATE account SET pw = NULL");
            assertTrue(users.shared("alice").secret().isEmpty());
        }
    }

    @Test
    void strangersAndUsersWithoutDevicesCostWhatOthersCost() throws Exception {
        devices(TestDatabase.H2, "'alice', 'phone', '{PLAIN}red'");
        var compared = new AtomicLong();
        var check =
                new PasswordCheck((stored, password) -> {
                    compared.incrementAndGet();
                    return stored.matches(password);
                });
        TestDatabase.H2.execute("DELETE FROM account WHERE login = 'bob'");
        try (var users = TestDatabase.H2.start(check, Map.of("device-query", DEVICES))) {
            ask(users, "alice", "green");
            for (var name : List.of("alice", "mallory", "alice ", "")) {
                compared.set(0);
                ask(users, name, "green");
                assertEquals(2, compared.get(), name);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "'a b', '{PLAIN}geheim'",
                "NULL, '{PLAIN}geheim'",
                "'', '{PLAIN}geheim'",
                "'phone', NULL",
                "'phone', ''",
                "'phone', '{NONE}geheim'",
                "'phone', 'geheim'"
            })
    void aRowThatIsNotUnderstoodIsNamedAndNotShownAndOthersLogIn(String label, String password)
            throws Exception {
        devices(TestDatabase.H2, "'alice', " + label + ", " + password);
        TestDatabase.H2.execute("UPDATE account SET active = TRUE");
        try (var users = start(TestDatabase.H2)) {
            var fault = assertThrows(Fault.class, () -> ask(users, "alice", "own"));
            assertTrue(fault.getMessage().startsWith("\"alice\" has a device"), fault.getMessage());
            assertFalse(fault.getMessage().contains("geheim"), fault.getMessage());
            assertEquals("own", ask(users, "bob", "own"));
        }
    }

    @Test
    void moreThanTenAreRefused() throws Exception {
        var rows = new String[11];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = "'alice', 'd" + i + "', '{PLAIN}p" + i + "'";
        }
        devices(TestDatabase.H2, rows);
        try (var users = start(TestDatabase.H2)) {
            var fault = assertThrows(Fault.class, () -> ask(users, "alice", "p0"));
            assertTrue(fault.getMessage().contains("more than 10 devices"), fault.getMessage());
            TestDatabase.H2.execute("DELETE FROM device WHERE tag = 'd10'");
            assertEquals("d9", ask(users, "alice", "p9"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT tag AS label FROM device WHERE login = :user | \"password\"",
                "SELECT pw AS password FROM device WHERE login = :user | \"label\"",
                "SELECT tag AS label, pw AS password FROM nowhere WHERE login = :user | refuses",
                "SELECT tag AS label, pw AS password FROM device | nobody in particular"
            })
    void aQueryThatCannotWorkStopsTheStart(String query, String words) {
        for (var database : TestDatabase.values()) {
            var refused =
                    assertThrows(
                            SettingException.class,
                            () ->
                                    database.start(
                                            new PasswordCheck(), Map.of("device-query", query)));
            assertEquals("device-query", refused.setting());
            assertTrue(refused.getMessage().contains(words), refused.getMessage());
        }
    }
}
