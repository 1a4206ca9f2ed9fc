package io.postern.store.files;

import io.postern.spi.Fault;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** What an I/O error is for the one who logs in. */
public final class IoFaults {
    private IoFaults() {}

    /**
     * A fault that names the place, and the remedy where one is known.
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
        if (cause instanceof AccessDeniedException) {
            return Fault.permanent(
                    message + ". Let the server's user read and write there.", cause);
        }
        var remedy = inTheWay(cause).map(path -> ". Move " + path + " away.").orElse("");
        return Fault.temporary(message + remedy, cause);
    }

    /** What stands where it does not belong, so that no later attempt can succeed. */
    private static Optional<Path> inTheWay(IOException cause) {
        if (!(cause instanceof FileSystemException at) || at.getFile() == null) {
            return Optional.empty();
        }
        if (at instanceof FileAlreadyExistsException) {
            return Optional.of(Path.of(at.getFile()));
        }
        return switch (Objects.requireNonNullElse(at.getReason(), "")) {
            case "Is a directory" ->
                    Stream.of(at.getOtherFile(), at.getFile())
                            .filter(Objects::nonNull)
                            .map(Path::of)
                            .filter(Files::isDirectory)
                            .findFirst();
            case "Not a directory" ->
                    Stream.iterate(Path.of(at.getFile()), Objects::nonNull, Path::getParent)
                            .filter(path -> Files.exists(path) && !Files.isDirectory(path))
                            .findFirst();
            default -> Optional.empty();
        };
    }
}
