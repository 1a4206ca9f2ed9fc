package io.postern.lock.file;

import io.postern.spi.PrivateFiles;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * The files of one maildrop's lock, guarded against everybody else as long as this object is open:
 *
 * <pre>
 * ab/cdef.../guard      locked by the kernel while somebody changes anything in this folder
 * ab/cdef.../lock       there while somebody holds the lock; says who
 * ab/cdef.../17.token   the number of the last holder, in its name
 * </pre>
 *
 * <p>The guard is held for the moment of a change only, and a process that dies lets go of it. The
 * lock file is what lasts. Touching a lock file takes no guard, so that a process that is stopped
 * within a change holds up nobody's heartbeat, and the logins of no other maildrop.
 *
 * <p>A token's number is in a name of its own that is made once: whatever a process does that was
 * stopped for long, the highest number stays the highest.
 *
 * <p>Use it in a thread that nobody interrupts: an interrupt closes channels.
 */
final class KeyFolder implements AutoCloseable {
    /** How long to wait for others that change something. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /**
     * Who uses the guards of this process, by hash. One thread at a time for each guard: the
     * kernel's locks are the process's, and closing any channel of a file lets go of all of them.
     */
    private static final ConcurrentMap<String, Turns> IN_PROCESS = new ConcurrentHashMap<>();

    /** One guard's turns; forgotten when nobody wants one. */
    private static final class Turns {
        final ReentrantLock lock = new ReentrantLock();

        /** Who has a turn or waits for it; changed within the map's operations only. */
        int users;
    }

    /**
     * One acquisition: what makes its file and its token.
     *
     * @param asked when it was asked for, by this JVM's clock, nanoseconds
     */
    record Mark(String nonce, FencingToken token, LockOwner owner, long asked) {}

    private final MaildropId id;
    private final Path folder;
    private final Path lock;
    private final String hash;
    private final FileChannel guard;

    KeyFolder(Path root, MaildropId id) throws IOException {
        this.id = id;
        hash = hash(id);
        lock = lockFile(root, id);
        folder = lock.getParent();
        enter(hash);
        try {
            PrivateFiles.makeFolders(folder);
            guard =
                    PrivateFiles.open(
                            folder.resolve("guard"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
        } catch (IOException | RuntimeException e) {
            leave(hash);
            throw e;
        }
        try {
            takeGuard();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private static void enter(String hash) {
        var turns =
                IN_PROCESS.compute(
                        hash,
                        (_, known) -> {
                            var its = known == null ? new Turns() : known;
                            its.users++;
                            return its;
                        });
        turns.lock.lock();
    }

    private static void leave(String hash) {
        IN_PROCESS.computeIfPresent(
                hash,
                (_, turns) -> {
                    turns.lock.unlock();
                    return --turns.users == 0 ? null : turns;
                });
    }

    static Path lockFile(Path root, MaildropId id) {
        var hash = hash(id);
        return root.resolve(hash.substring(0, 2)).resolve(hash.substring(2)).resolve("lock");
    }

    private void takeGuard() throws IOException {
        var deadline = System.nanoTime() + PATIENCE.toNanos();
        FileLock taken;
        while ((taken = guard.tryLock()) == null) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException(
                        "another process changes locks in "
                                + folder
                                + " for more than "
                                + PATIENCE.toSeconds()
                                + " s; is it stopped?");
            }
            LockSupport.parkNanos(1_000_000);
        }
        if (!taken.isValid()) {
            throw new IOException("the guard in " + folder + " was lost");
        }
    }

    /** Who holds the lock. */
    Optional<Holder> holder() throws IOException {
        try {
            return Optional.of(Holder.read(lock));
        } catch (NoSuchFileException free) {
            return Optional.empty();
        }
    }

    /** Frees the lock of this holder, and of no other. */
    void remove(Holder holder) throws IOException {
        // Moved away and looked at: where guards do not work, another's file is not deleted.
        var away = folder.resolve("away." + Holder.newNonce());
        Files.move(lock, away, StandardCopyOption.ATOMIC_MOVE);
        if (!Holder.read(away).nonce().equals(holder.nonce())) {
            Files.move(away, lock, StandardCopyOption.ATOMIC_MOVE);
            throw new IOException(
                    lock + " changed although its guard is held; the file system keeps no locks");
        }
        Files.delete(away);
    }

    /** Makes the lock file of a new holder. The lock is free. */
    Mark create(Holder.Server process, LockOwner owner, long generation) throws IOException {
        var asked = System.nanoTime();
        var nonce = Holder.newNonce();
        write(nonce, owner, process);
        try {
            var last = lastToken();
            // The first one is the clock's: a folder that was lost begins above what it had.
            var next = last.isPresent() ? last.get() + 1 : System.currentTimeMillis();
            make(token(next)).close();
            force(folder, StandardOpenOption.READ);
            if (last.isPresent()) {
                Files.delete(token(last.get()));
            }
            var token = new FencingToken(generation, next);
            append("token=" + token + "\n");
            return new Mark(nonce, token, owner, asked);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(lock);
            throw e;
        }
    }

    /**
     * Makes the lock file again of a holder who lost it.
     *
     * @return false where somebody has the lock, or had it since
     */
    boolean restore(Mark mark, Holder.Server process) throws IOException {
        var last = lastToken();
        if (last.isEmpty() || last.get() != mark.token.counter()) {
            return false;
        }
        var holder = holder();
        if (holder.isPresent() && !holder.get().nonce().equals(mark.nonce)) {
            return false;
        }
        if (holder.isPresent()) {
            remove(holder.get());
        }
        write(mark.nonce, mark.owner, process);
        append("token=" + mark.token + "\n");
        return true;
    }

    private void write(String nonce, LockOwner owner, Holder.Server process) throws IOException {
        var made = false;
        try (var out = make(lock)) {
            made = true;
            all(out, Holder.lines(nonce, id.value(), owner, process));
        } catch (IOException e) {
            if (made) {
                Files.deleteIfExists(lock);
            }
            throw e;
        }
    }

    private static FileChannel make(Path file) throws IOException {
        return PrivateFiles.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private void append(String line) throws IOException {
        try (var out = FileChannel.open(lock, StandardOpenOption.APPEND)) {
            all(out, line);
        }
    }

    private static void all(FileChannel out, String text) throws IOException {
        var octets = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (octets.hasRemaining()) {
            out.write(octets);
        }
    }

    private static void force(Path file, OpenOption how) throws IOException {
        try (var channel = FileChannel.open(file, how)) {
            channel.force(true);
        }
    }

    private Path token(long number) {
        return folder.resolve(number + ".token");
    }

    private Optional<Long> lastToken() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("[0-9]{1,18}\\.token"))
                    .map(name -> Long.valueOf(name.substring(0, name.indexOf('.'))))
                    .max(Long::compare);
        }
    }

    @Override
    public void close() throws IOException {
        // In this order: a channel that is closed later would let go of the next thread's lock.
        try {
            guard.close();
        } finally {
            leave(hash);
        }
    }

    private static String hash(MaildropId id) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            // UTF-16: it also tells names apart that are no legal text.
            return HexFormat.of()
                    .formatHex(digest.digest(id.value().getBytes(StandardCharsets.UTF_16BE)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
