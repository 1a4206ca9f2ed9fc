package io.postern.auth.xmlusers;

import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.PasswordHasher;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Verdict;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiPredicate;
import java.util.function.LongSupplier;

import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * Users and their passwords in one XML file. Whoever uses it after the file has changed sees the
 * change, a second later at most; a file that is broken then changes nothing, and the log says so.
 *
 * <p>Names are the same if they differ in nothing but the case of ASCII letters; the spelling in
 * the file is the canonical one. What the file holds stays in memory while the server runs.
 */
public final class XmlUsers implements PasswordDirectory, SecretDirectory, PasswordHasher {
    private static final Logger log = LoggerFactory.getLogger(XmlUsers.class);

    private static final Setting FILE =
            Setting.withDefault(
                    "file",
                    Setting.Kind.PATH,
                    "conf/users.xml",
                    "The XML file of the users and their passwords.");

    /** At most one look at the file in this time. */
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private static final int DECOY_KEY_OCTETS = 32;

    private final BiPredicate<StoredPassword, Secret> check;
    private final LongSupplier nanoTime;
    private final SecretKey decoyKey;

    /**
     * Hashing keeps a processor busy and virtual threads do not take turns: without a bound, many
     * logins at once would stop every other session.
     */
    private final Semaphore hashers =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() - 1), true);

    private final ReentrantLock looking = new ReentrantLock();
    private Path file;
    private volatile Users users;
    private volatile long nextLook;
    private volatile Look last;

    public XmlUsers() {
        this(StoredPassword::matches, System::nanoTime);
    }

    /**
     * @param check compares; a test counts here
     * @param nanoTime the clock, as {@link System#nanoTime}
     */
    XmlUsers(BiPredicate<StoredPassword, Secret> check, LongSupplier nanoTime) {
        this.check = check;
        this.nanoTime = nanoTime;
        var key = new byte[DECOY_KEY_OCTETS];
        new SecureRandom().nextBytes(key);
        this.decoyKey = new SecretKeySpec(key, "HmacSHA256");
    }

    @Override
    public List<Setting> settings() {
        return List.of(FILE);
    }

    @Override
    public void start(PluginConfig config) {
        file = config.path(FILE.name());
        last = Look.at(file);
        nextLook = nanoTime.getAsLong() + LOOK_INTERVAL.toNanos();
        try {
            users = read();
        } catch (BrokenFile e) {
            throw new SettingException(
                    FILE.name(),
                    file + " cannot be used:\n  " + e.getMessage(),
                    "Mend the file, or name another one in <file>.");
        }
    }

    @Override
    public Verdict verify(String name, Secret password) throws InterruptedException {
        var now = users();
        var decoy = now.decoy(name);
        var account = now.find(name);
        var fits =
                StoredPassword.usable(password)
                        && compare(account.map(Account::password).orElse(decoy), password);
        if (account.isEmpty()) {
            return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
        }
        if (!fits) {
            return new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
        }
        return account.get().enabled()
                ? new Verdict.Accepted(account.get().user())
                : new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
    }

    @Override
    public Optional<Shared> shared(String name) {
        return users().find(name)
                .filter(Account::enabled)
                .flatMap(account ->
                        account.password() instanceof PlainPassword plain
                                ? Optional.of(new Shared(account.user(), plain.secret()))
                                : Optional.empty());
    }

    @Override
    public List<String> schemes() {
        return StoredPassword.SCHEMES;
    }

    /**
     * {@inheritDoc}
     *
     * @return the text for the attribute {@code password}, escaped where XML asks for it
     * @throws IllegalArgumentException if there is no such scheme, or it cannot keep this password
     */
    @Override
    public String hash(String scheme, Secret password) {
        return StoredPassword.make(scheme, password);
    }

    private boolean compare(StoredPassword stored, Secret password) throws InterruptedException {
        hashers.acquire();
        try {
            return check.test(stored, password);
        } finally {
            hashers.release();
        }
    }

    /** The users as of now. One thread looks at the file; the others go on with what they have. */
    private Users users() {
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
            users = read();
            log.info("{} has changed and holds {} users now", file, users.size());
        } catch (BrokenFile e) {
            log.error(
                    "{} has changed and cannot be used; the users from before stay as they were:"
                            + "\n  {}",
                    file,
                    e.getMessage());
        }
    }

    private Users read() throws BrokenFile {
        return new Users(UsersFile.read(file), Pbkdf2Password.nobody(), decoyKey);
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
