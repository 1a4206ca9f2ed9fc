package io.postern.lock.file;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.PluginConfig;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;
import io.postern.testkit.fault.CrashStates;
import io.postern.testkit.fault.DiskFaults.Outcome;
import io.postern.testkit.fault.FaultyFileSystem;
import io.postern.testkit.fault.NthOperation;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The disk of the lock files fails at the first, the second, ... operation, or loses what was not
 * forced to it. After each: at no time did two have the lock, tokens only grew, and the lock is
 * free at once or after one time to live.
 */
@Timeout(600)
class FileLocksFaultTest {
    private static final LockOwner OWNER = new LockOwner("node", "session", "alice");

    /** Longer than the test, so that no heartbeat is among the operations that are counted. */
    private static final Duration LONG_TTL = Duration.ofHours(1);

    /** By this the others find out that a lock file is nobody's. */
    private static final Duration TTL = Duration.ofSeconds(3);

    /** How long they wait for that: they may begin late on a busy machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir private Path scratch;
    private final List<FileLocks> started = new ArrayList<>();

    /** What is done while the disk fails. */
    enum Deed {
        /** Of a maildrop that nobody ever opened. */
        ACQUIRE_FIRST,
        ACQUIRE,
        /** From a server that died. */
        TAKE_OVER,
        BEAT,
        RELEASE,
        REVOKE,
        /** Of a lock file that somebody has taken away. */
        REACQUIRE
    }

    /** A maildrop, and what was told of it. */
    private static final class Case {
        private final MaildropId id;
        private FencingToken highest = new FencingToken(0, 1);

        Case(String name) {
            id = new MaildropId("maildir:/" + name);
        }

        void told(Lease lease) {
            assertTrue(
                    lease.token().compareTo(highest) > 0,
                    () -> id + ": " + lease.token() + " after " + highest);
            highest = lease.token();
        }
    }

    @BeforeEach
    void make() throws IOException {
        Files.createDirectory(scratch.resolve("locks"));
    }

    @AfterEach
    void stop() {
        started.forEach(FileLocks::close);
    }

    private FileLocks locks(Path folder, Duration ttl) throws Exception {
        var locks = new FileLocks();
        var values = Map.of("folder", List.of("locks"), "ttl", List.of(ttl.toString()));
        locks.start(new PluginConfig(locks.settings(), values, folder, folder));
        started.add(locks);
        return locks;
    }

    @ParameterizedTest
    @EnumSource
    void noFaultGivesALockToTwoOrKeepsIt(Deed deed) throws Exception {
        var disk = new FaultyFileSystem(scratch.getFileSystem());
        var locks = locks(disk.view(scratch), LONG_TTL);
        var others = locks(scratch, TTL);
        var silent = new ArrayList<Case>();
        var points = 0;
        for (var outcome : Outcome.values()) {
            if (outcome == Outcome.WORKS) {
                continue;
            }
            for (var n = 1; ; n++) {
                var one = new Case(outcome + "-" + n);
                var nth = new NthOperation(n, outcome);
                point(deed, one, locks, others, () -> disk.faults(nth), disk::mend);
                if (!free(one, others)) {
                    silent.add(one);
                }
                if (!nth.happened()) {
                    break;
                }
                points++;
            }
        }
        var waited = silent.size();
        freeInTime(others, silent);
        System.out.printf(
                "counted %d fault points of file locks (%s), free by silence only: %d%n",
                points, deed, waited);
        assertTrue(points > 5, () -> "only a few operations were met for " + deed);
    }

    private void point(
            Deed deed, Case one, FileLocks locks, FileLocks others, Runnable fail, Runnable mend)
            throws Exception {
        var before = prepare(deed, one, locks, others, scratch);
        fail.run();
        var after = act(deed, one, locks, before);
        mend.run();
        after.ifPresent(lease -> holdsAlone(one, lease, others));
        after.ifPresent(Lease::close);
    }

    /** Makes what the deed is done to, and gives the lease that there is then. */
    private static Optional<Lease> prepare(
            Deed deed, Case one, FileLocks locks, FileLocks others, Path place) throws Exception {
        if (deed == Deed.ACQUIRE_FIRST) {
            return Optional.empty();
        }
        var lease = acquired(one, locks.tryAcquire(one.id, OWNER, Duration.ZERO));
        switch (deed) {
            case ACQUIRE_FIRST -> throw new AssertionError();
            case ACQUIRE -> {
                lease.close();
                return Optional.empty();
            }
            case TAKE_OVER -> {
                lease.close();
                var dead = acquired(one, others.tryAcquire(one.id, OWNER, Duration.ZERO));
                var file = KeyFolder.lockFile(place.resolve("locks"), one.id);
                var lines = Files.readString(file);
                dead.close();
                Files.writeString(file, lines.replaceAll("(?m)^started=.*$", "started=1"));
                return Optional.empty();
            }
            case REACQUIRE -> {
                Files.delete(KeyFolder.lockFile(place.resolve("locks"), one.id));
                ((FileLease) lease).beat();
                assertTrue(lease.remaining().isZero(), "it has noticed");
            }
            case BEAT, RELEASE, REVOKE -> {
                // As it is.
            }
        }
        return Optional.of(lease);
    }

    /** The lease that there is afterwards, as far as its holder knows. */
    private static Optional<Lease> act(Deed deed, Case one, FileLocks locks, Optional<Lease> before)
            throws Exception {
        switch (deed) {
            case ACQUIRE_FIRST, ACQUIRE, TAKE_OVER -> {
                return switch (locks.tryAcquire(one.id, OWNER, Duration.ZERO)) {
                    case Acquisition.Acquired(var lease) -> {
                        one.told(lease);
                        yield Optional.of(lease);
                    }
                    case Acquisition.Busy _, Acquisition.Unavailable _ -> Optional.empty();
                };
            }
            case BEAT -> ((FileLease) before.orElseThrow()).beat();
            case RELEASE -> {
                before.orElseThrow().close();
                return Optional.empty();
            }
            case REVOKE -> locks.revoke(one.id);
            case REACQUIRE -> {
                var lease = before.orElseThrow();
                if (!lease.reacquireIfUnclaimed()) {
                    lease.close();
                    return Optional.empty();
                }
            }
        }
        return before;
    }

    /** Whoever thinks that he holds it does, and nobody else gets it. */
    private static void holdsAlone(Case one, Lease lease, FileLocks others) {
        try {
            if (lease.remaining().isPositive()) {
                assertInstanceOf(
                        Acquisition.Busy.class,
                        others.tryAcquire(one.id, OWNER, Duration.ZERO),
                        () -> one.id + " is held by two");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Whether somebody else gets it at once; with a token that is higher than all before. */
    private static boolean free(Case one, FileLocks others) throws Exception {
        var now = others.tryAcquire(one.id, OWNER, Duration.ZERO);
        if (!(now instanceof Acquisition.Acquired(var lease))) {
            assertInstanceOf(Acquisition.Busy.class, now, () -> one.id + ": " + now);
            return false;
        }
        try (lease) {
            one.told(lease);
        }
        return true;
    }

    /** All at the same time: each one is to be looked at for a whole time to live. */
    private static void freeInTime(FileLocks others, List<Case> silent) throws Exception {
        var all = new ArrayList<Callable<Void>>();
        for (var one : silent) {
            all.add(() -> {
                try (var lease = acquired(one, others.tryAcquire(one.id, OWNER, PATIENCE))) {
                    assertTrue(lease.remaining().isPositive());
                }
                return null;
            });
        }
        together(all);
    }

    private static void together(List<Callable<Void>> all) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = new ArrayList<Future<Void>>();
            all.forEach(one -> running.add(threads.submit(one)));
            for (var one : running) {
                one.get();
            }
        }
    }

    private static Lease acquired(Case one, Acquisition outcome) {
        var lease =
                assertInstanceOf(Acquisition.Acquired.class, outcome, () -> one.id + ": " + outcome)
                        .lease();
        one.told(lease);
        return lease;
    }

    @ParameterizedTest
    @EnumSource
    void afterALossOfPowerTokensGoOnAndTheLockIsFree(Deed deed) throws Exception {
        var locks = locks(scratch, LONG_TTL);
        var one = new Case("maildrop");
        var before = prepare(deed, one, locks, locks, scratch);
        var told = one.highest;
        var disk = new FaultyFileSystem(scratch.getFileSystem());
        var watched = locks(disk.view(scratch), LONG_TTL);
        // The same lease, of a coordinator whose disk is watched: it has the same lock file.
        var lease =
                before.<Lease>map(
                        there -> new FileLease(watched, one.id, ((FileLease) there).mark()));
        var crashes = new CrashStates(scratch.resolve("locks"));
        if (deed == Deed.REACQUIRE) {
            ((FileLease) lease.orElseThrow()).beat();
        }
        disk.faults(crashes);
        act(deed, one, watched, lease);
        var states = crashes.states();
        var all = new ArrayList<Callable<Void>>();
        for (var state : states) {
            var place = Files.createDirectory(scratch.resolve("state" + all.size()));
            state.restore(Files.createDirectory(place.resolve("locks")));
            var later = new Case("maildrop");
            later.highest = state.finished() ? one.highest : told;
            var next = locks(place, TTL);
            all.add(() -> {
                acquired(later, next.tryAcquire(later.id, OWNER, PATIENCE)).close();
                return null;
            });
        }
        together(all);
        System.out.printf(
                "counted %d crash states of file locks (%s), after %d operations%n",
                states.size(), deed, crashes.operations());
        assertTrue(crashes.operations() > 0, "nothing was done");
    }
}
