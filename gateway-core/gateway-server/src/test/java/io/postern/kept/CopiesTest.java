package io.postern.kept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.testkit.fault.CrashStates;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;
import io.postern.testkit.fault.NthOperation;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Copies on a disk that fails, at every operation in every way. */
class CopiesTest {
    private static final Map<String, String> MAIL =
            new TreeMap<>(Map.of("one", "first\n", "two", "x".repeat(100_000) + "\n", "zero", ""));

    @TempDir private Path root;

    private static KeptDeletions kept(Path folder) {
        return new KeptDeletions(folder, Duration.ofDays(1), () -> Instant.EPOCH);
    }

    private static void addAll(Copies copies) throws Fault, IOException {
        var number = 0;
        for (var message : MAIL.entrySet()) {
            var octets = message.getValue().getBytes(StandardCharsets.US_ASCII);
            var wire = message.getValue().replace("\n", "\r\n").length();
            assertEquals(
                    wire,
                    copies.add(++number, message.getKey(), wire, new ByteArrayInputStream(octets)));
        }
    }

    private static Map<String, String> readable(Path folder) throws IOException {
        var all = new TreeMap<String, String>();
        for (var message : kept(folder).of("anna")) {
            try (var in = message.content()) {
                all.put(
                        message.head().uniqueId(),
                        new String(in.readAllBytes(), StandardCharsets.US_ASCII));
            }
        }
        return all;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "WORKS")
    void eitherAllAreKeptOrNobodyIsToldSo(Outcome outcome) throws Exception {
        var disk = new FaultyFileSystem(root.getFileSystem());
        var points = 0;
        for (var n = 1; ; n++) {
            var folder = Files.createDirectory(root.resolve(outcome + "-" + n));
            var copies = kept(disk.view(folder)).begin("anna", "s-1", () -> false);
            var nth = new NthOperation(n, outcome);
            disk.faults(nth);
            var secured = false;
            try {
                addAll(copies);
                copies.secure();
                secured = true;
            } catch (Fault e) {
                assertEquals(Fault.Kind.TEMPORARY, e.kind());
                assertTrue(e.getMessage().contains(folder.toString()), e.getMessage());
            }
            disk.mend();
            if (secured) {
                assertEquals(MAIL, readable(folder), () -> "after " + outcome);
            } else {
                copies.drop();
                assertEquals(List.of(), files(folder), () -> "after " + outcome);
            }
            if (!nth.happened()) {
                assertTrue(secured);
                break;
            }
            points++;
        }
        System.out.println("counted fault points of kept copies: " + points + " " + outcome);
        assertTrue(points >= 5, () -> "few points of " + outcome);
    }

    @Test
    void aLossOfPowerLeavesAllThatWasSecured() throws Exception {
        var folder = Files.createDirectory(root.resolve("kept"));
        var disk = new FaultyFileSystem(root.getFileSystem());
        var crashes = new CrashStates(folder);
        disk.faults((operation, path) -> {
            synchronized (crashes) { // several files are forced at a time
                return crashes.on(operation, path);
            }
        });
        var copies = kept(disk.view(folder)).begin("anna", "s-1", () -> false);
        addAll(copies);
        copies.secure();
        var states = crashes.states();

        var finished = 0;
        for (var state : states) {
            var after = root.resolve("after-" + states.indexOf(state));
            state.restore(Files.createDirectory(after));
            var there = readable(after);
            if (state.finished()) {
                finished++;
                assertEquals(MAIL, there);
            } else {
                assertTrue(MAIL.entrySet().containsAll(there.entrySet()), "half a message is kept");
            }
        }
        System.out.printf(
                "counted crash states of kept copies: %d over %d operations%n",
                states.size(), crashes.operations());
        assertTrue(finished > 0 && states.size() > 10, () -> states.size() + " states");
    }

    @Test
    void nothingMoreIsWrittenOnceItIsLate() throws Exception {
        var asked = new AtomicInteger();
        var endless = new Endless();
        var copies = kept(root).begin("anna", "s-1", () -> asked.incrementAndGet() > 3);
        var fault =
                assertThrows(Fault.class, () -> copies.add(1, "endless", Long.MAX_VALUE, endless));
        assertTrue(fault.getMessage().contains("time"), fault.getMessage());
        assertEquals(4, asked.get());
        copies.drop();
        assertEquals(List.of(), files(root));
    }

    @Test
    void aStreamThatIsLargerThanItWasListedIsLeft() throws Exception {
        var copies = kept(root).begin("anna", "s-1", () -> false);
        assertTrue(copies.add(1, "endless", 1_000_000, new Endless()) > 1_000_000);
        assertThrows(NullPointerException.class, copies::secure);
        copies.drop();
        assertEquals(List.of(), files(root));
    }

    @Test
    void whatTheReadingThrowsIsTheCallers() throws Exception {
        var copies = kept(root).begin("anna", "s-1", () -> false);
        var broken =
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("the store's");
                    }

                    @Override
                    public int read(byte[] into, int from, int most) throws IOException {
                        throw new IOException("the store's");
                    }
                };
        assertEquals(
                "the store's",
                assertThrows(IOException.class, () -> copies.add(1, "broken", 10, broken))
                        .getMessage());
        copies.drop();
        assertEquals(List.of(), files(root));
    }

    private static final class Endless extends InputStream {
        @Override
        public int read() {
            return 'x';
        }

        @Override
        public int read(byte[] into, int from, int most) {
            Arrays.fill(into, from, from + most, (byte) 'x');
            return most;
        }
    }
}
