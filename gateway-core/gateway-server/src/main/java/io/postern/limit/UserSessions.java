package io.postern.limit;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Counts the sessions of each user, whichever listener they came by. Any thread. */
public final class UserSessions {
    private record Pair(String user, Prefix prefix) {}

    // Guarded by this.
    private final Map<String, Integer> byUser = new HashMap<>();
    private final Map<Pair, Integer> byPair = new HashMap<>();

    /**
     * A user wants one more session. If the answer is empty it is counted, and {@link #leave} has
     * to follow.
     *
     * @param user not the same text for two users of two realms
     * @return the limit that is reached
     */
    public synchronized Optional<Limit> enter(
            String user, InetAddress client, ListenerLimits limits) {
        var pair = new Pair(user, Prefix.of(client));
        if (byUser.getOrDefault(user, 0) >= limits.sessionsPerUser()) {
            return Optional.of(Limit.SESSIONS_PER_USER);
        }
        if (byPair.getOrDefault(pair, 0) >= limits.sessionsPerUserAndAddress()) {
            return Optional.of(Limit.SESSIONS_PER_USER_AND_ADDRESS);
        }
        byUser.merge(user, 1, Integer::sum);
        byPair.merge(pair, 1, Integer::sum);
        return Optional.empty();
    }

    /** A session that {@link #enter} let in is over. */
    public synchronized void leave(String user, InetAddress client) {
        byUser.computeIfPresent(user, (_, count) -> count == 1 ? null : count - 1);
        byPair.computeIfPresent(
                new Pair(user, Prefix.of(client)), (_, count) -> count == 1 ? null : count - 1);
    }
}
