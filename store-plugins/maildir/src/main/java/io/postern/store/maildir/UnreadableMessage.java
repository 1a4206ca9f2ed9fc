package io.postern.store.maildir;

import java.io.IOException;

/** A file that is there, and of which no message can be made. Trying again does not help. */
final class UnreadableMessage extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what is wrong with which file, for the operator, without a full stop
     */
    UnreadableMessage(String message, Throwable cause) {
        super(message, cause);
    }
}
