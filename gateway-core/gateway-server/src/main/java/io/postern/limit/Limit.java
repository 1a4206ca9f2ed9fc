package io.postern.limit;

import java.util.Locale;

/** What a client can be refused for. Named as the setting in {@code gateway.xml} that says so. */
public enum Limit {
    CONNECTIONS,
    CONNECTIONS_PER_ADDRESS,
    SESSIONS_PER_USER,
    SESSIONS_PER_USER_AND_ADDRESS,
    LOGINS,
    BAD_COMMANDS,
    BAD_COMMANDS_BEFORE_LOGIN,
    OCTETS_BEFORE_LOGIN,
    LINES_BEFORE_LOGIN,
    /** A connection that comes from no listed proxy, or has no PROXY header, or a wrong one. */
    PROXY_PROTOCOL,
    /** A client that speaks HTTP, or TLS where there is none. */
    OTHER_PROTOCOL,
    /** No file can be opened, and no connection taken. */
    OPEN_FILES,
    /** A policy that fails, or takes too long. */
    POLICY;

    /** The setting. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
