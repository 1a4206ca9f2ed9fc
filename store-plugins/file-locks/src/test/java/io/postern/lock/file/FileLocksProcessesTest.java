package io.postern.lock.file;

import static io.postern.lock.file.OtherServer.ALICE;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;

/** Two real processes on one folder. Needs a system that tells about processes in {@code /proc}. */
@EnabledOnOs(OS.LINUX)
@Timeout(180)
class FileLocksProcessesTest {
    private static final LockOwner HERE = new LockOwner("here", "session", "alice");

    @TempDir private Path folder;
    private FileLocks locks;

    @BeforeEach
    void start() throws Exception {
        locks = FileFixture.started(folder);
    }

    @AfterEach
    void stop() {
        locks.close();
    }

    @Test
    void aLockHeldByAnotherProcessIsBusy() throws Exception {
        try (var other = new OtherServer(folder)) {
            assertNotEquals("not acquired", other.hear());
            var busy =
                    assertInstanceOf(
                            Acquisition.Busy.class,
                            locks.tryAcquire(ALICE, HERE, Duration.ofSeconds(5)));
            assertEquals("other", busy.holder().node());
            assertTrue(other.ask().endsWith("[]"), "nothing was lost");
        }
    }

    @Test
    void aKilledProcessLosesItsLockAtOnce() throws Exception {
        for (var round = 0; round < 3; round++) {
            try (var other = new OtherServer(folder)) {
                var token = counter(other.hear());
                other.kill();
                // No wait: its end is known, its silence need not be waited for.
                try (var lease = acquired(locks.tryAcquire(ALICE, HERE, Duration.ZERO))) {
                    assertTrue(lease.token().counter() > token, "the token grows");
                }
            }
        }
    }

    @Test
    void aStoppedProcessLosesItsLockByItsSilenceAndKnowsItWhenItGoesOn() throws Exception {
        try (var other = new OtherServer(folder)) {
            var token = counter(other.hear());
            other.signal("STOP");
            try {
                assertInstanceOf(
                        Acquisition.Busy.class, locks.tryAcquire(ALICE, HERE, Duration.ZERO));
                try (var lease = acquired(locks.tryAcquire(ALICE, HERE, Duration.ofSeconds(10)))) {
                    assertTrue(lease.token().counter() > token, "the token grows");
                    other.signal("CONT");
                    assertTrue(
                            other.ask().startsWith("0 "),
                            "the first thing it can say is that nothing remains");
                    await().atMost(Duration.ofSeconds(20))
                            .until(() -> other.ask().equals("0 [EXPIRED]"));
                    assertTrue(lease.remaining().isPositive(), "the new holder keeps it");
                    assertInstanceOf(
                            Acquisition.Busy.class, locks.tryAcquire(ALICE, HERE, Duration.ZERO));
                }
            } finally {
                other.signal("CONT");
            }
        }
    }

    private static long counter(String line) {
        return Long.parseLong(line.substring(line.indexOf(' ') + 1));
    }

    private static Lease acquired(Acquisition outcome) {
        return assertInstanceOf(Acquisition.Acquired.class, outcome).lease();
    }
}
