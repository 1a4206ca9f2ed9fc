package io.postern.auth.remote;

import io.postern.spi.SettingException;

import java.util.Objects;
import java.util.Optional;

/** A server gave no answer. What it says is for the operator; it names no secret. */
public final class Outage extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean again;
    private final transient Optional<SettingException> mistake;

    /**
     * @param again whether the same question may be put once more, at once: it is safe, and did not
     *     take long
     */
    public Outage(String message, boolean again, Throwable cause) {
        super(Objects.requireNonNull(message), cause);
        this.again = again;
        this.mistake = Optional.empty();
    }

    /**
     * The server refuses this one: its password, its token. Waiting does not help, and asking again
     * and again may lock an account there.
     *
     * @param mistake the setting to mend
     */
    public Outage(SettingException mistake) {
        super(mistake.getMessage() + ". " + mistake.remedy(), mistake.getCause());
        this.again = false;
        this.mistake = Optional.of(mistake);
    }

    boolean again() {
        return again;
    }

    /** The setting to mend; empty where waiting may help. */
    public Optional<SettingException> mistake() {
        return mistake;
    }
}
