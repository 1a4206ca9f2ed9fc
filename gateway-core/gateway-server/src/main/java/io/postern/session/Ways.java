package io.postern.session;

import java.util.Objects;
import java.util.Optional;

/**
 * The ways in: how clients prove themselves, who knows them, and who rules on it, as one reading of
 * the configuration has them. A session that begins takes those of its moment, and keeps to them
 * until its login is over. Others may take their place meanwhile; these end when nobody uses them
 * any more. Any thread.
 */
public final class Ways {
    final Mechanisms mechanisms;
    final Realms realms;
    final Optional<LoginPolicy> policy;

    // Guarded by this.
    private int users;
    private Runnable unused;

    /** Ways that are in use until {@link #retire}. */
    public Ways(Mechanisms mechanisms, Realms realms, Optional<LoginPolicy> policy) {
        this.mechanisms = Objects.requireNonNull(mechanisms);
        this.realms = Objects.requireNonNull(realms);
        this.policy = Objects.requireNonNull(policy);
    }

    /** Takes them for one login; false if others have taken their place. */
    synchronized boolean enter() {
        if (unused != null) {
            return false;
        }
        users++;
        return true;
    }

    /** Ends what a successful {@link #enter} began. */
    void leave() {
        Runnable last;
        synchronized (this) {
            users--;
            last = users == 0 ? unused : null;
        }
        if (last != null) {
            last.run();
        }
    }

    /**
     * Lets nobody take them any more.
     *
     * @param whenUnused run once, when the last login that uses them is over; at once if none does.
     *     Must not block
     */
    void retire(Runnable whenUnused) {
        boolean none;
        synchronized (this) {
            unused = whenUnused;
            none = users == 0;
        }
        if (none) {
            whenUnused.run();
        }
    }
}
