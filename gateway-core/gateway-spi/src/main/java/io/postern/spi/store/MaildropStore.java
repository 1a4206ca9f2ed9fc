package io.postern.spi.store;

import io.postern.spi.Fault;
import io.postern.spi.Plugin;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;

/**
 * A kind of mail store. A plugin names itself in {@code
 * META-INF/services/io.postern.spi.store.MaildropStore}. Any number of virtual threads call it at
 * the same time; it may block.
 */
public interface MaildropStore extends Plugin {

    /** How it guards a commit against a lost lock. */
    FenceMode fenceMode();

    /**
     * Finds the maildrop of a user who has logged in. Called before the lock is taken: looks
     * nothing up that the lock protects.
     *
     * @throws Fault if this user cannot have a maildrop here, for example because the name would
     *     lead out of the store's folder
     */
    MaildropId locate(User user) throws Fault, InterruptedException;

    /**
     * Opens a maildrop and freezes its listing. The caller holds the lock of {@code id}, and closes
     * the maildrop before it lets go of the lock. An open that throws leaves nothing behind.
     *
     * @param id one that {@link #locate} gave
     * @param token the lock's; higher than any before it for this maildrop
     * @throws Fault if the maildrop, or any part of the listing, cannot be read. A listing is whole
     *     or it is not there: never shorter than the truth. What nobody can read until somebody
     *     mends it may be left out and told to the log, if a setting says so
     */
    Maildrop open(MaildropId id, FencingToken token) throws Fault, InterruptedException;
}
