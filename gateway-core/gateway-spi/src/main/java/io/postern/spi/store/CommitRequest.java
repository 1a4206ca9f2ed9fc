package io.postern.spi.store;

import io.postern.spi.lock.FencingToken;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/**
 * What one QUIT asks of a store (RFC 1939 §6).
 *
 * @param commitId names this commit for ever; the same id gives the same result again
 * @param token the lock's, as at the opening or renewed since
 * @param remove the messages to remove, all of them from this maildrop's listing, none twice; in
 *     the order of their numbers; may be empty
 * @param seen the messages that were retrieved and stay; a store may note that, and a failure to
 *     note it is no failure of the commit
 * @param timeLimit how long the commit may take
 */
public record CommitRequest(
        UUID commitId,
        FencingToken token,
        List<MessageRef> remove,
        List<MessageRef> seen,
        Duration timeLimit) {
    public CommitRequest {
        Objects.requireNonNull(commitId);
        Objects.requireNonNull(token);
        Objects.requireNonNull(timeLimit);
        remove = List.copyOf(remove);
        seen = List.copyOf(seen);
    }
}
