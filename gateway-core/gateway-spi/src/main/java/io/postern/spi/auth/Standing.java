package io.postern.spi.auth;

/**
 * What the server has seen of a client at an account. A directory whose answer keeps a processor
 * busy, as a password hash does, takes its callers in the order of these, so that many guesses at a
 * time do not make those wait who have logged in before. It says nothing about whether the account
 * exists, and no answer may depend on it.
 */
public enum Standing {
    /** Has logged in to this account from this address. */
    KNOWN,
    /** Nothing is held against it. */
    STRANGER,
    /** Failed logins, from its address or at its account, make it wait. */
    SUSPECT;

    /**
     * Bound by the server on the thread that calls a directory for a login. {@link #STRANGER}
     * stands for what is not bound.
     */
    public static final ScopedValue<Standing> CURRENT = ScopedValue.newInstance();

    /** Of the login for which this thread asks. */
    public static Standing current() {
        return CURRENT.orElse(STRANGER);
    }
}
