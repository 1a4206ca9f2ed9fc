package io.postern.auth.stored;

import io.postern.spi.Secret;
import io.postern.spi.auth.Verdict;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.BiPredicate;

import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * Compares a password with the one of an account, or, for a stranger, with another's: only for the
 * time it takes. One object for each directory; any number of threads.
 */
public final class PasswordCheck {
    private static final int KEY_OCTETS = 32;

    /** Most memory that hashes take at one time, KiB. */
    private static final int MEMORY_KIB =
            (int) Math.min(1 << 20, Runtime.getRuntime().maxMemory() / (4 << 10));

    private final BiPredicate<StoredPassword, Secret> compare;
    private final SecretKey key;

    /**
     * Hashing keeps a processor busy and virtual threads do not take turns: without a bound, many
     * logins at once would stop every other session.
     */
    private final Semaphore processors =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() - 1), true);

    private final Semaphore memory = new Semaphore(MEMORY_KIB, true);

    public PasswordCheck() {
        this(StoredPassword::matches);
    }

    /**
     * @param compare for a test that counts
     */
    public PasswordCheck(BiPredicate<StoredPassword, Secret> compare) {
        this.compare = compare;
        var octets = new byte[KEY_OCTETS];
        new SecureRandom().nextBytes(octets);
        this.key = new SecretKeySpec(octets, "HmacSHA256");
    }

    /**
     * @param name what the client typed
     * @param account empty where there is nobody of that name
     * @param forms of the passwords that the directory keeps, as far as it knows
     * @throws InterruptedException if the server stops the attempt
     */
    public Verdict verdict(
            String name,
            Optional<Account> account,
            Collection<StoredPassword> forms,
            Secret password)
            throws InterruptedException {
        var decoy = decoy(name, forms);
        var stored = account.map(Account::password).orElse(decoy);
        var fits = StoredPassword.usable(password) && compare(stored, password);
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

    private boolean compare(StoredPassword stored, Secret password) throws InterruptedException {
        int kib = Math.min(MEMORY_KIB, stored.memoryKib());
        memory.acquire(kib);
        try {
            processors.acquire();
            try {
                return compare.test(stored, password);
            } finally {
                processors.release();
            }
        } finally {
            memory.release(kib);
        }
    }

    /**
     * Always of the same form for one name, and no telling which without the key: a name that is
     * quick or slow to refuse looks like a user's of that form. A form more changes it for few
     * names.
     */
    private StoredPassword decoy(String name, Collection<StoredPassword> forms) {
        StoredPassword chosen = Pbkdf2Password.nobody();
        long best = Long.MIN_VALUE;
        for (var one : forms) {
            long rank = rank(one.form(), name);
            if (rank >= best) {
                best = rank;
                chosen = one;
            }
        }
        return chosen;
    }

    private long rank(String form, String name) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(form.getBytes(StandardCharsets.UTF_8));
            mac.update((byte) 0);
            return ByteBuffer.wrap(mac.doFinal(Users.fold(name).getBytes(StandardCharsets.UTF_8)))
                    .getLong();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256, which takes any key", e);
        }
    }
}
