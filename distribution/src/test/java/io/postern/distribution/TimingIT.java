package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;

/**
 * Nobody learns from the clock which users there are. A wrong password of a user and one of nobody
 * are tried in pairs, in random order within the pair, so that whatever else goes on on the machine
 * meets both alike. For each pair it is noted which took longer: without a difference that is a
 * coin, and the sum over {@value #PAIRS} pairs is judged by the sign test, two-sided, at {@value
 * #SIGMAS} standard deviations (p below 1 in 10,000). The sign test asks for nothing but that, and
 * a pause of the machine counts as one pair and no more.
 */
class TimingIT {
    private static final int PAIRS = 2_000;

    /** A level that a fair coin reaches in one of 15,000 runs. */
    private static final double SIGMAS = 4;

    /** Of one connection, below the limit of lines before a login. */
    private static final int PAIRS_OF_A_CONNECTION = 20;

    /** So that a difference shows that is there for the processor only, and not for one name. */
    private static final int NAMES = 50;

    /** In the usual scheme, at a cost that suits some thousand tries. */
    private static final String PBKDF2 = pbkdf2(1_000);

    /** A tenth more to compute. */
    private static final String SLIGHTLY_DEARER = pbkdf2(1_100);

    @TempDir private Path folder;

    private final Random random = new Random(1939);

    private static String pbkdf2(int iterations) {
        return "{PBKDF2-SHA512}$" + iterations + "$c2FsdHNhbHRzYWx0c2FsdA$" + "A".repeat(86);
    }

    /**
     * What came of it.
     *
     * @param firstSlower in how many pairs the first name took longer than the second
     * @param first the median, nanoseconds
     * @param second the median, nanoseconds
     */
    private record Result(int pairs, int firstSlower, long first, long second) {

        double sigmas() {
            return (firstSlower - pairs / 2.0) / Math.sqrt(pairs / 4.0);
        }

        boolean significant() {
            return Math.abs(sigmas()) > SIGMAS;
        }

        @Override
        public String toString() {
            return "the first took longer in %d of %d pairs, %.1f sigma; medians %.1f and %.1f us"
                    .formatted(firstSlower, pairs, sigmas(), first / 1e3, second / 1e3);
        }
    }

    @ParameterizedTest
    @CsvSource({"sasl-plain, {PLAIN}", "user-pass, {PLAIN}", "user-pass, PBKDF2"})
    void aWrongPasswordTakesAsLongAsAnUnknownUser(String mechanism, String scheme)
            throws Exception {
        var site = site();
        for (var name = 0; name < NAMES; name++) {
            site.user("anna" + name);
            if (scheme.equals("PBKDF2")) {
                site.keeps("anna" + name, PBKDF2, "");
            }
        }
        try (var server = PackagedServer.start(site)) {
            var result = measure(server, mechanism.equals("sasl-plain"), "anna", "nobo");
            System.out.println(
                    "timing of a wrong password and an unknown user, "
                            + (mechanism + ", " + scheme + ": " + result));
            assertFalse(result.significant(), result::toString);
        }
    }

    /** Else the test above would prove nothing. */
    @Test
    void aDifferenceIsSeen() throws Exception {
        var site = site();
        for (var name = 0; name < NAMES; name++) {
            site.user("anna" + name).user("bela" + name);
            site.keeps("anna" + name, PBKDF2, "").keeps("bela" + name, SLIGHTLY_DEARER, "");
        }
        try (var server = PackagedServer.start(site)) {
            var result = measure(server, false, "bela", "anna");
            System.out.println("timing of a planted difference: " + result);
            assertTrue(result.significant(), result::toString);
        }
    }

    private Site site() {
        return new Site(folder)
                .mechanisms("user-pass", "sasl-plain")
                .limits("<failure-delay>PT0S</failure-delay>");
    }

    private Result measure(PackagedServer server, boolean plain, String first, String second)
            throws IOException {
        var _ = pairs(server, plain, first, second, PAIRS / 4); // until the server is warm
        return pairs(server, plain, first, second, PAIRS);
    }

    private Result pairs(
            PackagedServer server, boolean plain, String first, String second, int count)
            throws IOException {
        var times = new long[2][count];
        var slower = 0;
        var equal = 0;
        for (var at = 0; at < count; ) {
            try (var client = Pop3.connect(server.port())) {
                client.line();
                for (var of = 0; of < PAIRS_OF_A_CONNECTION && at < count; of++, at++) {
                    var order = random.nextInt(2);
                    for (var one : new int[] {order, 1 - order}) {
                        var name = (one == 0 ? first : second) + random.nextInt(NAMES);
                        times[one][at] = plain ? plain(client, name) : userPass(client, name);
                    }
                    slower += times[0][at] > times[1][at] ? 1 : 0;
                    equal += times[0][at] == times[1][at] ? 1 : 0;
                }
                client.quit();
            }
        }
        return new Result(count - equal, slower, median(times[0]), median(times[1]));
    }

    /** The time of one wrong try, nanoseconds. */
    private long userPass(Pop3 client, String name) throws IOException {
        client.ok("USER " + name);
        return refused(client, "PASS guess" + random.nextInt(1 << 20));
    }

    private long plain(Pop3 client, String name) throws IOException {
        var guess = "\0" + name + "\0guess" + random.nextInt(1 << 20);
        return refused(
                client,
                "AUTH PLAIN " + Base64.getEncoder().encodeToString(guess.getBytes(US_ASCII)));
    }

    private static long refused(Pop3 client, String line) throws IOException {
        var start = System.nanoTime();
        var answer = client.command(line);
        var time = System.nanoTime() - start;
        assertEquals("-ERR [AUTH] login refused", answer);
        return time;
    }

    private static long median(long[] times) {
        var sorted = times.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
