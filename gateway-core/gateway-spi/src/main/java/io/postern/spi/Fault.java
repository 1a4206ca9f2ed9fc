package io.postern.spi;

import java.util.Objects;

/**
 * Something is broken that is not the user's doing. It becomes {@code -ERR [SYS/TEMP]} or {@code
 * -ERR [SYS/PERM]} (RFC 3206 §4); never a wrong password, which is a value and not a fault.
 *
 * <p>The message is for the operator and goes to the log: say what is wrong and where, and name no
 * secret. Clients never see it.
 */
public final class Fault extends Exception {
    private static final long serialVersionUID = 1L;

    /** What the client may expect of trying again (RFC 3206 §4). */
    public enum Kind {
        /** It may work later without anybody's help: a time-out, a full disk, a lost connection. */
        TEMPORARY,
        /** It will not work until somebody mends it: a bad configuration, a damaged maildrop. */
        PERMANENT
    }

    private final Kind kind;
    private final boolean gone;

    /** A fault with no exception behind it. */
    public Fault(Kind kind, String message) {
        this(kind, message, null);
    }

    /**
     * @param cause what was caught, or null
     */
    public Fault(Kind kind, String message, Throwable cause) {
        this(kind, message, cause, false);
    }

    private Fault(Kind kind, String message, Throwable cause, boolean gone) {
        super(message, cause);
        this.kind = Objects.requireNonNull(kind);
        this.gone = gone;
    }

    /** A fault that may pass. */
    public static Fault temporary(String message, Throwable cause) {
        return new Fault(Kind.TEMPORARY, message, cause);
    }

    /** A fault that needs somebody's hand. */
    public static Fault permanent(String message, Throwable cause) {
        return new Fault(Kind.PERMANENT, message, cause);
    }

    /**
     * What was asked for is surely not there any more. It is temporary: at the next login nobody
     * asks for it.
     */
    public static Fault gone(String message) {
        return new Fault(Kind.TEMPORARY, message, null, true);
    }

    public Kind kind() {
        return kind;
    }

    /** Whether what was asked for is surely not there any more. */
    public boolean gone() {
        return gone;
    }
}
