package io.postern.app;

/** The server cannot start, though its configuration is good. Says why, and what to do. */
final class StartException extends Exception {
    private static final long serialVersionUID = 1L;

    StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
