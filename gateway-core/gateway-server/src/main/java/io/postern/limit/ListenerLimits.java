package io.postern.limit;

/**
 * What the clients of one listener may take. Each is more than zero.
 *
 * @param connections at a time
 * @param connectionsPerAddress at a time, from one {@link Prefix}; not for trusted networks
 * @param sessionsPerUser at a time, those counted that are waiting for the maildrop's lock
 * @param sessionsPerUserAndAddress of those, from one prefix
 * @param logins that directories judge at a time
 * @param badCommands one after the other that no POP3 client sends
 * @param badCommandsBeforeLogin of those, all together, before it has logged in
 * @param octetsBeforeLogin that are read from a client before it has logged in
 * @param linesBeforeLogin commands and SASL responses before it has logged in
 */
public record ListenerLimits(
        int connections,
        int connectionsPerAddress,
        int sessionsPerUser,
        int sessionsPerUserAndAddress,
        int logins,
        int badCommands,
        int badCommandsBeforeLogin,
        int octetsBeforeLogin,
        int linesBeforeLogin) {

    /** An office behind one address does not feel these. */
    public static final ListenerLimits USUAL =
            new ListenerLimits(10_000, 100, 10, 10, 64, 20, 3, 256 * 1024, 100);

    public ListenerLimits {
        for (var limit :
                new int[] {
                    connections,
                    connectionsPerAddress,
                    sessionsPerUser,
                    sessionsPerUserAndAddress,
                    logins,
                    badCommands,
                    badCommandsBeforeLogin,
                    octetsBeforeLogin,
                    linesBeforeLogin
                }) {
            if (limit < 1) {
                throw new IllegalArgumentException("a limit of " + limit);
            }
        }
    }
}
