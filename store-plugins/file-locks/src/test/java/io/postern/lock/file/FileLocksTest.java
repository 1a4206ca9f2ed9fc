package io.postern.lock.file;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;
import io.postern.testkit.fault.Damage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

class FileLocksTest {
    private static final MaildropId ALICE = new MaildropId("maildir:/var/mail/al\u00EFce = x\\");
    private static final LockOwner OWNER = new LockOwner("node 1", "s=1", "al\u00EFce\\");

    private static final long NO_PID = 1L << 40;

    @TempDir private Path folder;

    @Test
    void theServiceLoaderFindsItAsFile() {
        var found = ServiceLoader.load(LockCoordinator.class).findFirst().orElseThrow();
        assertInstanceOf(FileLocks.class, found);
        assertEquals("file", found.name());
        assertEquals(LockCoordinator.Scope.HOST, found.scope());
    }

    @Test
    void theLockFileTellsWhoHoldsIt() throws Exception {
        var locks = FileFixture.started(folder);
        var lease = acquire(locks);
        var holder = Holder.read(KeyFolder.lockFile(folder, ALICE));
        assertEquals(OWNER, holder.owner());
        assertEquals(Optional.of(Holder.Server.current()), holder.process());
        var text = Files.readString(KeyFolder.lockFile(folder, ALICE));
        assertTrue(text.contains("token=" + lease.token() + "\n"), text);
        locks.close();
    }

    @Test
    void theGenerationIsTheOperators() throws Exception {
        Files.writeString(folder.resolve("generation"), "7\n");
        var locks = FileFixture.started(folder);
        assertEquals(7, acquire(locks).token().generation());
        locks.close();
        Files.writeString(folder.resolve("generation"), "seven");
        var said = assertThrows(Fault.class, () -> FileFixture.started(folder));
        assertTrue(said.getMessage().contains("generation"), said.getMessage());
    }

    /** A lock of damaged octets is held by somebody unknown until he is silent for long enough. */
    @Test
    void damageToALockFileIsNeitherAnErrorNorAFreeLock() throws Exception {
        var locks = FileFixture.started(folder);
        var lease = acquire(locks);
        var file = KeyFolder.lockFile(folder, ALICE);
        var good = Files.readAllBytes(file);
        var other = FileFixture.started(folder);
        for (var damage : Damage.of(good, 60)) {
            damage.doTo(file);
            var outcome = other.tryAcquire(ALICE, OWNER, Duration.ZERO);
            if (damage.isFolder()) {
                var unavailable = assertInstanceOf(Acquisition.Unavailable.class, outcome);
                assertTrue(unavailable.problem().contains(file.toString()), unavailable::problem);
            } else {
                assertInstanceOf(Acquisition.Busy.class, outcome, damage::what);
            }
            Damage.remove(file);
        }
        // Removed by somebody: the number of the last holder is in the name of another file.
        var next = acquire(other);
        assertTrue(next.token().compareTo(lease.token()) > 0);
        next.close();
        lease.close();
        other.close();
        locks.close();
    }

    @Test
    void damageToTheGenerationIsNamedWithARemedy() throws Exception {
        var file = folder.resolve("generation");
        for (var damage : Damage.of("17\n".getBytes(StandardCharsets.US_ASCII), 3)) {
            damage.doTo(file);
            try (var locks = FileFixture.started(folder)) {
                acquire(locks).close(); // other digits, which the operator may have written
                assertTrue(Files.readString(file).strip().matches("[0-9]+"), damage::what);
            } catch (Fault e) {
                assertEquals(Fault.Kind.PERMANENT, e.kind());
                assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
            }
            Damage.remove(file);
        }
    }

    @Test
    void theFilesAreTheServersAlone() throws Exception {
        var below = folder.resolve("locks/of/all");
        var locks = FileFixture.started(below);
        var lease = acquire(locks);
        try (var all = Files.walk(folder.resolve("locks"))) {
            for (var path : all.toList()) {
                assertEquals(
                        Files.isDirectory(path) ? "rwx------" : "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
                        path::toString);
            }
        }
        lease.close();
        locks.close();
    }

    @Test
    void tokensGrowWhereTheFolderIsLost() throws Exception {
        var locks = FileFixture.started(folder);
        var lease = acquire(locks);
        lease.close();
        var key = KeyFolder.lockFile(folder, ALICE).getParent();
        try (var files = Files.list(key)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(key);
        assertTrue(acquire(locks).token().compareTo(lease.token()) > 0);
        locks.close();
    }

    @Test
    void aFileThatIsNotWholeIsSomebodysUntilItWasSilentForLong() throws Exception {
        var locks = FileFixture.started(folder);
        acquire(locks).close();
        var file = KeyFolder.lockFile(folder, ALICE);
        Files.writeString(file, "nonce=");
        var busy =
                assertInstanceOf(
                        Acquisition.Busy.class, locks.tryAcquire(ALICE, OWNER, Duration.ZERO));
        assertEquals("unknown", busy.holder().node());
        acquired(locks.tryAcquire(ALICE, OWNER, Duration.ofSeconds(10)));
        locks.close();
    }

    /** The file's time may be anything: only that it changes counts. */
    @Test
    void wallClocksAreNotCompared() throws Exception {
        var locks = FileFixture.started(folder);
        var other = FileFixture.started(folder);
        var lease = acquire(other);
        var file = KeyFolder.lockFile(folder, ALICE);
        for (var hour : List.of(-100_000, -1, 1, 100_000)) {
            var time = Instant.now().plus(Duration.ofHours(hour));
            Files.setLastModifiedTime(file, FileTime.from(time));
            assertInstanceOf(Acquisition.Busy.class, locks.tryAcquire(ALICE, OWNER, Duration.ZERO));
        }
        assertTrue(lease.remaining().isPositive());
        locks.close();
        other.close();
    }

    @Test
    void anotherBootOrHostIsNotTakenForADeadProcess() {
        var here = Holder.Server.current();
        var boot = here.boot();
        var among = here.namespace();
        var account = here.account();
        assertFalse(here.isGone());
        assertTrue(process(boot, among, account, NO_PID).isGone());
        assertTrue(process(boot, among, account, here.pid()).isGone(), "its pid is another's now");
        assertFalse(process("another boot", among, account, NO_PID).isGone());
        assertFalse(process(boot, "pid:[1]", account, NO_PID).isGone());
        assertFalse(process(boot, among, "somebody else", NO_PID).isGone());
    }

    private static Holder.Server process(String boot, String among, String account, long pid) {
        return new Holder.Server("host", boot, among, account, pid, "1");
    }

    @Test
    void aTimeToLiveThatIsTooShortIsRefused() {
        var values = Map.of("folder", List.of("locks"), "ttl", List.of("PT1S"));
        var said = PluginConfig.problems(new FileLocks().settings(), values);
        assertEquals(List.of("ttl"), said.stream().map(SettingException::setting).toList());
    }

    @Test
    void theCheckTellsOfAFolderThatTheStartCouldNotUse() throws Exception {
        Files.writeString(folder.resolve("file"), "");
        Files.writeString(Files.createDirectory(folder.resolve("bad")).resolve("generation"), "x");
        for (var good : List.of("locks", "a/b/c", ".")) {
            check(good);
        }
        for (var bad : List.of("file", "file/below")) {
            var said = assertThrows(SettingException.class, () -> check(bad));
            assertEquals("folder", said.setting());
        }
        assertThrows(Fault.class, () -> check("bad"));
        assertFalse(Files.exists(folder.resolve("locks")), "the check makes nothing");
    }

    private void check(String locks) throws Fault {
        var plugin = new FileLocks();
        var values = Map.of("folder", List.of(locks));
        plugin.check(
                new PluginConfig(plugin.settings(), values, folder, folder),
                new Findings() {
                    @Override
                    public void problem(SettingException problem) {
                        throw problem;
                    }

                    @Override
                    public void warning(SettingException warning) {
                        throw warning;
                    }
                });
    }

    /**
     * The heart goes on after a stop in the moment in which the session takes its lease up again:
     * what it saw of the time before must not undo that.
     */
    @Test
    void aBeatThatMeetsTheTakingUpAgainDoesNotUndoIt() throws Exception {
        var fixture = new FileFixture(folder);
        var lease = (FileLease) acquire(fixture.coordinator());
        fixture.pause();
        await().atMost(fixture.ttl()).until(() -> lease.remaining().isZero());
        var again = new FutureTask<>(lease::reacquireIfUnclaimed);
        var beat = new FutureTask<>(lease::beat, null);
        // Whoever holds the guard of a key holds up all who change its lock.
        try (var _ = new KeyFolder(folder.resolve("locks"), ALICE)) {
            awaitRest(Thread.ofVirtual().start(again));
            awaitRest(Thread.ofVirtual().start(beat));
        }
        assertTrue(again.get(10, TimeUnit.SECONDS), "nobody had it meanwhile");
        beat.get(10, TimeUnit.SECONDS);
        assertTrue(lease.remaining().isPositive(), "lost after it was taken up again");
        lease.beat();
        assertTrue(lease.remaining().isPositive(), "lost at the next beat");
        fixture.close();
    }

    /** Also where their lock files are below the same two digits. */
    @Test
    void aChangeThatTakesLongHoldsUpNoOtherMaildrop() throws Exception {
        var locks = FileFixture.started(folder);
        var digits = KeyFolder.lockFile(folder, ALICE).getParent().getParent();
        var neighbour =
                Stream.iterate(0, number -> number + 1)
                        .map(number -> new MaildropId("maildir:/var/mail/" + number))
                        .filter(id -> KeyFolder.lockFile(folder, id).startsWith(digits))
                        .findFirst()
                        .orElseThrow();
        var login = new FutureTask<>(() -> locks.tryAcquire(neighbour, OWNER, Duration.ZERO));
        try (var _ = new KeyFolder(folder, ALICE)) {
            Thread.ofVirtual().start(login);
            acquired(login.get(10, TimeUnit.SECONDS));
        }
        locks.close();
    }

    /** Returns when a thread waits for others or has ended. */
    private static void awaitRest(Thread thread) {
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(() ->
                        switch (thread.getState()) {
                            case WAITING, TIMED_WAITING, TERMINATED -> true;
                            case NEW, RUNNABLE, BLOCKED -> false;
                        });
    }

    @Test
    void nothingButTheHighestTokenStaysBesideAFreeLock() throws Exception {
        var locks = FileFixture.started(folder);
        for (var i = 0; i < 5; i++) {
            acquire(locks).close();
        }
        try (var files = Files.list(KeyFolder.lockFile(folder, ALICE).getParent())) {
            assertEquals(
                    1,
                    files.filter(file -> !file.endsWith("guard")).count(),
                    "the guard, and one token");
        }
        locks.close();
    }

    private static Lease acquire(FileLocks locks) throws InterruptedException {
        return acquired(locks.tryAcquire(ALICE, OWNER, Duration.ZERO));
    }

    private static Lease acquired(Acquisition outcome) {
        return assertInstanceOf(Acquisition.Acquired.class, outcome).lease();
    }
}
