package io.postern.lock.file;

import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.PluginConfig;
import io.postern.spi.PrivateFiles;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.lock.Lease;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One holder for each maildrop among all servers that share a folder. Each lock is a file that its
 * holder touches every third of the time to live; what is stale is decided by {@link KeyFolder}.
 *
 * <p>A stopped server loses its leases by its own clock before another one may take them. A server
 * that died on this host loses them at once.
 */
public final class FileLocks implements LockCoordinator {
    private static final Logger log = LoggerFactory.getLogger(FileLocks.class);
    private static final String FOLDER = "folder";
    private static final String TTL = "ttl";

    /** How long a waiter waits between two looks at a lock file, milliseconds. */
    private static final int LOOK_AGAIN = 20;

    private final ConcurrentMap<MaildropId, Sighting> sightings = new ConcurrentHashMap<>();
    private final Set<FileLease> held = ConcurrentHashMap.newKeySet();
    private final CountDownLatch stopping = new CountDownLatch(1);

    /** File work is done here: an interrupt must not tear it, and closes channels. */
    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();

    /** The one thread that keeps every lease alive. */
    final ScheduledExecutorService heart =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("lock-heartbeat").factory());

    private Holder.Server process;
    private Path folder;
    private Duration ttl;
    private long generation;

    @Override
    public String name() {
        return "file";
    }

    @Override
    public List<Setting> settings() {
        return List.of(
                Setting.required(
                        FOLDER,
                        Setting.Kind.PATH,
                        "the folder of lock files, the same for all servers that share the mail"),
                Setting.withDefault(
                                TTL,
                                Setting.Kind.DURATION,
                                "PT60S",
                                "after what silence of a server others may take its locks; the same"
                                        + " for all servers")
                        .between("PT3S", "P1D"));
    }

    @Override
    public void check(PluginConfig config, Findings findings) throws Fault {
        var wanted = config.path(FOLDER);
        var there = wanted;
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        if (there == null || !Files.isDirectory(there) || !Files.isWritable(there)) {
            throw unusable(wanted, wanted.equals(there) ? "be used" : "be made");
        }
        try {
            var _ = generation(wanted.resolve("generation"));
        } catch (IOException e) {
            throw unusable(wanted, "be read");
        }
    }

    private static SettingException unusable(Path folder, String how) {
        return new SettingException(
                FOLDER,
                "the folder of lock files, " + folder + ", cannot " + how,
                "Name a folder in which the user that runs Postern may write.");
    }

    @Override
    public void start(PluginConfig config) throws Fault {
        process = Holder.Server.current();
        folder = config.path(FOLDER);
        ttl = config.duration(TTL);
        try {
            PrivateFiles.makeFolders(folder);
            generation = generation(folder.resolve("generation"));
        } catch (IOException e) {
            log.debug("{} cannot be used", folder, e);
            throw unusable(folder, "be used");
        }
        var beat = ttl.toMillis() / 3;
        // A beat that fails is told by the lease; the schedule goes on.
        Future<?> _ = heart.scheduleAtFixedRate(this::beat, beat, beat, TimeUnit.MILLISECONDS);
    }

    /** Raised by an operator who had to make the folder anew; 0 where there is no such file. */
    private static long generation(Path file) throws IOException, Fault {
        String text;
        try {
            // Every octet is a character, so that one of no meaning is no failure.
            text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
        } catch (NoSuchFileException none) {
            return 0;
        } catch (IOException e) {
            throw Fault.permanent(
                    file + " cannot be read (" + e + "): it is to be a file of one number", e);
        }
        if (!text.matches("[0-9]{1,18}")) {
            throw Fault.permanent(
                    file + " holds no number; write one higher than any before", null);
        }
        return Long.parseLong(text);
    }

    @Override
    public Scope scope() {
        return Scope.HOST;
    }

    @Override
    public Acquisition tryAcquire(MaildropId id, LockOwner owner, Duration maxWait)
            throws InterruptedException {
        var deadline = System.nanoTime() + maxWait.toNanos();
        while (!stopped()) {
            var outcome = attempt(id, owner);
            var left = deadline - System.nanoTime();
            if (!(outcome instanceof Acquisition.Busy) || left <= 0) {
                return outcome;
            }
            // Longer by chance, so that waiters do not come all at once.
            var pause = LOOK_AGAIN + ThreadLocalRandom.current().nextInt(LOOK_AGAIN);
            stopping.await(
                    Math.min(left, TimeUnit.MILLISECONDS.toNanos(pause)), TimeUnit.NANOSECONDS);
        }
        return new Acquisition.Unavailable("the server is stopping", null);
    }

    private Acquisition attempt(MaildropId id, LockOwner owner) throws InterruptedException {
        Future<Acquisition> attempt;
        try {
            attempt = workers.submit(() -> acquire(id, owner));
        } catch (RejectedExecutionException e) {
            return new Acquisition.Unavailable("the server is stopping", e);
        }
        try {
            return attempt.get();
        } catch (ExecutionException e) {
            return unavailable(id, e.getCause());
        } catch (InterruptedException e) {
            // It is short: wait for its end, so that nothing is held when this throws.
            if (finished(attempt) instanceof Acquisition.Acquired(var lease)) {
                lease.close();
            }
            throw e;
        }
    }

    private Acquisition acquire(MaildropId id, LockOwner owner) throws IOException {
        try (var key = new KeyFolder(folder, id)) {
            var there = key.holder();
            if (there.isPresent() && !stale(id, there.get())) {
                return new Acquisition.Busy(there.get().owner());
            }
            if (there.isPresent()) {
                log.warn("taking the lock of {} from {}", id, there.get());
                key.remove(there.get());
            }
            sightings.remove(id);
            var lease = new FileLease(this, id, key.create(process, owner, generation));
            held.add(lease);
            if (stopped()) {
                lease.lose(Lease.Loss.SHUTDOWN);
            }
            return new Acquisition.Acquired(lease);
        }
    }

    private Acquisition unavailable(MaildropId id, Throwable cause) {
        return new Acquisition.Unavailable(
                "the lock of " + id + " in " + folder + " cannot be had: " + cause, cause);
    }

    /**
     * Whether a holder is surely gone. Wall clocks are never compared: the file must have been the
     * same for the whole time to live by this server's own clock.
     */
    private boolean stale(MaildropId id, Holder holder) {
        if (holder.process().map(Holder.Server::isGone).orElse(false)) {
            return true;
        }
        var now = System.nanoTime();
        var sighting =
                sightings.compute(
                        id,
                        (_, last) ->
                                last != null && last.shows(holder)
                                        ? last
                                        : new Sighting(holder.nonce(), holder.touched(), now));
        return now - sighting.since() >= ttl.toNanos();
    }

    @Override
    public void revoke(MaildropId id) {
        if (stopped()) {
            return;
        }
        var revoked = new AtomicReference<Holder>();
        var _ =
                work(
                        "revoke",
                        id,
                        () -> {
                            try (var key = new KeyFolder(folder, id)) {
                                var holder = key.holder();
                                if (holder.isPresent()) {
                                    revoked.set(holder.get());
                                    key.remove(holder.get());
                                }
                                return true;
                            }
                        });
        // Also where that failed: the lock may be free all the same.
        if (revoked.get() != null) {
            tellIfOurs(revoked.get());
        }
    }

    private void tellIfOurs(Holder holder) {
        for (var lease : held) {
            if (lease.nonce().equals(holder.nonce())) {
                lease.lose(Lease.Loss.REVOKED);
            }
        }
    }

    /** Every holder of this server is told, and its locks are free; whoever waits is sent away. */
    @Override
    public void close() {
        stopping.countDown();
        heart.shutdownNow();
        for (var lease : held) {
            lease.lose(Lease.Loss.SHUTDOWN);
            free(lease);
        }
        workers.close();
    }

    private void beat() {
        try {
            held.forEach(FileLease::beat);
            var now = System.nanoTime();
            sightings.values().removeIf(seen -> now - seen.since() > 10 * ttl.toNanos());
        } catch (RuntimeException e) {
            log.error("a heartbeat of the locks failed", e);
        }
    }

    boolean stopped() {
        return stopping.getCount() == 0;
    }

    Duration ttl() {
        return ttl;
    }

    Path folder() {
        return folder;
    }

    void forget(FileLease lease) {
        held.remove(lease);
    }

    /** Removes a lease's file, if it is still its own. */
    void free(FileLease lease) {
        work(
                "release",
                lease.maildrop(),
                () -> {
                    try (var key = new KeyFolder(folder, lease.maildrop())) {
                        var holder = key.holder();
                        if (holder.isPresent() && holder.get().nonce().equals(lease.nonce())) {
                            key.remove(holder.get());
                        }
                        return true;
                    }
                });
    }

    /** Puts a lost lease's file back, if nobody had the lock since. */
    boolean restore(FileLease lease) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        return work(
                        "reacquire",
                        lease.maildrop(),
                        () -> {
                            try (var key = new KeyFolder(folder, lease.maildrop())) {
                                return key.restore(lease.mark(), process);
                            }
                        })
                .orElse(false);
    }

    /** Does file work that nothing interrupts; what fails is logged, and left to time. */
    private <T> Optional<T> work(String what, MaildropId id, Callable<T> task) {
        Future<T> running;
        try {
            running = workers.submit(task);
        } catch (RejectedExecutionException e) {
            return Optional.empty(); // stopped: the locks have been freed by that
        }
        try {
            return Optional.ofNullable(finishedOrThrow(running));
        } catch (ExecutionException e) {
            log.warn("{} of the lock of {} in {} failed", what, id, folder, e.getCause());
            return Optional.empty();
        }
    }

    private static <T> T finished(Future<T> task) {
        try {
            return finishedOrThrow(task);
        } catch (ExecutionException e) {
            return null; // it has acquired nothing
        }
    }

    /** Waits without end, and keeps an interrupt for later. */
    private static <T> T finishedOrThrow(Future<T> task) throws ExecutionException {
        var interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** What a lock file looked like, and since when by this JVM's clock, nanoseconds. */
    private record Sighting(String nonce, long touched, long since) {
        boolean shows(Holder holder) {
            return nonce.equals(holder.nonce()) && touched == holder.touched();
        }
    }
}
