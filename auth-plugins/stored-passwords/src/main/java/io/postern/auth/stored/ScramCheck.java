package io.postern.auth.stored;

import io.postern.spi.PrivateFiles;
import io.postern.spi.Secret;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.ScramKeys;
import io.postern.spi.auth.Verdict;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.Optional;

/**
 * Finds the keys for a login by SCRAM, or makes some up that look like somebody's. A password that
 * is kept as it is has its keys made at each login, with a salt that stays the same. One object for
 * each directory; any number of threads.
 */
public final class ScramCheck {
    private static final Logger log = LoggerFactory.getLogger(ScramCheck.class);

    private static final int KEY_OCTETS = 32;
    private static final String FILE = "scram.key";

    private final PasswordCheck check;
    private final Decoys decoys;

    private ScramCheck(PasswordCheck check, byte[] key) {
        this.check = check;
        this.decoys = new Decoys(key);
    }

    /**
     * With a key that lasts over restarts, if the folder can keep it; else the log says what that
     * means.
     *
     * @param check whose bound on hashing this keeps to
     * @param folder made if it is not there
     */
    public static ScramCheck keyedIn(Path folder, PasswordCheck check) {
        var file = folder.resolve(FILE);
        try {
            return new ScramCheck(check, key(file));
        } catch (IOException e) {
            log.warn(
                    "no key can be kept in {} ({}): after a restart SCRAM shows other salts for"
                            + " names that do not exist, which tells them from users",
                    file,
                    e.toString());
            return new ScramCheck(check, random());
        }
    }

    private static byte[] key(Path file) throws IOException {
        try {
            return whole(file, Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            PrivateFiles.makeFolders(file.getParent());
            // Through another file, so that a crash leaves no half of one.
            var fresh =
                    Files.createTempFile(
                            file.getParent(),
                            FILE,
                            "",
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rw-------")));
            try {
                Files.write(fresh, random());
                Files.createLink(file, fresh);
            } catch (FileAlreadyExistsException other) {
                // Another server of the same folder was quicker: its key is as good.
            } finally {
                Files.delete(fresh);
            }
            return whole(file, Files.readAllBytes(file));
        }
    }

    private static byte[] whole(Path file, byte[] key) throws IOException {
        if (key.length != KEY_OCTETS) {
            throw new IOException(
                    file + " has " + key.length + " octets, not " + KEY_OCTETS + ": remove it");
        }
        return key;
    }

    private static byte[] random() {
        var key = new byte[KEY_OCTETS];
        new SecureRandom().nextBytes(key);
        return key;
    }

    /**
     * As {@link ScramDirectory#scram}.
     *
     * @param account empty where there is nobody of that name
     * @param forms of the passwords that the directory keeps, as far as it knows
     */
    public ScramDirectory.Entry entry(
            String name,
            Optional<Account> account,
            Collection<StoredPassword> forms,
            ScramHash hash)
            throws InterruptedException {
        var kept = account.flatMap(it -> it.password().own()).flatMap(it -> usable(it, hash));
        // For everybody, as are keys below: the time would tell who is a stranger.
        var decoy =
                decoys.choose(
                        name,
                        forms.stream()
                                .flatMap(it -> it.own().stream())
                                .flatMap(it -> usable(it, hash).stream())
                                .toList(),
                        StoredPassword::form);
        var shown = kept.or(() -> decoy);
        var spelled = account.map(it -> it.user().name()).orElse(name);
        ScramKeys keys;
        if (shown.isPresent() && shown.get() instanceof ScramPassword scram) {
            var madeUp = madeUp(spelled, scram);
            keys = kept.isPresent() ? scram.keys() : madeUp;
        } else {
            keys = derived(spelled, kept, hash);
        }
        return new ScramDirectory.Entry(keys, verdict(account, kept.isPresent()));
    }

    private static Verdict verdict(Optional<Account> account, boolean able) {
        if (account.isEmpty()) {
            return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
        }
        if (!account.get().enabled()) {
            return new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
        }
        return able
                ? new Verdict.Accepted(account.get().user())
                : new Verdict.Refused(Verdict.Reason.NO_SECRET);
    }

    /** What keys can be had from; a password only if SASLprep takes it. */
    private static Optional<StoredPassword> usable(StoredPassword kept, ScramHash hash) {
        return switch (kept) {
            case ScramPassword scram when scram.hash() == hash -> Optional.of(scram);
            case PlainPassword plain -> {
                try (var password = plain.secret()) {
                    var prepared = SaslPrep.stored(password);
                    prepared.ifPresent(Secret::close);
                    yield prepared.map(_ -> plain);
                }
            }
            default -> Optional.empty();
        };
    }

    /** From the password itself, or, for the time that takes, from another. */
    private ScramKeys derived(String name, Optional<StoredPassword> kept, ScramHash hash)
            throws InterruptedException {
        var salt = decoys.octets(hash.mechanism(), name, ScramPassword.SALT_OCTETS);
        return check.bounded(
                0,
                () -> {
                    try (var password = password(kept)) {
                        return hash.keys(password, salt, ScramPassword.ITERATIONS);
                    }
                });
    }

    private static Secret password(Optional<StoredPassword> kept) {
        if (kept.isPresent() && kept.get() instanceof PlainPassword plain) {
            try (var password = plain.secret()) {
                return SaslPrep.stored(password).orElseThrow();
            }
        }
        return Secret.of(random());
    }

    private ScramKeys madeUp(String name, ScramPassword like) {
        var hash = like.hash();
        var keys = like.keys();
        return new ScramKeys(
                decoys.octets(hash.mechanism(), name, keys.salt().length),
                keys.iterations(),
                decoys.octets(hash.mechanism() + " stored key", name, hash.octets()),
                decoys.octets(hash.mechanism() + " server key", name, hash.octets()));
    }
}
