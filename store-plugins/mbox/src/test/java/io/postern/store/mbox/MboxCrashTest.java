package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.store.CommitResult.Status;
import io.postern.testkit.fault.CrashStates;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;
import io.postern.testkit.fault.NthOperation;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/** A commit that ends early: by a loss of power, by a kill, by a disk that fails. */
class MboxCrashTest {
    private static final Map<String, String> SETTINGS = Map.of("locks", "dotlock fcntl");

    /** Which of eight messages a client marks. */
    private static final Map<String, IntPredicate> SHAPES = shapes();

    @TempDir private Path scratch;

    private static Map<String, IntPredicate> shapes() {
        var shapes = new LinkedHashMap<String, IntPredicate>();
        shapes.put("the first", number -> number == 1);
        shapes.put("the last", number -> number == 8);
        shapes.put("one between", number -> number == 4);
        shapes.put("every second", number -> number % 2 == 0);
        shapes.put("all but the last", number -> number < 8);
        shapes.put("all", _ -> true);
        return shapes;
    }

    private static String mail(boolean copies) {
        var text = new StringBuilder();
        for (var number = 1; number <= 8; number++) {
            var like = copies ? number % 3 : number;
            text.append("From a@example.org Mon Nov 23 06:00:0")
                    .append(like)
                    .append(" 2026\nSubject: ")
                    .append(like)
                    .append("\n\n")
                    .append((char) ('a' + like))
                    .append("x".repeat(13 * like))
                    .append("\n\n");
        }
        return text.toString();
    }

    @Test
    void noLossOfPowerLosesAMessageThatWasNotMarked() throws Exception {
        var states = 0;
        var operations = 0;
        for (var copies : List.of(false, true)) {
            for (var shape : SHAPES.entrySet()) {
                var folder = Files.createDirectory(scratch.resolve("run" + states));
                Files.writeString(folder.resolve("alice"), mail(copies));
                var before = new Mailbox(folder, SETTINGS).messages();
                var disk = new FaultyFileSystem(folder.getFileSystem());
                var crashes = new CrashStates(folder);
                disk.faults(crashes);
                var result = new Mailbox(disk.view(folder), SETTINGS).remove(shape.getValue());
                assertEquals(Status.OK, result.status());
                for (var state : crashes.states()) {
                    restore(state, folder);
                    states++;
                    check(
                            shape.getKey() + ", state " + states,
                            before,
                            new Mailbox(folder, SETTINGS).messages(),
                            shape.getValue(),
                            state.finished());
                }
                operations += crashes.operations();
            }
        }
        System.out.println(
                "counted " + states + " crash states of mbox, after " + operations + " operations");
        assertTrue(states > 500, "only " + states + " states");
    }

    @Test
    void noFaultOfTheDiskLosesAMessageThatWasNotMarked() throws Exception {
        var points = 0;
        for (var outcome : Outcome.values()) {
            if (outcome == Outcome.WORKS) {
                continue;
            }
            for (var shape : SHAPES.entrySet()) {
                for (var nth = 1; ; nth++) {
                    var folder = Files.createDirectory(scratch.resolve("point" + points++));
                    Files.writeString(folder.resolve("alice"), mail(true));
                    var before = new Mailbox(folder, SETTINGS).messages();
                    var disk = new FaultyFileSystem(folder.getFileSystem());
                    var fault = new NthOperation(nth, outcome);
                    disk.faults(fault);
                    var ok = false;
                    try {
                        ok =
                                new Mailbox(disk.view(folder), SETTINGS)
                                                .remove(shape.getValue())
                                                .status()
                                        == Status.OK;
                    } catch (Fault e) {
                        assertTrue(fault.happened(), () -> "without a fault: " + e);
                    }
                    // A lock file that a failing disk would not let go of is taken away when old.
                    Files.deleteIfExists(folder.resolve("alice.lock"));
                    check(
                            outcome + " " + nth + " of " + shape.getKey(),
                            before,
                            new Mailbox(folder, SETTINGS).messages(),
                            shape.getValue(),
                            ok);
                    if (!fault.happened()) {
                        assertTrue(ok, "the run without a fault did not end well");
                        break;
                    }
                }
            }
        }
        System.out.println("counted " + points + " fault points of mbox");
        assertTrue(points > 1_000, "only " + points + " points");
    }

    /** In the same place: what the store keeps beside the mail it finds by the mail's path. */
    private static void restore(CrashStates.State state, Path folder) throws IOException {
        try (var inside = Files.walk(folder)) {
            for (var old : inside.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(old);
            }
        }
        state.restore(Files.createDirectory(folder));
        // A power cut ends whoever held it; age is what tells, and time is not tested here.
        Files.deleteIfExists(folder.resolve("alice.lock"));
    }

    /**
     * All unmarked are there with their unique-ids and octets; of the marked, none if it was told.
     */
    private static void check(
            String when,
            Map<String, String> before,
            Map<String, String> after,
            IntPredicate marked,
            boolean told) {
        var number = 0;
        var expected = new ArrayList<String>();
        for (var message : before.entrySet()) {
            number++;
            var there = after.containsKey(message.getKey());
            if (there) {
                assertEquals(message.getValue(), after.get(message.getKey()), when);
            }
            assertTrue(there || marked.test(number), () -> when + ": an unmarked message is gone");
            assertTrue(!told || !there || !marked.test(nth(before, message.getKey())), when);
            if (there) {
                expected.add(message.getKey());
            }
        }
        assertEquals(expected, List.copyOf(after.keySet()), when);
    }

    private static int nth(Map<String, String> messages, String uniqueId) {
        return List.copyOf(messages.keySet()).indexOf(uniqueId) + 1;
    }
}
