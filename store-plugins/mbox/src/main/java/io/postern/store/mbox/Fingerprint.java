package io.postern.store.mbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * By what it is seen that a file has changed.
 *
 * @param identity of the file itself, so that another one of the same name is told apart
 * @param size octets
 * @param changed when it was last written, nanoseconds since 1970
 */
record Fingerprint(String identity, long size, long changed) {
    /** Writes closer together than this may share one time stamp. */
    private static final long CLOCK_STEP_MILLIS = 2_000;

    static Fingerprint of(Path file) throws IOException {
        var attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new Fingerprint(
                Objects.toString(attributes.fileKey()),
                attributes.size(),
                attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS));
    }

    /** Whether a later write is sure to give another fingerprint. */
    boolean settled() {
        var now = System.currentTimeMillis();
        return TimeUnit.NANOSECONDS.toMillis(changed) < now - CLOCK_STEP_MILLIS;
    }

    boolean sameFile(Fingerprint other) {
        return identity.equals(other.identity);
    }
}
