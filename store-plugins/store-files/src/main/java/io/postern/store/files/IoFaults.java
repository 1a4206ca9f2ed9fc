package io.postern.store.files;

import io.postern.spi.Fault;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;

/** What an I/O error is for the one who logs in. */
public final class IoFaults {
    private IoFaults() {}

    /**
     * A fault that names the place.
     *
     * @throws InterruptedException if the error is that the thread was interrupted
     */
    public static Fault fault(String what, Path where, IOException cause)
            throws InterruptedException {
        if (cause instanceof ClosedByInterruptException) {
            Thread.interrupted(); // told by the exception
            var interrupted = new InterruptedException(what + " " + where);
            interrupted.initCause(cause);
            throw interrupted;
        }
        var message = what + " " + where + ": " + cause;
        return cause instanceof AccessDeniedException
                ? Fault.permanent(message + ". Let the server's user read and write there.", cause)
                : Fault.temporary(message, cause);
    }
}
