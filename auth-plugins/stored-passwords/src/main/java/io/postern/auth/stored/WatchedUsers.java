package io.postern.auth.stored;

import io.postern.spi.Findings;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
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
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * The users of one file. Whoever asks after the file has changed sees the change, a second later at
 * most. The log names each entry that is not understood once for each change; such an entry bars
 * its user alone. A file that is torn as a whole changes nothing. Any number of threads.
 */
public final class WatchedUsers {
    private static final Logger log = LoggerFactory.getLogger(WatchedUsers.class);

    /** At most one look at the file in this time. */
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private static final String NO_USERS = "has no users: nobody can log in with it";
    private static final String ADD_ONE = "Add one.";

    /** Most mistakes that are named for one change. */
    private static final int MOST_SHOWN = 20;

    private final Path file;
    private final Format format;
    private final PasswordCheck check;
    private final LongSupplier nanoTime;
    private final ReentrantLock looking = new ReentrantLock();
    private volatile Users users;
    private volatile long nextLook;
    private volatile Look last;
    private volatile Optional<BrokenFile> broken = Optional.empty();

    /** How a file of users is read. */
    @FunctionalInterface
    public interface Format {
        /**
         * @throws BrokenFile if it is torn as a whole
         */
        Users read(Path file) throws BrokenFile;
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
        users = format.read(file);
        if (users.accounts().isEmpty()) {
            log.warn("{} {}. {}", file, NO_USERS, ADD_ONE);
        }
        logMistakes();
    }

    /**
     * Tells what is wrong with a file.
     *
     * @param setting that names it
     */
    public static void check(String setting, Path file, Format format, Findings findings) {
        Users users;
        try {
            users = format.read(file);
        } catch (BrokenFile e) {
            findings.problem(refusal(setting, file, e));
            return;
        }
        if (users.accounts().isEmpty()) {
            findings.warning(new SettingException(setting, file + " " + NO_USERS, ADD_ONE));
        }
        users.mistakes()
                .forEach(it ->
                        findings.warning(
                                new SettingException(
                                        setting,
                                        file + ":" + it.line() + ": " + it.what(),
                                        it.remedy())));
    }

    /** Why a directory does not start. */
    public static SettingException refusal(String setting, Path file, BrokenFile e) {
        return new SettingException(
                setting, file + " cannot be used: " + e.getMessage(), e.remedy());
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
        var changed = !look.equals(last);
        // A right to read it that is given later changes nothing that is looked at.
        if (!changed && broken.isEmpty()) {
            return;
        }
        last = look;
        try {
            users = format.read(file);
            broken = Optional.empty();
            log.info("{} has changed and has {} users now", file, users.accounts().size());
            logMistakes();
        } catch (BrokenFile e) {
            if (changed) {
                log.error(
                        "{} has changed and cannot be used; the users from before stay as they"
                                + " were: {}. {}",
                        file,
                        e.getMessage(),
                        e.remedy());
            }
            broken = Optional.of(e);
        }
    }

    private void logMistakes() {
        var mistakes = users.mistakes();
        mistakes.stream()
                .limit(MOST_SHOWN)
                .forEach(it -> log.warn("{}:{}: {}. {}", file, it.line(), it.what(), it.remedy()));
        if (mistakes.size() > MOST_SHOWN) {
            log.warn("{}: {} more mistakes", file, mistakes.size() - MOST_SHOWN);
        }
    }

    /** As {@link io.postern.spi.Health#trouble}. */
    public Optional<String> trouble() {
        var mistakes = now().mistakes();
        if (broken.isPresent()) {
            return Optional.of(
                    file
                            + " cannot be used, and the users from before stay as they were: "
                            + broken.get().getMessage());
        }
        if (mistakes.isEmpty()) {
            return Optional.empty();
        }
        var lines =
                mistakes.stream()
                        .map(Users.Mistake::line)
                        .distinct()
                        .limit(MOST_SHOWN)
                        .map(String::valueOf)
                        .collect(Collectors.joining(", "));
        return Optional.of(
                file
                        + " has entries that are not understood, whose users are barred: line "
                        + lines
                        + (mistakes.size() > MOST_SHOWN ? " and more" : ""));
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
