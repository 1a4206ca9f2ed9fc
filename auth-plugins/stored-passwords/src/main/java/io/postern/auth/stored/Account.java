package io.postern.auth.stored;

import io.postern.spi.User;
import io.postern.spi.auth.SecretDirectory.Shared;
import io.postern.spi.auth.Verdict;

import java.util.Optional;

/**
 * One user whom a directory knows.
 *
 * @param enabled whether the user may log in
 */
public record Account(User user, StoredPassword password, boolean enabled) {

    /**
     * As {@link io.postern.spi.auth.SecretDirectory#shared}, for passwords kept as they are.
     *
     * @param found empty where there is nobody of that name
     */
    public static Shared shared(Optional<Account> found) {
        if (found.isEmpty()) {
            return Shared.refused(Verdict.Reason.UNKNOWN_USER);
        }
        var account = found.get();
        if (!account.enabled()) {
            return Shared.refused(Verdict.Reason.NOT_ALLOWED);
        }
        return account.password().own().orElse(null) instanceof PlainPassword plain
                ? Shared.of(account.user(), plain.secret())
                : Shared.refused(Verdict.Reason.NO_SECRET);
    }

    /**
     * Somebody whose entry cannot be understood: known, so that no other directory is asked, and
     * refused as {@link io.postern.spi.auth.Verdict.Reason#NOT_ALLOWED}, whatever the password.
     *
     * @param name fit for a {@link User}
     */
    public static Account barred(String name) {
        return new Account(new User(name), StoredPassword.none(), false);
    }
}
