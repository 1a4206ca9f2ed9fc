package io.postern.app;

import com.sun.management.UnixOperatingSystemMXBean;

import java.lang.management.ManagementFactory;
import java.util.Optional;

/** The limit of open files, of which every connection takes one. */
final class OpenFiles {
    private OpenFiles() {}

    /**
     * @param connections that all listeners may take together
     * @return a sentence where they do not fit; empty, too, where the system does not tell
     */
    static Optional<String> warning(long connections) {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof UnixOperatingSystemMXBean unix
                ? warning(
                        connections,
                        unix.getMaxFileDescriptorCount(),
                        unix.getOpenFileDescriptorCount())
                : Optional.empty();
    }

    /**
     * @param limit below 1 where it is not known
     * @param open at present
     */
    static Optional<String> warning(long connections, long limit, long open) {
        if (limit < 1 || open + connections <= limit) {
            return Optional.empty();
        }
        return Optional.of(
                ("the limit of open files is %d, of which %d are in use, and the listeners may"
                                + " take %d connections: clients that come beyond it are refused."
                                + " Raise it to %d or more (LimitNOFILE= of systemd, ulimit -n), or"
                                + " lower <connections>.")
                        .formatted(limit, open, connections, open + connections));
    }
}
