package io.postern.engine;

import java.util.OptionalInt;

/**
 * What a user has to keep to, and may rely on. Before a login, what holds for the users who are off
 * worst (RFC 2449 §6.5, §6.7).
 *
 * @param loginDelay seconds from one login to the next; empty where nobody has to wait
 * @param expire days that mail stays at least, 1 or more, or {@link #NEVER}; empty where nothing is
 *     promised
 */
public record Terms(OptionalInt loginDelay, OptionalInt expire) {
    /** In place of days: mail stays until it is removed. */
    public static final int NEVER = Integer.MAX_VALUE;

    /** Nobody waits, nothing is promised. */
    public static final Terms NONE = new Terms(OptionalInt.empty(), OptionalInt.empty());

    public Terms {
        if (loginDelay.orElse(0) < 0 || expire.orElse(1) < 1) {
            throw new IllegalArgumentException("a delay or an expiry that is none");
        }
    }

    /**
     * The lines of CAPA, each with its CRLF.
     *
     * @param exact whether they are one user's; else the word USER says that they may differ
     */
    String capabilities(boolean exact) {
        var lines = new StringBuilder();
        loginDelay.ifPresent(seconds ->
                lines.append("LOGIN-DELAY ").append(seconds).append(exact ? "\r\n" : " USER\r\n"));
        expire.ifPresent(days -> {
            if (days == NEVER) {
                lines.append("EXPIRE NEVER\r\n"); // Nobody can be better off.
            } else {
                lines.append("EXPIRE ").append(days).append(exact ? "\r\n" : " USER\r\n");
            }
        });
        return lines.toString();
    }
}
