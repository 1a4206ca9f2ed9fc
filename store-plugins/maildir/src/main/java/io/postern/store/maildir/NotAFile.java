package io.postern.store.maildir;

import java.io.IOException;

/** There is something of that name that is no file, so no message either. */
final class NotAFile extends IOException {
    private static final long serialVersionUID = 1L;

    /** Whether it is a folder, which many a Maildir has. */
    final boolean folder;

    /**
     * @param message what it is, for the operator, without a full stop
     */
    NotAFile(String message, boolean folder) {
        super(message);
        this.folder = folder;
    }
}
