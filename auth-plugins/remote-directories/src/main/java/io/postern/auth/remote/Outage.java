package io.postern.auth.remote;

import java.util.Objects;

/** A server gave no answer. What it says is for the operator; it names no secret. */
public final class Outage extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean again;

    /**
     * @param again whether the same question may be put once more, at once: it is safe, and did not
     *     take long
     */
    public Outage(String message, boolean again, Throwable cause) {
        super(Objects.requireNonNull(message), cause);
        this.again = again;
    }

    boolean again() {
        return again;
    }
}
