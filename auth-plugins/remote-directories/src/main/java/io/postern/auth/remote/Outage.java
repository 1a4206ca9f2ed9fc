package io.postern.auth.remote;

import java.util.Objects;

/** A server gave no answer. What it says is for the operator; it names no secret. */
public final class Outage extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean again;
    private final boolean refusal;

    /**
     * @param again whether the same question may be put once more, at once: it is safe, and did not
     *     take long
     */
    public Outage(String message, boolean again, Throwable cause) {
        this(message, again, false, cause);
    }

    private Outage(String message, boolean again, boolean refusal, Throwable cause) {
        super(Objects.requireNonNull(message), cause);
        this.again = again;
        this.refusal = refusal;
    }

    /**
     * The server is there and refuses this one: its password, its token. Waiting does not help, but
     * asking again and again may lock an account there.
     */
    public static Outage refusal(String message, Throwable cause) {
        return new Outage(message, false, true, cause);
    }

    boolean again() {
        return again;
    }

    /** Whether somebody has to mend it. */
    public boolean refusal() {
        return refusal;
    }
}
