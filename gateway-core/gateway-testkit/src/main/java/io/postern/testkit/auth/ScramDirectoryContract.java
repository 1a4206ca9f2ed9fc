package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.postern.spi.Secret;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** What every {@link ScramDirectory} promises. */
public interface ScramDirectoryContract extends UserDirectoryContract {

    @Override
    ScramDirectory directory() throws Exception;

    /** The hash functions for which {@link #user} has keys; one or more. */
    default List<ScramHash> hashes() {
        return List.of(ScramHash.values());
    }

    @Test
    default void theKeysAreThoseOfThePassword() throws Exception {
        try (var directory = directory();
                var password = Secret.of(password())) {
            for (var hash : hashes()) {
                var entry = directory.scram(user(), hash);
                var accepted = assertInstanceOf(Verdict.Accepted.class, entry.verdict());
                assertEquals(user(), accepted.user().name());
                var keys = entry.keys();
                var expected = hash.keys(password, keys.salt(), keys.iterations());
                assertArrayEquals(expected.storedKey(), keys.storedKey());
                assertArrayEquals(expected.serverKey(), keys.serverKey());
            }
        }
    }

    @Test
    default void anotherSpellingLeadsToTheCanonicalNameOfTheKeys() throws Exception {
        UserDirectoryContract.needsAnotherSpelling(otherSpelling());
        try (var directory = directory()) {
            var entry = directory.scram(otherSpelling().orElseThrow(), hashes().getFirst());
            var accepted = assertInstanceOf(Verdict.Accepted.class, entry.verdict());
            assertEquals(user(), accepted.user().name());
        }
    }

    /** RFC 5802 §9, RFC 1939 §13. */
    @Test
    @Tag("protocol-73")
    @Tag("protocol-40")
    default void aStrangerLooksLikeAUserAndStaysTheSame() throws Exception {
        try (var directory = directory()) {
            for (var hash : hashes()) {
                var users = directory.scram(user(), hash).keys();
                var strangers = directory.scram(stranger(), hash);
                assertEquals(new Verdict.Refused(Verdict.Reason.UNKNOWN_USER), strangers.verdict());
                assertEquals(users.iterations(), strangers.keys().iterations());
                assertEquals(users.salt().length, strangers.keys().salt().length);
                assertEquals(users.storedKey().length, strangers.keys().storedKey().length);
                assertArrayEquals(
                        strangers.keys().salt(), directory.scram(stranger(), hash).keys().salt());
                var hex = HexFormat.of();
                assertNotEquals(
                        hex.formatHex(strangers.keys().salt()),
                        hex.formatHex(directory.scram(stranger() + "x", hash).keys().salt()),
                        "all strangers have one salt");
            }
        }
    }

    @Test
    default void theSaltOfAUserStaysTheSame() throws Exception {
        try (var directory = directory()) {
            for (var hash : hashes()) {
                assertArrayEquals(
                        directory.scram(user(), hash).keys().salt(),
                        directory.scram(user(), hash).keys().salt());
            }
        }
    }

    @Test
    default void aBarredUserIsRefusedAfterAll() throws Exception {
        UserDirectoryContract.needsABarredUser(barredUser());
        try (var directory = directory()) {
            assertEquals(
                    new Verdict.Refused(Verdict.Reason.NOT_ALLOWED),
                    directory.scram(barredUser().orElseThrow(), hashes().getFirst()).verdict());
        }
    }

    @Test
    default void noNameBringsSomebodysKeys() throws Exception {
        try (var directory = directory()) {
            var accepted = new ArrayList<String>();
            for (var name : UserDirectoryContract.hostileNames()) {
                var entry = directory.scram(name, hashes().getFirst());
                if (entry.verdict() instanceof Verdict.Accepted) {
                    accepted.add(name);
                }
            }
            assertEquals(List.of(), accepted);
        }
    }

    @Test
    default void whatItHandsOutShowsNoPasswordAsText() throws Exception {
        try (var directory = directory()) {
            var entry = directory.scram(user(), hashes().getFirst());
            assertFalse(entry.toString().contains(password()));
        }
    }
}
