package io.postern.session;

import io.postern.limit.Limit;
import io.postern.spi.auth.Verdict;

import java.util.Locale;

/**
 * Why a login was refused, as the line of the log has it. {@code docs/operators.md} has the table
 * of these words, which filters read.
 */
enum LoginRefusal {
    // What the client showed.
    UNKNOWN_USER,
    WRONG_PROOF,
    NO_SECRET,
    NOT_ALLOWED,
    MALFORMED,
    // Before anything was shown: the connection does not carry what the client came by.
    CLEAR_TEXT,
    NOT_OFFERED,
    // A policy, and the rules for the account.
    POLICY,
    POP3_OFF,
    TLS_REQUIRED,
    MECHANISM,
    NETWORK,
    SESSIONS,
    LOGIN_DELAY,
    // Limits.
    SESSIONS_PER_USER,
    SESSIONS_PER_USER_AND_ADDRESS,
    IN_USE,
    LOGINS,
    // What failed on this side.
    POLICY_FAILED,
    LISTING,
    LOCK_UNAVAILABLE,
    FAULT;

    static LoginRefusal of(Verdict.Reason reason) {
        return switch (reason) {
            case UNKNOWN_USER -> UNKNOWN_USER;
            case WRONG_PROOF -> WRONG_PROOF;
            case NO_SECRET -> NO_SECRET;
            case NOT_ALLOWED -> NOT_ALLOWED;
            case MALFORMED -> MALFORMED;
        };
    }

    /** For one of the limits of a user's sessions. */
    static LoginRefusal of(Limit limit) {
        return valueOf(limit.name());
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
