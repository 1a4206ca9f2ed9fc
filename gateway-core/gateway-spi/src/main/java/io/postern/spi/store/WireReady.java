package io.postern.spi.store;

import io.postern.spi.Fault;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Optional;

/**
 * What a {@link Maildrop} implements as well if it knows of messages that lie in a file as they
 * travel: every line ends with CRLF, the last one too, and none begins with a dot. The server sends
 * those without looking at them. Used as the maildrop is: one thread at a time, and it may block.
 */
public interface WireReady {

    /**
     * Opens a message that is surely stored as it travels. The server closes the region before it
     * asks for another.
     *
     * @param number from 1 to the listing's count
     * @return the octets; or nothing, where it is not known to be so or no longer so: then the
     *     server asks for {@link Maildrop#content}
     * @throws Fault as {@link Maildrop#content}
     */
    Optional<Region> region(int number) throws Fault, InterruptedException;

    /**
     * All of a message was sent from {@link Maildrop#content}, with no octet added. A store may
     * remember that for the next time, if it is sure that the message is still the same.
     */
    void sentAsStored(int number);

    /** As many octets of a file as the listing says that the message has. */
    interface Region extends AutoCloseable {

        /** Open for reading; its position means nothing. */
        FileChannel channel();

        /** Where the message begins in it, octets. */
        long offset();

        /**
         * Whether the message is still what it was at the opening. Asked when all of it is sent; if
         * not, the client gets no final dot and the connection is closed.
         */
        boolean unchanged() throws IOException, Fault, InterruptedException;

        @Override
        void close() throws IOException;
    }
}
