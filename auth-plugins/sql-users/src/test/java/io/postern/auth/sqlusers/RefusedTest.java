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
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.time.Duration;
import java.util.Map;

/** A database that is there, and does not let this server in. */
class RefusedTest {
    /** The pool would take as long. */
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private static Map<String, String> settings(
            TestDatabase database, String user, String password, String name) throws Exception {
        return Map.of(
                "url",
                database.plainUrl(name),
                "user",
                user,
                "password",
                password,
                "timeout",
                TIMEOUT.toString());
    }

    private static String name(TestDatabase database) {
        return switch (database) {
            case H2 -> "users";
            case POSTGRESQL -> "postgres";
            case MARIADB -> "mail";
        };
    }

    @ParameterizedTest
    @EnumSource
    void aWrongPasswordIsSaidAtTheStart(TestDatabase database) throws Exception {
        database.users("{PLAIN}x");
        database.reader("novice", "right");
        for (var user : new String[] {"novice", "nobody"}) {
            var begun = System.nanoTime();
            var refused =
                    assertThrows(
                            SettingException.class,
                            () ->
                                    database.start(
                                            new PasswordCheck(),
                                            settings(database, user, "geheim", name(database))));
            assertQuick(begun);
            if (database == TestDatabase.POSTGRESQL && user.equals("nobody")) {
                continue; // trusted, and not known: the database words that as it likes
            }
            assertEquals("password", refused.setting());
            assertTrue(
                    refused.getMessage().contains(" refuses the user \"" + user + '"'),
                    refused.getMessage());
            assertFalse(refused.getMessage().contains("geheim"), refused.getMessage());
            assertFalse(refused.getMessage().contains("not available"), refused.getMessage());
        }
        database.start(new PasswordCheck(), settings(database, "novice", "right", name(database)))
                .close();
    }

    @ParameterizedTest
    @EnumSource
    void aDatabaseThatIsNotThereIsSaidAtTheStart(TestDatabase database) throws Exception {
        database.users("{PLAIN}x");
        database.reader("lost", "right");
        var begun = System.nanoTime();
        var refused =
                assertThrows(
                        SettingException.class,
                        () ->
                                database.start(
                                        new PasswordCheck(),
                                        settings(database, "lost", "right", "nowhere")));
        assertQuick(begun);
        // MariaDB does not tell who has no rights there whether it is there.
        assertEquals(
                database == TestDatabase.MARIADB ? "password" : "url",
                refused.setting(),
                refused.getMessage());
        assertTrue(refused.getMessage().contains("nowhere"), refused.getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void aPasswordThatWasChangedIsSaidAtALogin(TestDatabase database) throws Exception {
        database.users("{PLAIN}x");
        database.reader("running", "right");
        try (var users =
                database.start(
                        new PasswordCheck(),
                        settings(database, "running", "right", name(database)))) {
            assertInstanceOf(Verdict.Accepted.class, ask(users));
            database.execute(
                    switch (database) {
                        case H2 -> "ALTER USER running SET PASSWORD 'other'";
                        case POSTGRESQL -> "ALTER ROLE running PASSWORD 'other'";
                        case MARIADB -> "SET PASSWORD FOR running@localhost = PASSWORD('other')";
                    });
            database.endConnections();
            var begun = System.nanoTime();
            var fault = assertThrows(Fault.class, () -> ask(users));
            assertQuick(begun);
            assertEquals(Fault.Kind.PERMANENT, fault.kind(), fault.getMessage());
            assertTrue(
                    fault.getMessage().contains(" refuses the user \"running\""),
                    fault.getMessage());
            assertEquals(
                    fault.getMessage(), users.trouble().orElseThrow(), "it shows in health, too");

            database.execute(
                    switch (database) {
                        case H2 -> "ALTER USER running SET PASSWORD 'right'";
                        case POSTGRESQL -> "ALTER ROLE running PASSWORD 'right'";
                        case MARIADB -> "SET PASSWORD FOR running@localhost = PASSWORD('right')";
                    });
            assertInstanceOf(Verdict.Accepted.class, ask(users), "and it goes on by itself");
            assertTrue(users.trouble().isEmpty());
        }
    }

    private static void assertQuick(long begunNanos) {
        var taken = Duration.ofNanos(System.nanoTime() - begunNanos);
        assertTrue(taken.compareTo(TIMEOUT.dividedBy(2)) < 0, "it took " + taken);
    }

    private static Verdict ask(SqlUsers users) throws Exception {
        try (var password = Secret.of("x")) {
            return users.verify("alice", password);
        }
    }
}
