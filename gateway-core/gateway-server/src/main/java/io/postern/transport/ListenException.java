package io.postern.transport;

import java.io.IOException;

/** A listener can't have its address. The message names it and says what to do. */
public final class ListenException extends IOException {

    private static final long serialVersionUID = 1;

    ListenException(String message, Throwable cause) {
        super(message, cause);
    }
}
