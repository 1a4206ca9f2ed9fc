package io.postern.spi.store;

import io.postern.spi.Fault;
import io.postern.spi.User;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * What a {@link MaildropStore} implements as well if messages can be put into it: by {@code postern
 * import}, {@code export} and {@code undelete}. Any number of threads call it at the same time,
 * also while maildrops of the same user are open, and in several servers; it may block.
 *
 * <p>The caller holds no lock. A maildrop that is open does not change by a delivery: the next
 * opening lists what was delivered.
 */
public interface Delivery {

    /**
     * Adds one message to a maildrop. It is there, and stays there after a loss of power, when this
     * returns. At no time does an opening see part of it. If this throws, nothing was added; only
     * where the store could not find out how it ended, the message may be there, whole.
     *
     * @param user whose maildrop; one that {@link MaildropStore#locate} takes
     * @param content the octets as {@link Maildrop#content} is to give them again, line ends as
     *     they come. Read once to its end, in pieces, not closed
     * @param uniqueId the unique-id that the message has elsewhere: 1 to 70 characters from 0x21 to
     *     0x7E (RFC 1939 §7). The store keeps it if it can, and else gives one of its own. Empty:
     *     it gives one of its own
     * @return the unique-id that the message has here
     * @throws Fault permanent, with nothing added, if this maildrop has a message of that
     *     unique-id, or if the octets cannot be kept as they are; else as its kind says
     * @throws IOException if {@code content} cannot be read; nothing was added
     */
    String deliver(User user, InputStream content, Optional<String> uniqueId)
            throws Fault, IOException, InterruptedException;
}
