package io.postern.testkit;

import io.postern.spi.lock.LockCoordinator;

import java.time.Duration;
import java.util.Set;

/**
 * A lock coordinator with a world around it, for {@link LockCoordinatorContract}. One is made for
 * each test. Any exception it throws fails the test.
 */
public interface LockFixture {

    /** What a fixture can do beyond the needful. What it cannot is reported as skipped. */
    enum Ability {
        /** {@link #restart}: the coordinator remembers over restarts. */
        RESTART,
        /** {@link #secondNode}: another server's coordinator shares the locks. */
        SECOND_NODE,
        /**
         * {@link #pause}, {@link #resume}, {@link #ttl}: a lease is lost by time where its node
         * does not speak up. Goes with {@link #SECOND_NODE}.
         */
        EXPIRY,
        /** {@link #crash}. Goes with {@link #SECOND_NODE}. */
        CRASH,
        /** {@link #cutOff}. */
        CUT_OFF
    }

    /** Every ability of this fixture and its coordinator. The same for all tests of one class. */
    Set<Ability> abilities();

    /** The coordinator under test, started. The same until {@link #restart}. */
    LockCoordinator coordinator();

    /**
     * How late something may happen that happens at once, and how long the contract lets callers
     * wait for a lock; at most 10 s.
     */
    default Duration patience() {
        return Duration.ofSeconds(10);
    }

    /** {@link Ability#RESTART}: a new coordinator object as after a stop; the old one is closed. */
    default void restart() throws Exception {
        throw undeclared(Ability.RESTART);
    }

    /**
     * {@link Ability#SECOND_NODE}: another coordinator on the same locks, as in another server. The
     * same one at each call; the fixture closes it.
     */
    default LockCoordinator secondNode() throws Exception {
        throw undeclared(Ability.SECOND_NODE);
    }

    /**
     * {@link Ability#EXPIRY}: how long after its node's last word a lease is free for others, at
     * most, with what they need to notice. A node hears of a revoke elsewhere within that time.
     */
    default Duration ttl() {
        return Duration.ofSeconds(30);
    }

    /**
     * {@link Ability#EXPIRY}: the node of {@link #coordinator} stops as a stopped process does: it
     * sends nothing and keeps no lease alive.
     */
    default void pause() throws Exception {
        throw undeclared(Ability.EXPIRY);
    }

    /** {@link Ability#EXPIRY}: the node goes on as if no time had passed. */
    default void resume() throws Exception {
        throw undeclared(Ability.EXPIRY);
    }

    /**
     * {@link Ability#CRASH}: the node of {@link #coordinator} ends without releasing anything. It
     * need not answer any more.
     */
    default void crash() throws Exception {
        throw undeclared(Ability.CRASH);
    }

    /**
     * {@link Ability#CUT_OFF}: what the coordinator needs for its locks cannot be reached or
     * written any more, until {@link #mend}.
     */
    default void cutOff() throws Exception {
        throw undeclared(Ability.CUT_OFF);
    }

    /** Undoes {@link #cutOff}. */
    default void mend() throws Exception {}

    /** Ends the test: closes its coordinators. The contract removes the scratch folder. */
    void close() throws Exception;

    private static AssertionError undeclared(Ability ability) {
        return new AssertionError(
                "the fixture declares " + ability + " and does not override its methods");
    }
}
