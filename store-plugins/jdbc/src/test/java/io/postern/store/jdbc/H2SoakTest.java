package io.postern.store.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.store.jdbc.H2Soak.Ledger;
import io.postern.store.jdbc.H2Soak.Place;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A file of H2 under a server's load, closed and opened again all the time; every second time the
 * server is killed with everything under way. What was said to be there must be there to the octet,
 * and nothing that was said to be gone.
 *
 * <p>A few rounds run with the other tests. For longer by hand: {@code -Dtest=H2SoakTest
 * -Dpostern.soak=PT15M}, on another version of H2 with {@code -Dh2.version=...}, on other settings
 * with {@code -Dpostern.soak.url=;SETTING=...}.
 */
class H2SoakTest {
    private static final Duration WHILE =
            Duration.parse(System.getProperty("postern.soak", "PT20S"));
    private static final Duration ROUND = Duration.ofSeconds(4);

    @TempDir private Path scratch;

    @Test
    void whatWasSaidToBeThereIsThereToTheOctet() throws Exception {
        var ledger = new Ledger();
        var told = new EnumMap<Place, Integer>(Place.class);
        var largest = 0L;
        var rounds = 0;
        var began = System.nanoTime();
        do {
            serve(ledger, told, rounds % 2 == 0);
            var soak = new H2Soak(scratch, ledger);
            soak.open();
            ledger.settle(soak.check());
            soak.close();
            rounds++;
            var size = Files.size(scratch.resolve("mail.mv.db")) >> 20;
            largest = Math.max(largest, size);
            System.out.println(
                    "H2 soak: "
                            + (System.nanoTime() - began) / 1_000_000_000
                            + " s, "
                            + rounds
                            + " rounds, "
                            + told.get(Place.THERE)
                            + " delivered, "
                            + told.getOrDefault(Place.GONE, 0)
                            + " removed, mail "
                            + (ledger.octets() >> 20)
                            + " MiB, file "
                            + size
                            + " MiB, largest "
                            + largest
                            + " MiB");
        } while (System.nanoTime() - began < WHILE.toNanos());
        assertTrue(told.getOrDefault(Place.GONE, 0) > 50, told.toString());
    }

    private void serve(Ledger ledger, Map<Place, Integer> told, boolean kill)
            throws IOException, InterruptedException {
        var log = scratch.resolve("server.log");
        var server =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx256m",
                                "-XX:+UseSerialGC",
                                "-Dpostern.soak.url=" + System.getProperty("postern.soak.url", ""),
                                "-cp",
                                System.getProperty("java.class.path"),
                                H2Soak.class.getName(),
                                scratch.toString(),
                                (kill ? Duration.ofDays(1) : ROUND).toString())
                        .redirectError(log.toFile())
                        .start();
        try (var said = server.inputReader()) {
            String line;
            var began = 0L;
            while ((line = said.readLine()) != null) {
                ledger.note(line);
                told.merge(Place.valueOf(line.substring(0, line.indexOf(' '))), 1, Integer::sum);
                if (began == 0) {
                    began = System.nanoTime();
                }
                if (kill && System.nanoTime() - began > ROUND.toNanos()) {
                    server.toHandle().destroyForcibly(); // what it said is read to the end
                }
            }
            assertTrue(server.waitFor(1, TimeUnit.MINUTES), "the server ends");
            assertEquals(kill ? 137 : 0, server.exitValue(), () -> text(log));
        } finally {
            server.destroyForcibly();
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
