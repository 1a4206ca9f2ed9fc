package io.postern.testkit.auth;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.ScramKeys;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Verdict;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * A directory of a few users with readable passwords, for tests. Names match exactly. Safe for any
 * number of threads.
 */
public class MemoryUsers
        implements PasswordDirectory, SecretDirectory, ScramDirectory, NameDirectory {
    /** What was derived once: some tests log in a thousand times. */
    private static final ConcurrentMap<Derived, ScramKeys> KEYS = new ConcurrentHashMap<>();

    private record Derived(String name, String password, ScramHash hash) {}

    private final Map<String, String> passwords;
    private final LongAdder comparisons = new LongAdder();

    /**
     * @param passwords by name, read as UTF-8
     */
    public MemoryUsers(Map<String, String> passwords) {
        this.passwords = Map.copyOf(passwords);
    }

    @Override
    public Verdict verify(String name, Secret password) {
        var known = passwords.get(name);
        var fits = compare(known == null ? "nobody's password" : known, password);
        if (known == null) {
            return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
        }
        return fits
                ? new Verdict.Accepted(new User(name))
                : new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
    }

    @Override
    public Shared shared(String name) {
        var password = passwords.get(name);
        return password == null
                ? Shared.refused(Verdict.Reason.UNKNOWN_USER)
                : Shared.of(new User(name), Secret.of(password));
    }

    /**
     * {@inheritDoc}
     *
     * <p>Passwords are taken as they are, without SASLprep.
     */
    @Override
    public Entry scram(String name, ScramHash hash) {
        var known = passwords.get(name);
        var password = known == null ? "nobody's password" : known;
        var keys =
                KEYS.computeIfAbsent(
                        new Derived(name, password, hash),
                        it -> {
                            try (var secret = Secret.of(password)) {
                                return hash.keys(secret, salt(name), ScramKeys.MIN_ITERATIONS);
                            }
                        });
        return new Entry(
                keys,
                known == null
                        ? new Verdict.Refused(Verdict.Reason.UNKNOWN_USER)
                        : new Verdict.Accepted(new User(name)));
    }

    @Override
    public Verdict lookUp(String name) {
        return passwords.containsKey(name)
                ? new Verdict.Accepted(new User(name))
                : new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
    }

    /** How many passwords it has compared: its measure of work. */
    public long comparisons() {
        return comparisons.sum();
    }

    /** The one place where passwords are compared, and counted. */
    protected final boolean compare(String known, Secret password) {
        comparisons.increment();
        return password.matches(known.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] salt(String name) {
        var whole = ScramHash.SHA_256.hash(name.getBytes(StandardCharsets.UTF_8));
        return Arrays.copyOf(whole, 16);
    }
}
