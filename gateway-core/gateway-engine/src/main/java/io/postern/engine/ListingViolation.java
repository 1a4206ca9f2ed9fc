package io.postern.engine;

/** A store's listing that must not be shown to a client. The message names the message-number. */
public final class ListingViolation extends Exception {
    private static final long serialVersionUID = 1L;

    public ListingViolation(String message) {
        super(message);
    }
}
