package io.postern.testkit.auth;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.TokenDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Test;

import java.time.Duration;

/**
 * What a directory that asks a server promises besides: while the server cannot be asked, nobody's
 * password is wrong and nobody is unknown (RFC 3206 §4). The directory is made for a time-out of a
 * second or two, and without a memory for answers.
 */
public interface RemoteDirectoryContract extends UserDirectoryContract {

    /** More than any directory asks before it leaves a server alone for a while. */
    int MANY_LOGINS = 12;

    /** Asks its server through {@link #relay}. */
    @Override
    UserDirectory directory() throws Exception;

    /** What stands between the directory and its server. The same for all of one test. */
    Relay relay();

    /** What {@link #user} proves itself by: a password, or a token. */
    default String proof() {
        return password();
    }

    /** How long it may leave a server alone that did not answer. */
    default Duration patience() {
        return Duration.ofMinutes(1);
    }

    @Test
    default void aServerThatIsGoneIsAnOutage() throws Exception {
        try (var directory = directory()) {
            assertAccepted(directory);
            relay().cut();
            assertOutageForAll(directory);
            relay().mend();
            assertComesBack(directory);
        }
    }

    @Test
    default void aServerThatHangsIsAnOutage() throws Exception {
        try (var directory = directory()) {
            assertAccepted(directory);
            relay().silence();
            assertOutageForAll(directory);
            relay().mend();
            assertComesBack(directory);
        }
    }

    @Test
    default void aLongOutageStaysOne() throws Exception {
        try (var directory = directory()) {
            relay().cut();
            for (int i = 0; i < MANY_LOGINS; i++) {
                assertOutage(directory, user(), proof());
            }
        }
    }

    @Test
    default void itStartsBeforeItsServer() throws Exception {
        relay().cut();
        try (var directory = directory()) {
            assertOutage(directory, user(), proof());
            relay().mend();
            assertComesBack(directory);
        }
    }

    @Test
    default void aConnectionThatWasLostMeanwhileIsNoticedByNobody() throws Exception {
        try (var directory = directory()) {
            for (int i = 0; i < 3; i++) {
                assertAccepted(directory);
                relay().mend(); // ends what is open
            }
            assertAccepted(directory);
        }
    }

    private void assertOutageForAll(UserDirectory directory) {
        assertOutage(directory, user(), proof());
        assertOutage(directory, user(), proof() + "x");
        assertOutage(directory, stranger(), proof());
    }

    private void assertOutage(UserDirectory directory, String name, String secret) {
        var fault = assertThrows(Fault.class, () -> ask(directory, name, secret));
        assertEquals(Fault.Kind.TEMPORARY, fault.kind(), fault.toString());
        for (Throwable e = fault; e != null; e = e.getCause()) {
            assertFalse(String.valueOf(e.getMessage()).contains(proof()), "the proof is in it");
        }
    }

    private void assertAccepted(UserDirectory directory) throws Exception {
        assertInstanceOf(Verdict.Accepted.class, ask(directory, user(), proof()));
    }

    private void assertComesBack(UserDirectory directory) {
        await("it asks again")
                .atMost(patience())
                .ignoreException(Fault.class)
                .until(() -> ask(directory, user(), proof()) instanceof Verdict.Accepted);
    }

    private static Verdict ask(UserDirectory directory, String name, String text)
            throws Fault, InterruptedException {
        try (var secret = Secret.of(text)) {
            return switch (directory) {
                case PasswordDirectory passwords ->
                        passwords.verify(name, secret, MemoryChannel.secure());
                case TokenDirectory tokens -> tokens.verifyToken(secret);
                default -> throw new AssertionError("it checks neither passwords nor tokens");
            };
        }
    }
}
