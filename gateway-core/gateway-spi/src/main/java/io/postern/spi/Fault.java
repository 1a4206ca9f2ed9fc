package io.postern.spi;

import java.net.UnknownHostException;
import java.nio.file.FileSystemException;
import java.util.Locale;
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

    /** Causes that {@link #words} looks at: they may go round in a circle. */
    private static final int MOST_CAUSES = 10;

    private static final int MOST_WORDS = 1000;

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

    /**
     * What a failure and its causes say, in one line for an operator, from the outside in. A
     * message that those before it hold already is left out; an exception without a message says
     * what its class is called: {@code unresolved address}.
     *
     * @param failure any exception, not only one of this class
     * @return without line ends, and without a full stop at the end; at most 1,000 characters
     */
    public static String words(Throwable failure) {
        var words = new StringBuilder();
        var one = failure;
        for (int depth = 0; one != null && depth < MOST_CAUSES; depth++) {
            var says = says(one);
            var known = words.toString().toLowerCase(Locale.ROOT);
            if (!says.isEmpty() && !known.contains(says.toLowerCase(Locale.ROOT))) {
                words.append(words.isEmpty() ? "" : ": ").append(says);
            }
            one = one.getCause();
        }
        return words.length() > MOST_WORDS ? words.substring(0, MOST_WORDS) : words.toString();
    }

    private static String says(Throwable one) {
        var message = one.getMessage();
        // Java gives an exception that was made of its cause alone the cause's text.
        if (message != null
                && one.getCause() != null
                && message.equals(one.getCause().toString())) {
            return "";
        }
        var kind =
                one.getClass()
                        .getSimpleName()
                        .replaceFirst("Exception$", "")
                        .replaceAll("([a-z0-9])([A-Z])", "$1 $2")
                        .toLowerCase(Locale.ROOT);
        if (message == null || message.isBlank()) {
            return kind;
        }
        var line = message.strip().replaceAll("\\s+", " ").replaceFirst("\\.+$", "");
        // These have a name for their message and nothing else.
        return one instanceof UnknownHostException || named(one) ? kind + ": " + line : line;
    }

    private static boolean named(Throwable one) {
        return one instanceof FileSystemException file && file.getReason() == null;
    }
}
