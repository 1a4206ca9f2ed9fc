package io.postern.session;

import java.util.Locale;

/** How a session came to its end. */
enum Ending {
    /** The client said QUIT. */
    QUIT,
    /** The client closed or lost the connection, or took nothing for too long. */
    DROPPED,
    /** It was silent for too long (RFC 1939 §3). */
    AUTOLOGOUT,
    /** It did not log in in time. */
    LOGIN_TIMEOUT,
    /** The server stops. */
    SHUTDOWN,
    /** The maildrop's lock was lost, and somebody else had it since. */
    LOCK_LOST,
    /** A message could not be sent as it was announced. */
    CONTENT,
    /** It was turned away at the door. */
    TURNED_AWAY,
    /** It sent more commands that are none, or more before a login, than it may. */
    LIMIT,
    /** It speaks HTTP, or TLS where there is none. */
    OTHER_PROTOCOL,
    /** A line without an end, of more than a mebioctet or more than may come before a login. */
    FLOODED,
    /** An error of ours. */
    BROKEN;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
