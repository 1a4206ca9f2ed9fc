package io.postern.auth.xmlusers;

import io.postern.spi.User;

/**
 * One user of the file.
 *
 * @param enabled whether the user may log in
 */
record Account(User user, StoredPassword password, boolean enabled) {}
