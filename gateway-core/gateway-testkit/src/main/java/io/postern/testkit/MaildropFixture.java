package io.postern.testkit;

import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A store with mail around it, for {@link MaildropStoreContract}: what other programs do to the
 * mail, a fixture does. It knows messages by their octets, so that it need not know how the store
 * makes unique-ids. Any exception it throws fails the test.
 *
 * <p>One is made for each test. Its methods are called by several threads where the contract says
 * so: {@link #deliver} beside everything else.
 */
public interface MaildropFixture {

    /** What a fixture can do beyond the needful. What it cannot is reported as skipped. */
    enum Ability {
        /** {@link #restart}: the mail outlives the store object. */
        RESTART,
        /** {@link #secondStore}: another server can serve the same mail. */
        SECOND_STORE,
        /** {@link #changeFlags}: the format has flags that other programs change. */
        CHANGE_FLAGS,
        /** {@link #failOpen}. */
        FAIL_OPEN,
        /** {@link #failRemoval}. */
        FAIL_REMOVAL,
        /** {@link #loseOutcome}. */
        LOSE_OUTCOME,
        /** The store keeps the result of each commit, and gives the same one again. */
        KEEPS_RESULTS,
        /** The store is a {@link Delivery}. */
        DELIVERY,
        /** As such it keeps every unique-id that it is given. */
        KEEPS_GIVEN_IDS,
        /** Its listing tells the sizes of surrogates, and not only the messages' own. */
        SURROGATES
    }

    /** Every ability of this fixture and its store. The same for all tests of one class. */
    Set<Ability> abilities();

    /** The store under test, started. The same until {@link #restart}. */
    MaildropStore store();

    /** A user who has a maildrop, empty at first; the same one for the same name. */
    User user(String name) throws Exception;

    /**
     * Delivers one message, the way mail comes to this store. It is there when this returns.
     *
     * @param stored its octets
     */
    void deliver(User user, byte[] stored) throws Exception;

    /** Delivers one that may be too large for an array. Read to its end, not closed. */
    default void deliver(User user, InputStream stored) throws Exception {
        deliver(user, stored.readAllBytes());
    }

    /**
     * Removes a message behind the store's back.
     *
     * @param stored the octets of one that is there
     */
    void vanish(User user, byte[] stored) throws Exception;

    /** The octets of all messages that are there now, in any order, without asking the store. */
    List<byte[]> stored(User user) throws Exception;

    /**
     * What the store's format makes of a message at its delivery: the octets that {@code content}
     * gives and the size is counted from. A format that keeps every octet needs no answer here.
     */
    default byte[] kept(byte[] delivered) {
        return delivered;
    }

    /**
     * What the store, as a {@link Delivery}, makes of a message: mostly the same octets. Empty
     * where its format cannot keep them, so that it must refuse the message.
     */
    default Optional<byte[]> keptDelivery(byte[] content) {
        return Optional.of(content);
    }

    /**
     * The folder that the store must not leave, whatever a user is called. It stands in the scratch
     * folder that the contract gave, and is not that folder itself.
     */
    default Optional<Path> root() {
        return Optional.empty();
    }

    /** Size of the message that must not be held in memory, octets. */
    default long largeOctets() {
        return 64L << 20;
    }

    /**
     * The lock of a maildrop goes to somebody new. A store that looks its token up where the lock
     * coordinator keeps it has it put there now.
     *
     * @param next a token that is higher than all before, unless the test is about a stale one
     * @return the token to use
     */
    default FencingToken grant(MaildropId id, FencingToken next) throws Exception {
        return next;
    }

    /** {@link Ability#RESTART}: a new store object on the same mail; the old one is closed. */
    default void restart() throws Exception {
        throw undeclared(Ability.RESTART);
    }

    /** {@link Ability#SECOND_STORE}: a store object on the same mail as if in another server. */
    default MaildropStore secondStore() throws Exception {
        throw undeclared(Ability.SECOND_STORE);
    }

    /**
     * {@link Ability#CHANGE_FLAGS}: another program marks this message read, or otherwise changes
     * what is kept beside its octets.
     */
    default void changeFlags(User user, byte[] stored) throws Exception {
        throw undeclared(Ability.CHANGE_FLAGS);
    }

    /** {@link Ability#FAIL_OPEN}: this maildrop cannot be read as a whole until {@link #mend}. */
    default void failOpen(User user) throws Exception {
        throw undeclared(Ability.FAIL_OPEN);
    }

    /** {@link Ability#FAIL_REMOVAL}: this message cannot be removed until {@link #mend}. */
    default void failRemoval(User user, byte[] stored) throws Exception {
        throw undeclared(Ability.FAIL_REMOVAL);
    }

    /**
     * {@link Ability#LOSE_OUTCOME}: the store does not hear how its next commit went, until {@link
     * #mend}.
     */
    default void loseOutcome(User user) throws Exception {
        throw undeclared(Ability.LOSE_OUTCOME);
    }

    /** Undoes the three above. */
    default void mend(User user) throws Exception {}

    /** Ends the test: closes its stores. The contract removes the scratch folder. */
    void close() throws Exception;

    private static AssertionError undeclared(Ability ability) {
        return new AssertionError(
                "the fixture declares " + ability + " and does not override its method");
    }
}
