package io.postern.auth.stored;

import io.postern.spi.Secret;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.SecretDirectory.Shared;
import io.postern.spi.auth.Verdict;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The users of one file. Whoever asks after the file has changed sees the change, a second later at
 * most; a file that is broken then changes nothing, and the log says so. Any number of threads.
 */
public final class WatchedUsers {
    private static final Logger log = LoggerFactory.getLogger(WatchedUsers.class);

    /** At most one look at the file in this time. */
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private final Path file;
    private final Format format;
    private final PasswordCheck check;
    private final LongSupplier nanoTime;
    private final ReentrantLock looking = new ReentrantLock();
    private volatile Users users;
    private volatile long nextLook;
    private volatile Look last;

    /** How a file of users is read. */
    @FunctionalInterface
    public interface Format {
        /** All users of the file, no two of one {@link Users#fold folded} name. */
        Collection<Account> read(Path file) throws BrokenFile;
    }

    /**
     * Reads the file.
     *
     * @param nanoTime the clock, as {@link System#nanoTime}
     * @throws BrokenFile if it cannot be used
     */
    public WatchedUsers(Path file, Format format, PasswordCheck check, LongSupplier nanoTime)
            throws BrokenFile {
        this.file = file;
        this.format = format;
        this.check = check;
        this.nanoTime = nanoTime;
        last = Look.at(file);
        nextLook = nanoTime.getAsLong() + LOOK_INTERVAL.toNanos();
        users = new Users(format.read(file));
    }

    /** As {@link io.postern.spi.auth.PasswordDirectory#verify}. */
    public Verdict verify(String name, Secret password) throws InterruptedException {
        var now = now();
        return check.verdict(name, now.find(name), now.forms(), password);
    }

    /** As {@link io.postern.spi.auth.SecretDirectory#shared}, for passwords kept as they are. */
    public Shared shared(String name) {
        return Account.shared(now().find(name));
    }

    /** As {@link io.postern.spi.auth.ScramDirectory#scram}. */
    public ScramDirectory.Entry scram(String name, ScramHash hash, ScramCheck keys)
            throws InterruptedException {
        var now = now();
        return keys.entry(name, now.find(name), now.forms(), hash);
    }

    /** As {@link io.postern.spi.auth.NameDirectory#lookUp}. */
    public Verdict lookUp(String name) {
        var account = now().find(name);
        if (account.isEmpty()) {
            return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
        }
        return account.get().enabled()
                ? new Verdict.Accepted(account.get().user())
                : new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
    }

    /** The users as of now. One thread looks at the file; the others go on with what they have. */
    public Users now() {
        if (nanoTime.getAsLong() - nextLook >= 0 && looking.tryLock()) {
            try {
                look();
            } finally {
                looking.unlock();
            }
        }
        return users;
    }

    private void look() {
        nextLook = nanoTime.getAsLong() + LOOK_INTERVAL.toNanos();
        var look = Look.at(file);
        if (look.equals(last)) {
            return;
        }
        last = look;
        try {
            users = new Users(format.read(file));
            log.info("{} has changed and holds {} users now", file, users.size());
        } catch (BrokenFile e) {
            log.error(
                    "{} has changed and cannot be used; the users from before stay as they were:"
                            + "\n  {}",
                    file,
                    e.getMessage());
        }
    }

    /** What tells two states of the file apart without reading it. */
    private record Look(Optional<FileTime> modified, long sizeOctets, Optional<Object> key) {
        static Look at(Path file) {
            try {
                var seen = Files.readAttributes(file, BasicFileAttributes.class);
                return new Look(
                        Optional.of(seen.lastModifiedTime()),
                        seen.size(),
                        Optional.ofNullable(seen.fileKey()));
            } catch (IOException e) {
                // Told by the reading that follows.
                return new Look(Optional.empty(), 0, Optional.empty());
            }
        }
    }
}
