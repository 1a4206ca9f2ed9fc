package io.postern.spi.lock;

import java.util.Objects;

/**
 * Who asks for a lock: for people who read a log or look at a lock that is held.
 *
 * @param node the server's name among its peers
 * @param session the session's, unique on its node
 * @param user the canonical user name
 */
public record LockOwner(String node, String session, String user) {
    public LockOwner {
        Objects.requireNonNull(node);
        Objects.requireNonNull(session);
        Objects.requireNonNull(user);
    }
}
