package io.postern.auth.sqlusers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.auth.stored.PasswordCheck;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

class SqlUsersTest {
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);
    private static final Verdict BARRED = new Verdict.Refused(Reason.NOT_ALLOWED);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);

    @Test
    void itIsFoundUnderItsName() {
        var found = ServiceLoader.load(UserDirectory.class).findFirst().orElseThrow();
        assertEquals("sql-users", found.name());
    }

    @ParameterizedTest
    @EnumSource
    void columnsBecomeAttributesAndAbsentOnesDoNot(TestDatabase database) throws Exception {
        database.users("{PLAIN}x");
        try (var users = database.start(new PasswordCheck(), Map.of())) {
            assertEquals(
                    new Verdict.Accepted(new User("alice", Map.of("maildrop", "team/alice"))),
                    ask(users, "ALICE", "x"));
            database.execute("UPDATE account SET box = NULL, active = TRUE");
            assertEquals(new Verdict.Accepted(new User("bob")), ask(users, "bob", "x"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPasswordWithoutASchemeHasTheOneThatIsSet(TestDatabase database) throws Exception {
        database.users("ZnKzbsQrNZDLCMWKULJFd8k2LuQ=");
        try (var users = database.start(new PasswordCheck(), Map.of("scheme", "SHA"))) {
            assertInstanceOf(Verdict.Accepted.class, ask(users, "alice", "tän staaf"));
            assertEquals(WRONG, ask(users, "alice", "tan staaf"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingThatIsTypedBecomesSql(TestDatabase database) throws Exception {
        database.users("{PLAIN}x");
        try (var users = database.start(new PasswordCheck(), Map.of())) {
            for (var name :
                    List.of(
                            "' OR '1'='1",
                            "alice'--",
                            "x' UNION SELECT 'eve','{PLAIN}x',TRUE,'' --",
                            "alice\\",
                            "\\' OR 1=1 -- ",
                            ":user",
                            "%",
                            "_lice")) {
                assertEquals(UNKNOWN, ask(users, name, "x"), name);
            }
            assertInstanceOf(Verdict.Accepted.class, ask(users, "alice", "x"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void nobodyHasTwoNames(TestDatabase database) throws Exception {
        // MariaDB's collations take these for the same; what counts is the name that is kept.
        database.users("{PLAIN}x");
        try (var users =
                database.start(
                        new PasswordCheck(),
                        Map.of(
                                "query",
                                "SELECT login AS name, pw AS password FROM account"
                                        + " WHERE login = :user"))) {
            for (var name :
                    List.of("alice", "ALICE", "alicé", "alice ", "alice\u0001", "alice\u200b")) {
                if (ask(users, name, "x") instanceof Verdict.Accepted(var user)) {
                    assertEquals("alice", user.name(), name);
                    assertEquals(name, name.strip());
                }
            }
        }
    }

    @Test
    void localPartAndDomainAreBoundToo() throws Exception {
        TestDatabase.H2.execute(
                "DELETE FROM account",
                "INSERT INTO account VALUES ('a@x', '{PLAIN}x', TRUE, 'x/a')");
        try (var users =
                TestDatabase.H2.start(
                        new PasswordCheck(),
                        Map.of(
                                "query",
                                "SELECT login AS name, pw AS password FROM account"
                                        + " WHERE login = :local || '@' || :domain -- :none"))) {
            assertEquals(new Verdict.Accepted(new User("a@x")), ask(users, "a@x", "x"));
            assertEquals(UNKNOWN, ask(users, "a@y", "x"));
            assertEquals(UNKNOWN, ask(users, "a", "x"));
        }
    }

    @Test
    void aPasswordThatIsAbsentOrLockedLetsNobodyIn() throws Exception {
        for (var pw : List.of("NULL", "'*'", "'!x'", "''")) {
            TestDatabase.H2.users("x");
            TestDatabase.H2.execute("UPDATE account SET pw = " + pw);
            try (var users = TestDatabase.H2.start(new PasswordCheck(), Map.of())) {
                if (pw.equals("''")) {
                    var fault = assertThrows(Fault.class, () -> ask(users, "alice", "x"));
                    assertEquals(Fault.Kind.PERMANENT, fault.kind());
                } else {
                    assertEquals(BARRED, ask(users, "alice", "x"), pw);
                }
            }
        }
    }

    @Test
    void strangersTakeTheTimeOfTheFormsThatWereSeen() throws Exception {
        var hashed = new ArrayList<String>();
        var check =
                new PasswordCheck((stored, password) -> {
                    hashed.add(stored.form());
                    return stored.matches(password);
                });
        TestDatabase.H2.users("{SHA}ZnKzbsQrNZDLCMWKULJFd8k2LuQ=");
        try (var users = TestDatabase.H2.start(check, Map.of())) {
            TestDatabase.H2.execute("UPDATE account SET pw = '{PLAIN}x' WHERE login = 'bob'");
            ask(users, "alice", "x");
            ask(users, "bob", "x");
            var seen = new HashSet<>(hashed);
            hashed.clear();
            for (int i = 0; i < 100; i++) {
                ask(users, "stranger" + i, "x");
            }
            assertEquals(seen, new HashSet<>(hashed));
            assertEquals(100, hashed.size());
        }
    }

    @Test
    void whatIsRememberedEndsWhenThePasswordIsSeenToChange() throws Exception {
        TestDatabase.H2.users("{PLAIN}one");
        try (var users =
                TestDatabase.H2.start(new PasswordCheck(), Map.of("cache-time", "PT10M"))) {
            assertInstanceOf(Verdict.Accepted.class, ask(users, "alice", "one"));
            TestDatabase.H2.users("{PLAIN}two");
            assertInstanceOf(Verdict.Accepted.class, ask(users, "alice", "one"), "remembered");
            assertInstanceOf(Verdict.Accepted.class, ask(users, "alice", "two"));
            assertEquals(WRONG, ask(users, "alice", "one"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT 1 AS name, 2 AS password                               | asks for nobody",
                "SELECT login AS name FROM account WHERE login = ':user'       | asks for nobody",
                "SELECT login AS name FROM account WHERE login = :usr          | \":usr\"",
                "SELECT login AS name FROM account WHERE login = ?             | question mark",
                "SELECT login AS name FROM account WHERE login = ':user        | no end",
                "SELECT login AS name FROM account WHERE login = :user         | \"password\"",
                "SELECT pw AS password FROM account WHERE login = :user        | \"name\"",
                "SELECT login AS name, pw AS password FROM nowhere WHERE a = :user | refuses",
                "SELECT login AS name, pw AS password FROM account WHERE = :user   | refuses",
                "SELEKT :user                                                  | SELECT",
                "SELECT (login AS name, pw FROM account WHERE login = :user    | not closed",
                "SELECT login) AS name FROM account WHERE login = :user        | not open"
            })
    void aQueryThatCannotWorkStopsTheStart(String query, String words) {
        for (var database : TestDatabase.values()) {
            var refused =
                    assertThrows(
                            SettingException.class,
                            () -> database.start(new PasswordCheck(), Map.of("query", query)));
            assertEquals("query", refused.setting());
            assertTrue(refused.getMessage().contains(words), refused.getMessage());
        }
    }

    @Test
    void twoUsersForOneNameAreAFault() throws Exception {
        TestDatabase.H2.users("{PLAIN}x");
        try (var users =
                TestDatabase.H2.start(
                        new PasswordCheck(),
                        Map.of(
                                "query",
                                "SELECT login AS name, pw AS password FROM account"
                                        + " WHERE :user = :user AND :user <> ''"))) {
            var fault = assertThrows(Fault.class, () -> ask(users, "alice", "x"));
            assertEquals(Fault.Kind.PERMANENT, fault.kind());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "url, jdbc:nothing:x", "url, file:x", "pool-size, 0", "pool-size, 1001",
        "timeout, PT0.5S", "timeout, PT2M", "cache-time, P2D", "cache-entries, 0"
    })
    void aSettingThatCannotBeUsedIsRefused(String setting, String value) {
        var refused =
                assertThrows(
                        SettingException.class,
                        () -> TestDatabase.H2.start(new PasswordCheck(), Map.of(setting, value)));
        assertEquals(setting, refused.setting());
    }

    @Test
    void aDatabaseThatIsDownIsAnOutageAndNoWrongPassword() throws Exception {
        int port;
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = taken.getLocalPort();
        }
        var url = "jdbc:postgresql://127.0.0.1:" + port + "/x?user=u&password=geheim";
        try (var users =
                TestDatabase.H2.start(new PasswordCheck(), Map.of("url", url, "timeout", "PT1S"))) {
            var fault = assertThrows(Fault.class, () -> ask(users, "alice", "x"));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
            for (Throwable e = fault; e != null; e = e.getCause()) {
                assertFalse(String.valueOf(e.getMessage()).contains("geheim"), e.toString());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"POSTGRESQL", "MARIADB"})
    void connectionsThatTheDatabaseEndedAreMadeAgain(TestDatabase database) throws Exception {
        database.users("{PLAIN}x");
        try (var users = database.start(new PasswordCheck(), Map.of())) {
            for (int i = 0; i < 5; i++) {
                assertInstanceOf(Verdict.Accepted.class, ask(users, "alice", "x"));
                database.endConnections();
            }
            assertEquals(WRONG, ask(users, "alice", "y"));
        }
    }

    @Test
    void aDatabaseThatSaysNothingIsAnOutageToo() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var users =
                        TestDatabase.H2.start(
                                new PasswordCheck(),
                                Map.of(
                                        "url",
                                        "jdbc:postgresql://127.0.0.1:"
                                                + silent.getLocalPort()
                                                + "/x",
                                        "timeout",
                                        "PT1S"))) {
            var fault = assertThrows(Fault.class, () -> ask(users, "alice", "x"));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        }
    }

    private static Verdict ask(SqlUsers users, String name, String text) throws Exception {
        try (var password = Secret.of(text)) {
            return users.verify(name, password);
        }
    }
}
