package io.postern.call;

/**
 * Tells a thread that it came back too late from a plugin: another one has taken its place. It
 * releases what the call returned, touches nothing else, and ends.
 */
public final class LeftBehind extends InterruptedException {
    private static final long serialVersionUID = 1L;

    LeftBehind(String message) {
        super(message);
    }
}
