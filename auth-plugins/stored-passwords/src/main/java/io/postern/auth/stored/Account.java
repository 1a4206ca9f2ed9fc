package io.postern.auth.stored;

import io.postern.spi.User;

/**
 * One user whom a directory knows.
 *
 * @param enabled whether the user may log in
 */
public record Account(User user, StoredPassword password, boolean enabled) {}
