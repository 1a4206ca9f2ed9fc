package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.SecretDirectory.Shared;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Test;

import java.util.Optional;

/** What every {@link SecretDirectory} promises. */
public interface SecretDirectoryContract extends UserDirectoryContract {

    @Override
    SecretDirectory directory() throws Exception;

    @Test
    default void itHandsOutTheSecretUnderTheCanonicalName() throws Exception {
        try (var directory = directory()) {
            var shared = directory.shared(user());
            try (var secret = shared.secret().orElseThrow()) {
                assertEquals(user(), name(shared));
                assertTrue(secret.matches(password().getBytes(UTF_8)));
            }
        }
    }

    @Test
    default void anotherSpellingLeadsToTheSameSecret() throws Exception {
        UserDirectoryContract.needsAnotherSpelling(otherSpelling());
        try (var directory = directory()) {
            var shared = directory.shared(otherSpelling().orElseThrow());
            try (var secret = shared.secret().orElseThrow()) {
                assertEquals(user(), name(shared));
                assertTrue(secret.matches(password().getBytes(UTF_8)));
            }
        }
    }

    @Test
    default void aWipedSecretIsWholeTheNextTime() throws Exception {
        try (var directory = directory()) {
            directory.shared(user()).secret().orElseThrow().close();
            try (var secret = directory.shared(user()).secret().orElseThrow()) {
                assertTrue(secret.matches(password().getBytes(UTF_8)));
            }
        }
    }

    @Test
    default void aStrangerHasNoSecret() throws Exception {
        try (var directory = directory()) {
            assertEquals(Shared.refused(Verdict.Reason.UNKNOWN_USER), directory.shared(stranger()));
        }
    }

    @Test
    default void aBarredUserHasNoSecret() throws Exception {
        UserDirectoryContract.needsABarredUser(barredUser());
        try (var directory = directory()) {
            assertEquals(
                    Shared.refused(Verdict.Reason.NOT_ALLOWED),
                    directory.shared(barredUser().orElseThrow()));
        }
    }

    /** A user whose password is kept in a form that gives no secret; empty if there is none. */
    default Optional<String> userWithoutSecret() {
        return Optional.empty();
    }

    @Test
    default void aUserWithoutASecretIsNoStranger() throws Exception {
        assumeTrue(
                userWithoutSecret().isPresent(),
                "not run: override userWithoutSecret() where a password may be kept as a hash");
        try (var directory = directory()) {
            assertEquals(
                    Shared.refused(Verdict.Reason.NO_SECRET),
                    directory.shared(userWithoutSecret().orElseThrow()));
        }
    }

    @Test
    default void noNameBringsSomebodysSecret() throws Exception {
        try (var directory = directory()) {
            for (var name : UserDirectoryContract.hostileNames()) {
                assertTrue(directory.shared(name).secret().isEmpty(), name);
            }
        }
    }

    @Test
    default void whatItHandsOutShowsNoSecretAsText() throws Exception {
        try (var directory = directory()) {
            var shared = directory.shared(user());
            try (var secret = shared.secret().orElseThrow()) {
                assertFalse(shared.toString().contains(password()));
                assertFalse(secret.toString().contains(password()));
            }
        }
    }

    private static String name(Shared shared) {
        return assertInstanceOf(Verdict.Accepted.class, shared.verdict()).user().name();
    }
}
