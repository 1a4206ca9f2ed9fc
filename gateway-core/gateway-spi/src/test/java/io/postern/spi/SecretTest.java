package io.postern.spi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;

class SecretTest {

    @Test
    void itsTextIsThreeStars() {
        assertEquals("***", Secret.of("tan staaf").toString());
    }

    @Test
    void itMatchesItsOwnOctetsOnly() {
        try (var secret = Secret.of("tän staaf")) {
            assertTrue(secret.matches("tän staaf".getBytes(StandardCharsets.UTF_8)));
            assertFalse(secret.matches("tan staaf".getBytes(StandardCharsets.UTF_8)));
            assertArrayEquals("tän staaf".toCharArray(), secret.chars());
        }
    }

    @Test
    void itKeepsACopy() {
        var octets = new byte[] {1, 2, 3};
        try (var secret = Secret.of(octets)) {
            octets[0] = 9;
            secret.octets()[1] = 9;
            assertArrayEquals(new byte[] {1, 2, 3}, secret.octets());
        }
    }

    @Test
    void onceWipedItGivesNothing() {
        var secret = Secret.of("x");
        secret.close();
        assertThrows(IllegalStateException.class, secret::octets);
        assertThrows(IllegalStateException.class, () -> secret.matches(new byte[] {0}));
    }
}
