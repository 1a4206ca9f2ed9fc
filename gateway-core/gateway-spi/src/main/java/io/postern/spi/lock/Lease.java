package io.postern.spi.lock;

import io.postern.spi.store.MaildropId;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * A lock that is held. Safe for use by several threads. The coordinator keeps it alive by itself;
 * what the client does has no part in that.
 */
public interface Lease extends AutoCloseable {

    /** How a lease can be lost. */
    enum Loss {
        EXPIRED,
        REVOKED,
        UNREACHABLE,
        SHUTDOWN
    }

    MaildropId maildrop();

    /** Higher than the token of every earlier lease of this maildrop. */
    FencingToken token();

    /**
     * How long it surely holds yet, by this JVM's monotonic clock: counted from before it was last
     * renewed, less a margin. Zero once it is lost or released.
     */
    Duration remaining();

    /**
     * Registers what to do when the lease is lost. Called exactly once and soon, also where the
     * loss came before the registration; never after {@link #close}. Must not block.
     */
    void onLost(Consumer<Loss> listener);

    /**
     * Takes a lost lease up again, if nobody had the lock since.
     *
     * @return true if it is held again, with the same token
     */
    boolean reacquireIfUnclaimed() throws InterruptedException;

    /**
     * Lets go of the lock, if it is still held. Idempotent, never throws. Whoever asks for the lock
     * after this returns can have it.
     */
    @Override
    void close();
}
