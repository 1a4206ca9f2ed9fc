package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.auth.SecretDirectory;

import org.junit.jupiter.api.Test;

/** What every {@link SecretDirectory} promises. */
public interface SecretDirectoryContract extends UserDirectoryContract {

    @Override
    SecretDirectory directory() throws Exception;

    @Test
    default void itHandsOutTheSecretUnderTheCanonicalName() throws Exception {
        try (var directory = directory()) {
            var shared = directory.shared(user()).orElseThrow();
            try (var secret = shared.secret()) {
                assertEquals(user(), shared.user().name());
                assertTrue(secret.matches(password().getBytes(UTF_8)));
            }
        }
    }

    @Test
    default void anotherSpellingLeadsToTheSameSecret() throws Exception {
        UserDirectoryContract.needsAnotherSpelling(otherSpelling());
        try (var directory = directory()) {
            var shared = directory.shared(otherSpelling().orElseThrow()).orElseThrow();
            try (var secret = shared.secret()) {
                assertEquals(user(), shared.user().name());
                assertTrue(secret.matches(password().getBytes(UTF_8)));
            }
        }
    }

    @Test
    default void aWipedSecretIsWholeTheNextTime() throws Exception {
        try (var directory = directory()) {
            directory.shared(user()).orElseThrow().secret().close();
            try (var secret = directory.shared(user()).orElseThrow().secret()) {
                assertTrue(secret.matches(password().getBytes(UTF_8)));
            }
        }
    }

    @Test
    default void aStrangerHasNoSecret() throws Exception {
        try (var directory = directory()) {
            assertTrue(directory.shared(stranger()).isEmpty());
        }
    }

    @Test
    default void aBarredUserHasNoSecret() throws Exception {
        UserDirectoryContract.needsABarredUser(barredUser());
        try (var directory = directory()) {
            assertTrue(directory.shared(barredUser().orElseThrow()).isEmpty());
        }
    }

    @Test
    default void noNameBringsSomebodysSecret() throws Exception {
        try (var directory = directory()) {
            for (var name : UserDirectoryContract.hostileNames()) {
                assertTrue(directory.shared(name).isEmpty());
            }
        }
    }

    @Test
    default void whatItHandsOutShowsNoSecretAsText() throws Exception {
        try (var directory = directory()) {
            var shared = directory.shared(user()).orElseThrow();
            try (var secret = shared.secret()) {
                assertFalse(shared.toString().contains(password()));
                assertFalse(secret.toString().contains(password()));
            }
        }
    }
}
