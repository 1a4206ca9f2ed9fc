package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.Secret;
import io.postern.spi.auth.TokenDirectory;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What every {@link TokenDirectory} promises. {@link #password} has no meaning here. */
public interface TokenDirectoryContract extends UserDirectoryContract {

    @Override
    TokenDirectory directory() throws Exception;

    /** A token of {@link #user} that holds; 2 characters or more. */
    String token();

    @Test
    default void theRightTokenIsAcceptedUnderTheCanonicalName() throws Exception {
        try (var directory = directory()) {
            assertEquals(user(), acceptedBy(directory));
        }
    }

    @Test
    default void aTokenThatIsNotOneIsRefused() throws Exception {
        var octets = token().getBytes(UTF_8);
        var veryLong = new byte[1 << 16];
        Arrays.fill(veryLong, (byte) 'x');
        var wrong =
                new ArrayList<>(
                        List.of(
                                Arrays.copyOf(octets, octets.length - 1),
                                Arrays.copyOfRange(octets, 1, octets.length),
                                Arrays.copyOf(octets, octets.length + 1),
                                (token() + " ").getBytes(UTF_8),
                                (" " + token()).getBytes(UTF_8),
                                (token() + token()).getBytes(UTF_8),
                                "*".getBytes(UTF_8),
                                new byte[] {0},
                                new byte[] {(byte) 0xff, (byte) 0xfe},
                                "..".getBytes(UTF_8),
                                "\r\nHost: x".getBytes(UTF_8),
                                veryLong));
        for (var name : UserDirectoryContract.hostileNames()) {
            wrong.add(name.getBytes(UTF_8));
        }
        try (var directory = directory()) {
            for (var one : wrong) {
                try (var token = Secret.of(one)) {
                    assertInstanceOf(Verdict.Refused.class, directory.verifyToken(token));
                }
            }
            assertEquals(user(), acceptedBy(directory));
        }
    }

    @Test
    default void theTokenStaysTheCallers() throws Exception {
        try (var directory = directory();
                var token = Secret.of(token())) {
            directory.verifyToken(token);
            assertArrayEquals(token().getBytes(UTF_8), token.octets(), "wiped or changed");
        }
    }

    @Test
    default void noAnswerHoldsTheToken() throws Exception {
        try (var directory = directory();
                var token = Secret.of(token())) {
            assertFalse(directory.verifyToken(token).toString().contains(token()));
        }
    }

    private String acceptedBy(TokenDirectory directory) throws Exception {
        try (var token = Secret.of(token())) {
            var verdict = directory.verifyToken(token);
            return assertInstanceOf(Verdict.Accepted.class, verdict).user().name();
        }
    }
}
