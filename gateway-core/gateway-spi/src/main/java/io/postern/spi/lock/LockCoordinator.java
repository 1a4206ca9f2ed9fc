package io.postern.spi.lock;

import io.postern.spi.Plugin;
import io.postern.spi.store.MaildropId;

import java.time.Duration;
import java.util.Objects;

/**
 * Gives each maildrop to one session at a time. A plugin names itself in {@code
 * META-INF/services/io.postern.spi.lock.LockCoordinator}. Any number of virtual threads call it at
 * the same time.
 */
public interface LockCoordinator extends Plugin {

    /** Among whom a lock is exclusive. */
    enum Scope {
        JVM,
        HOST,
        CLUSTER
    }

    /** What came of asking for a lock. */
    sealed interface Acquisition {
        /** The caller has it, and releases it. */
        record Acquired(Lease lease) implements Acquisition {
            public Acquired {
                Objects.requireNonNull(lease);
            }
        }

        /** Somebody else has it. */
        record Busy(LockOwner holder) implements Acquisition {
            public Busy {
                Objects.requireNonNull(holder);
            }
        }

        /**
         * It cannot be found out who has it, so nobody may be told that they do.
         *
         * @param problem one sentence for the operator's log
         */
        record Unavailable(String problem, Throwable cause) implements Acquisition {
            public Unavailable {
                Objects.requireNonNull(problem);
            }
        }
    }

    /** Among whom its locks are exclusive. */
    Scope scope();

    /**
     * Asks for a maildrop's lock. Not re-entrant: a second session of the same user is {@link
     * Acquisition.Busy}, too.
     *
     * @param maxWait how long to wait for another holder to let go; zero or more, at most 10 s
     * @throws InterruptedException if the session ends first; then nothing is held
     */
    Acquisition tryAcquire(MaildropId id, LockOwner owner, Duration maxWait)
            throws InterruptedException;

    /**
     * Takes the lock from whoever has it: the holder is told {@link Lease.Loss#REVOKED}. Does
     * nothing where nobody has it.
     */
    void revoke(MaildropId id);
}
