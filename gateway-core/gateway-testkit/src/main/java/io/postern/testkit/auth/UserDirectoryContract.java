package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.postern.spi.Setting;
import io.postern.spi.auth.UserDirectory;
import io.postern.testkit.SkippedRules;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * What every {@link UserDirectory} promises. A test class of yours implements this, or one of its
 * extensions, and runs all of it.
 */
@ExtendWith(SkippedRules.class)
public interface UserDirectoryContract {

    /**
     * A started directory that knows {@link #user} with {@link #password}. A new one each time; the
     * contract closes it.
     */
    UserDirectory directory() throws Exception;

    /** The canonical name of a user who may log in. */
    default String user() {
        return "alice";
    }

    /** That user's password: UTF-8, two characters or more, no prefix of it repeated. */
    default String password() {
        return "tän staaf";
    }

    /** A name that is not known. */
    default String stranger() {
        return "mallory";
    }

    /** Another spelling of {@link #user} that the directory takes for the same, if it has any. */
    default Optional<String> otherSpelling() {
        return Optional.empty();
    }

    /** A user who exists, has {@link #password} too, and may not log in, if there can be one. */
    default Optional<String> barredUser() {
        return Optional.empty();
    }

    /** Skips a rule that needs {@link #otherSpelling}. */
    static void needsAnotherSpelling(Optional<String> otherSpelling) {
        assumeTrue(
                otherSpelling.isPresent(),
                "not run: override otherSpelling() where the directory takes more than one spelling"
                        + " of a name");
    }

    /** Skips a rule that needs {@link #barredUser}. */
    static void needsABarredUser(Optional<String> barredUser) {
        assumeTrue(
                barredUser.isPresent(),
                "not run: override barredUser() where somebody can exist and not be let in");
    }

    /** Names that somebody sends who means no good, and none of which is known. */
    static List<String> hostileNames() {
        var names =
                new ArrayList<>(
                        List.of(
                                " ",
                                "\0",
                                "a\0b",
                                "\r\n+OK",
                                "\u0001\u0007\u007f\u0085",
                                "'",
                                "\"",
                                "' OR '1'='1",
                                "x'; DROP TABLE users; --",
                                "*",
                                "*)(uid=*))(|(uid=*",
                                "cn=admin,dc=example",
                                "..",
                                "../../etc/passwd",
                                "/etc/passwd",
                                "C:\\users",
                                "%s%n%x",
                                "${env:HOME}",
                                "${jndi:ldap://127.0.0.1/a}",
                                "<user name=\"x\"/>",
                                "&amp;",
                                "$6$salt$",
                                "{PLAIN}",
                                "\ufeffx",
                                "\u202ex",
                                "\ufffd",
                                "\ud800",
                                "\udc00\ud800",
                                "@",
                                "a@b@c"));
        names.add("n".repeat(10_000));
        names.add("\u00e9".repeat(10_000));
        return List.copyOf(names);
    }

    @Test
    default void itsNameIsAWordOfLowerCaseLettersDigitsAndHyphens() throws Exception {
        try (var directory = directory()) {
            assertTrue(directory.name().matches("[a-z0-9]+(-[a-z0-9]+)*"), directory.name());
            assertEquals(directory.name(), directory.name());
        }
    }

    @Test
    default void itNamesEachSettingOnceAndSaysWhatItMeans() throws Exception {
        try (var directory = directory()) {
            var seen = new HashSet<String>();
            for (Setting setting : directory.settings()) {
                assertTrue(seen.add(setting.name()), setting.name() + " stands there twice");
                assertFalse(setting.meaning().isBlank(), setting.name() + " has no meaning");
            }
        }
    }

    @Test
    default void itsTextHoldsNoPassword() throws Exception {
        try (var directory = directory()) {
            assertFalse(String.valueOf(directory).contains(password()));
        }
    }
}
