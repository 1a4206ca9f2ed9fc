package io.postern.engine;

/** Why a command is refused: the closed table of response codes that go on the wire. */
public enum Problem {
    /** No code: a syntax error, a wrong state, a message that is not there. */
    NONE(""),
    /** The credentials are at fault (RFC 3206 §5). */
    AUTH("AUTH"),
    /** They were right, and another session has the maildrop (RFC 2449 §8.1.2). */
    IN_USE("IN-USE"),
    /** They were right, and the last login is too short a time ago (RFC 2449 §8.1.1). */
    LOGIN_DELAY("LOGIN-DELAY"),
    /** Ours, and it may pass (RFC 3206 §4). */
    SYS_TEMP("SYS/TEMP"),
    /** Ours, and somebody has to mend it (RFC 3206 §4). */
    SYS_PERM("SYS/PERM");

    private final String code;

    Problem(String code) {
        this.code = code;
    }

    /** The response code without its brackets, or an empty text. */
    public String code() {
        return code;
    }
}
