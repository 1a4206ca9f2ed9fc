package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A client resets its connection while its mbox is listed: the server interrupts the login. */
class InterruptedOpeningTest {
    @TempDir private Path folder;

    @Test
    void whereverItHappensNothingIsLoggedAndNothingIsLeft() throws Exception {
        var mbox = folder.resolve("alice");
        Files.writeString(mbox, "From a@example.org Mon Nov 23 06:00:00 2026\nA: 1\n\n1\n\n");
        var interrupted = 0;
        var stderr = System.err;
        var log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            for (var order : List.of("fcntl dotlock", "dotlock fcntl", "fcntl", "dotlock")) {
                for (var nth = 1; ; nth++) {
                    var disk = new FaultyFileSystem(folder.getFileSystem());
                    var mailbox = new Mailbox(disk.view(folder), Map.of("locks", order));
                    var operations = new AtomicInteger();
                    var last = nth;
                    disk.faults((_, _) -> {
                        if (operations.incrementAndGet() == last) {
                            Thread.currentThread().interrupt();
                        }
                        return Outcome.WORKS;
                    });
                    try {
                        mailbox.open(Mailbox.nextToken()).close();
                    } catch (InterruptedException e) {
                        assertFalse(Thread.currentThread().isInterrupted(), "told twice");
                        interrupted++;
                    }
                    var _ = Thread.interrupted();
                    assertFalse(Files.exists(folder.resolve("alice.lock")), order + " " + nth);
                    if (operations.get() < nth) {
                        break;
                    }
                }
                assertEquals(1, new Mailbox(folder, Map.of("locks", order)).messages().size());
            }
        } finally {
            System.setErr(stderr);
        }
        assertEquals("", log.toString(StandardCharsets.UTF_8));
        assertTrue(interrupted > 20, "only " + interrupted);
    }
}
