package io.postern.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;
import io.postern.testkit.fault.Damage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ServiceLoader;

class LocalLocksTest {
    private static final LockOwner OWNER = new LockOwner("node", "session", "alice");

    @TempDir private Path folder;

    @Test
    void theServiceLoaderFindsItAsLocal() {
        var found = ServiceLoader.load(LockCoordinator.class).findFirst().orElseThrow();
        assertInstanceOf(LocalLocks.class, found);
        assertEquals("local", found.name());
        assertEquals(LockCoordinator.Scope.JVM, found.scope());
    }

    @Test
    void aMaildropThatNobodyUsesIsForgottenAndItsTokensStillGrow() throws Exception {
        try (var locks = new LocalLocks()) {
            Lease last = null;
            for (var i = 0; i < 1000; i++) {
                var lease = acquire(locks, new MaildropId("m" + i % 10));
                assertTrue(last == null || lease.token().compareTo(last.token()) > 0);
                assertEquals(1, locks.size());
                assertInstanceOf(
                        Acquisition.Busy.class,
                        locks.tryAcquire(lease.maildrop(), OWNER, Duration.ZERO));
                lease.close();
                lease.close();
                assertEquals(0, locks.size());
                last = lease;
            }
        }
    }

    @Test
    void aRevokedLeaseIsRememberedUntilItIsReleased() throws Exception {
        try (var locks = new LocalLocks()) {
            var id = new MaildropId("alice");
            var old = acquire(locks, id);
            locks.revoke(id);
            acquire(locks, id).close();
            assertEquals(1, locks.size());
            assertEquals(false, old.reacquireIfUnclaimed());
            old.close();
            assertEquals(0, locks.size());
        }
    }

    @Test
    void generationsGrowFromStartToStart() {
        var clock = at(1_000);
        var first = new Generation(folder, clock).next();
        var second = new Generation(folder, clock).next();
        assertEquals(1_000, first);
        assertEquals(1_001, second);
    }

    @Test
    void generationsGrowWhenTheClockIsSetBack() {
        var first = new Generation(folder, at(5_000)).next();
        assertTrue(new Generation(folder, at(1_000)).next() > first);
    }

    @Test
    void generationsGrowWhenTheFileIsLostOrDamaged() throws IOException {
        var first = new Generation(folder, at(5_000)).next();
        Files.writeString(folder.resolve("generation"), "\0\0\0");
        var second = new Generation(folder, at(6_000)).next();
        assertTrue(second > first);
        Files.delete(folder.resolve("generation"));
        assertTrue(new Generation(folder, at(7_000)).next() > second);
    }

    /** A number too high is as bad as one too low: the next loss of the file would go below it. */
    @Test
    void noDamageToTheFileMakesAGenerationLowerOrMuchHigher() throws IOException {
        var file = folder.resolve("generation");
        var last = new Generation(folder, at(1_764_324_000_000L)).next();
        var good = Files.readAllBytes(file);
        for (var damage : Damage.of(good, good.length)) {
            damage.doTo(file);
            var next = new Generation(folder, at(1_764_324_000_500L)).next();
            assertEquals(1_764_324_000_500L, next, damage::what);
            assertTrue(next > last);
            Damage.remove(file);
        }
        // Either of the two lines is enough where the clock was set back.
        for (var at = 0; at < good.length; at++) {
            var damaged = good.clone();
            damaged[at] = (byte) 0xFF;
            Files.write(file, damaged);
            assertEquals(last + 1, new Generation(folder, at(1_000)).next(), "octet " + at);
        }
        Files.writeString(file, last + "\n"); // as it was written once
        assertEquals(last + 1, new Generation(folder, at(1_000)).next());
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    @Test
    void aFolderThatCannotBeWrittenLeavesTheClock() throws IOException {
        var file = Files.createFile(folder.resolve("a-file-in-place-of-the-folder"));
        assertEquals(8_000, new Generation(file, at(8_000)).next());
    }

    private static Clock at(long millis) {
        return Clock.fixed(Instant.ofEpochMilli(millis), ZoneOffset.UTC);
    }

    private static Lease acquire(LocalLocks locks, MaildropId id) throws InterruptedException {
        return assertInstanceOf(
                        Acquisition.Acquired.class, locks.tryAcquire(id, OWNER, Duration.ZERO))
                .lease();
    }
}
