package io.postern.transport;

import java.io.IOException;

/** A listener can't have its address. The message names it and says what to do. */
public final class ListenException extends IOException {

    private static final long serialVersionUID = 1;

    private final boolean inUse;

    ListenException(String message, boolean inUse, Throwable cause) {
        super(message, cause);
        this.inUse = inUse;
    }

    /** Whether another program has it, or another listener. */
    public boolean inUse() {
        return inUse;
    }
}
