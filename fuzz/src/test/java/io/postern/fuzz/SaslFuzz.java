package io.postern.fuzz;

import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.Verdict;
import io.postern.testkit.auth.MemoryChannel;
import io.postern.testkit.auth.MemoryRealm;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * Every mechanism that ships, and whatever responses: nobody is let in without the secret, no
 * exchange throws, and none goes on for ever.
 *
 * <p>The first octet chooses the mechanism, the second the channel; an octet 0xFF, which no text
 * holds, ends a response.
 */
public final class SaslFuzz {
    private static final String USER = "alice";

    /** Long, so that an input of chance does not hold it. */
    private static final String SECRET = "0123456789";

    /** More steps than any mechanism has. */
    private static final int MOST_STEPS = 6;

    private static final List<AuthMechanism> MECHANISMS =
            ServiceLoader.load(AuthMechanism.class).stream()
                    .map(ServiceLoader.Provider::get)
                    .sorted(Comparator.comparing(AuthMechanism::mechanism))
                    .toList();

    private SaslFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        if (input.length < 2) {
            return;
        }
        var mechanism = MECHANISMS.get((input[0] & 0xFF) % MECHANISMS.size());
        var realm =
                MemoryRealm.of(Map.of(USER, SECRET))
                        .over(channel(input[1]))
                        .offering("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS");
        try (var exchange = mechanism.begin(realm)) {
            var at = 2;
            for (var step = 0; ; step++) {
                expect(step < MOST_STEPS, mechanism, "goes on for ever");
                var response = new byte[0];
                if (step > 0 || !mechanism.serverFirst()) {
                    var end = at;
                    while (end < input.length && input[end] != (byte) 0xFF) {
                        end++;
                    }
                    response = Arrays.copyOfRange(input, at, end);
                    at = Math.min(end + 1, input.length);
                }
                AuthStep next = exchange.next(response);
                if (next instanceof Verdict verdict) {
                    judge(mechanism, verdict, input);
                    return;
                }
            }
        }
    }

    private static Channel channel(byte choice) {
        return switch (choice & 3) {
            case 0 -> MemoryChannel.clear();
            case 1 -> MemoryChannel.secure();
            case 2 -> MemoryChannel.bound("tls-exporter", new byte[32]);
            default -> MemoryChannel.bound("tls-server-end-point", new byte[32]);
        };
    }

    private static void judge(AuthMechanism mechanism, Verdict verdict, byte[] input) {
        if (verdict instanceof Verdict.Accepted accepted) {
            // As SASLprep sees it: digits of other scripts, and characters that mean nothing.
            var said =
                    Normalizer.normalize(
                                    new String(input, 2, input.length - 2, StandardCharsets.UTF_8),
                                    Normalizer.Form.NFKC)
                            .replaceAll("[^!-~]", "");
            expect(accepted.user().name().equals(USER), mechanism, "lets somebody else in");
            expect(said.contains(SECRET), mechanism, "lets in without the secret");
        }
    }

    private static void expect(boolean truth, AuthMechanism mechanism, String what) {
        if (!truth) {
            throw new AssertionError(mechanism.mechanism() + " " + what);
        }
    }
}
