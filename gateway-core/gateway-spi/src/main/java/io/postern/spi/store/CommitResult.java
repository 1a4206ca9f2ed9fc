package io.postern.spi.store;

import java.util.Objects;

/**
 * What became of a {@link CommitRequest}. Never says more than what is durable.
 *
 * @param removed how many of the messages this commit removed
 * @param alreadyGone how many were not there any more; that is as good as removed
 * @param failed how many are still there, or may be
 * @param detail one sentence for the operator's log; empty where there is nothing to say
 */
public record CommitResult(Status status, int removed, int alreadyGone, int failed, String detail) {

    /** The outcome in one word. */
    public enum Status {
        /** All of it is durably gone. */
        OK,
        /** Some of it is still there. */
        PARTIAL,
        /** Somebody else has the lock: nothing was removed. */
        FENCED,
        /** It could not be found out. */
        UNKNOWN
    }

    public CommitResult {
        Objects.requireNonNull(status);
        Objects.requireNonNull(detail);
        if (removed < 0 || alreadyGone < 0 || failed < 0) {
            throw new IllegalArgumentException("a negative count");
        }
        if (status == Status.OK && failed > 0) {
            throw new IllegalArgumentException("OK with " + failed + " failed");
        }
    }

    /** Everything asked for is gone. */
    public static CommitResult ok(int removed, int alreadyGone) {
        return new CommitResult(Status.OK, removed, alreadyGone, 0, "");
    }
}
