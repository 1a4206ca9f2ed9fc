package io.postern.store.mbox;

import io.postern.spi.PrivateFiles;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The locks by which mail programs keep off each other's mbox files, taken in the order that the
 * site's other programs use: another order would have both wait for ever.
 *
 * <p>One thread. Held for a snapshot and for a commit, never for a whole session.
 */
final class FileLocks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FileLocks.class);

    /** A dotlock this old beside a file that did not change either was left by a crash. */
    private static final Duration STALE = Duration.ofMinutes(2);

    private static final long PAUSE_MILLIS = 100;

    /** One kind of lock. */
    enum Kind {
        DOTLOCK,
        FCNTL
    }

    /** They are held by somebody else for longer than we may wait. */
    static final class BusyException extends Exception {
        private static final long serialVersionUID = 1L;

        BusyException(String message) {
            super(message);
        }
    }

    private interface Release {
        void run() throws IOException;
    }

    private final Path file;
    private final Deque<Release> held = new ArrayDeque<>();

    private FileLocks(Path file) {
        this.file = file;
    }

    /**
     * Takes all of them, or none.
     *
     * @param channel of the same file, open for writing; closing any channel of the file in this
     *     JVM would let go of an fcntl lock, so there is one channel only
     */
    static FileLocks take(Path file, FileChannel channel, List<Kind> order, Duration maxWait)
            throws IOException, BusyException, InterruptedException {
        var locks = new FileLocks(file);
        var deadline = System.nanoTime() + maxWait.toNanos();
        try {
            for (var kind : order) {
                while (!(kind == Kind.DOTLOCK ? locks.dotlock() : locks.fcntl(channel))) {
                    if (System.nanoTime() - deadline >= 0) {
                        throw new BusyException(
                                "another program holds the "
                                        + (kind == Kind.DOTLOCK
                                                ? "lock file " + locks.dotlockFile()
                                                : "fcntl lock of " + file)
                                        + " for longer than "
                                        + maxWait);
                    }
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
                }
            }
            var all = locks;
            locks = null;
            return all;
        } finally {
            if (locks != null) {
                locks.close();
            }
        }
    }

    /** Lets go of them, the last one first. */
    @Override
    public void close() {
        while (!held.isEmpty()) {
            try {
                held.pop().run();
            } catch (IOException e) {
                LOG.warn("cannot let go of a lock of {}", file, e);
            }
        }
    }

    private Path dotlockFile() {
        return file.resolveSibling(file.getFileName() + ".lock");
    }

    private boolean dotlock() throws IOException {
        var lock = dotlockFile();
        // Linked when it is whole: a crash leaves no lock file that does not say whose it is.
        var mine = mine(lock);
        try {
            try (var out =
                    PrivateFiles.open(
                            mine, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                var octets = ByteBuffer.wrap(ProcessMark.own().octets());
                while (octets.hasRemaining()) {
                    out.write(octets);
                }
            }
            Files.createLink(lock, mine);
            held.push(() -> Files.deleteIfExists(lock));
            return true;
        } catch (FileAlreadyExistsException e) {
            removeIfAbandoned(lock, mine);
            return false;
        } finally {
            Files.deleteIfExists(mine);
        }
    }

    /** A name beside the lock file that nobody else uses. */
    private static Path mine(Path lock) {
        return lock.resolveSibling(
                lock.getFileName() + "." + ProcessHandle.current().pid() + "." + System.nanoTime());
    }

    private void removeIfAbandoned(Path lock, Path own) throws IOException {
        try {
            if (abandoned(lock, own)) {
                // Renamed first: of two who find it so, one gets it, and neither a new lock.
                var aside = mine(lock);
                Files.move(lock, aside);
                if (abandoned(aside, own)) {
                    LOG.warn("removed {}: whoever made it is gone", lock);
                    Files.delete(aside);
                } else {
                    Files.move(aside, lock);
                }
            }
        } catch (NoSuchFileException | FileAlreadyExistsException e) {
            LOG.debug("{} went away meanwhile", lock, e);
        }
    }

    /** Whether a crashed server of this machine left it, or nobody touched it for long. */
    private boolean abandoned(Path lock, Path own) throws IOException {
        var oldest = System.currentTimeMillis() - STALE.toMillis();
        if (Files.getLastModifiedTime(lock).toMillis() < oldest
                && Files.getLastModifiedTime(file).toMillis() < oldest) {
            return true;
        }
        // Of another user's processes a kernel may not tell.
        return ProcessMark.of(Files.readAllBytes(lock)).filter(ProcessMark::isGone).isPresent()
                && Files.getOwner(lock).equals(Files.getOwner(own));
    }

    private boolean fcntl(FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return false;
        }
        if (lock == null) {
            return false;
        }
        held.push(() -> {
            // Whoever is interrupted while it reads has its channel closed, and the lock went then.
            if (lock.isValid()) {
                lock.release();
            }
        });
        return true;
    }
}
