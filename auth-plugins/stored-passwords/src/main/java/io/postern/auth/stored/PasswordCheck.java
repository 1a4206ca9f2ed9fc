package io.postern.auth.stored;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.Standing;
import io.postern.spi.auth.Verdict;

import java.security.SecureRandom;
import java.util.Collection;
import java.util.HashMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Semaphore;
import java.util.function.BiPredicate;
import java.util.function.Supplier;

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
    private final Decoys decoys;

    /**
     * Hashing keeps a processor busy and virtual threads do not take turns: without a bound, many
     * logins at once would stop every other session.
     */
    private final Turns processors =
            new Turns(Math.max(1, Runtime.getRuntime().availableProcessors() - 1));

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
        this.decoys = new Decoys(octets);
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
        // For everybody: the time to choose would tell who is a stranger.
        var decoy = decoys.choose(name, forms, StoredPassword::form);
        StoredPassword stored =
                account.map(Account::password).or(() -> decoy).orElseGet(StoredPassword::none);
        var fits = OptionalInt.empty();
        for (int part = 0; part < stored.parts().size(); part++) {
            var one = stored.parts().get(part);
            if (StoredPassword.usable(password)
                    && bounded(one.memoryKib(), () -> compare.test(one, password))) {
                fits = OptionalInt.of(part);
            }
        }
        if (account.isEmpty()) {
            return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
        }
        if (fits.isEmpty()) {
            // Of an account without a password, none can be told to be wrong.
            return new Verdict.Refused(
                    stored == StoredPassword.none()
                            ? Verdict.Reason.NOT_ALLOWED
                            : Verdict.Reason.WRONG_PROOF);
        }
        return account.get().enabled()
                ? new Verdict.Accepted(by(account.get().user(), stored.device(fits.getAsInt())))
                : new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
    }

    private static User by(User user, Optional<String> device) {
        if (device.isEmpty()) {
            return user;
        }
        var attributes = new HashMap<>(user.attributes());
        attributes.put(User.DEVICE, device.get());
        return new User(user.name(), attributes);
    }

    /**
     * Does what keeps a processor busy, or much memory, in its turn.
     *
     * @param kib of memory
     */
    <T> T bounded(int kib, Supplier<T> work) throws InterruptedException {
        int share = Math.min(MEMORY_KIB, kib);
        processors.acquire(Standing.current());
        try {
            // Second: who waits for memory has a processor already, and so comes in its turn.
            memory.acquire(share);
            try {
                return work.get();
            } finally {
                memory.release(share);
            }
        } finally {
            processors.release();
        }
    }
}
