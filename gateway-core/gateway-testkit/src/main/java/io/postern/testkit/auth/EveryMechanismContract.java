package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.UserDirectory;

import org.junit.jupiter.api.Test;

/** What every mechanism promises, whatever proves who the client is. */
public interface EveryMechanismContract {

    /** A started mechanism. A new one each time; the contract closes it. */
    AuthMechanism mechanism() throws Exception;

    @Test
    default void itsNamesAreLegalAndStayTheSame() throws Exception {
        try (var mechanism = mechanism()) {
            assertTrue(mechanism.name().matches("[a-z0-9]+(-[a-z0-9]+)*"), mechanism.name());
            assertTrue(mechanism.mechanism().matches("[A-Z0-9_-]{1,20}"), mechanism.mechanism());
            assertEquals(mechanism.mechanism(), mechanism.mechanism());
            assertEquals(mechanism.command(), mechanism.command());
        }
    }

    @Test
    default void aDirectoryWithoutAbilitiesDoesNotServeIt() throws Exception {
        try (var mechanism = mechanism()) {
            assertFalse(mechanism.servedBy(new UserDirectory() {}));
        }
    }
}
