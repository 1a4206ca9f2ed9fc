package io.postern.auth.stored;

import io.postern.spi.User;

/**
 * One user whom a directory knows.
 *
 * @param enabled whether the user may log in
 */
public record Account(User user, StoredPassword password, boolean enabled) {

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
