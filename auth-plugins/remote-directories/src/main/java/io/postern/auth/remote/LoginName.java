package io.postern.auth.remote;

import io.postern.spi.User;

/** What a client typed as its name. */
public final class LoginName {
    private LoginName() {}

    /**
     * Whether a server may see it. One may take "alice", "alice " and "alice" with something
     * invisible for the same, or end a text where it finds a NUL.
     */
    public static boolean fit(String name) {
        return !name.isEmpty()
                && name.length() <= User.MAX_NAME
                && name.equals(name.strip())
                && name.codePoints()
                        .noneMatch(c ->
                                Character.isISOControl(c)
                                        || Character.getType(c) == Character.FORMAT
                                        || Character.getType(c) == Character.SURROGATE
                                        || c == 0xfffd);
    }
}
