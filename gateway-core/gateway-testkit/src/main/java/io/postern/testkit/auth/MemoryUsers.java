package io.postern.testkit.auth;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Verdict;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * A directory of a few users with readable passwords, for tests. Names match exactly. Safe for any
 * number of threads.
 */
public class MemoryUsers implements PasswordDirectory, SecretDirectory {
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
    public Optional<Shared> shared(String name) {
        return Optional.ofNullable(passwords.get(name))
                .map(password -> new Shared(new User(name), Secret.of(password)));
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
}
