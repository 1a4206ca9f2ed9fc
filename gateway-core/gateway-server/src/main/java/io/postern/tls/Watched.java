package io.postern.tls;

import io.postern.spi.SettingException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * What was read from files, and is read again when they change. One thread at a time.
 *
 * <p>A change is looked at twice, so that files which are just being written are left alone. What
 * cannot be used is told once for each change, and what was read before stays.
 */
final class Watched<T> {
    private static final Logger log = LoggerFactory.getLogger(Watched.class);

    private final List<Path> files;
    private final Supplier<T> load;
    private T value;
    private List<Object> judged;
    private List<Object> seen;

    /**
     * Reads the files for the first time.
     *
     * @param load throws {@link SettingException} where they cannot be used
     */
    Watched(List<Path> files, Supplier<T> load) {
        this.files = files;
        this.load = load;
        judged = stamps();
        seen = judged;
        value = load.get();
    }

    T value() {
        return value;
    }

    /** Looks at the files. Says whether {@link #value} is another one now. */
    boolean changed() {
        var now = stamps();
        var steady = now.equals(seen);
        seen = now;
        if (!steady || now.equals(judged)) {
            return false;
        }
        judged = now;
        try {
            value = load.get();
            log.info("read again after a change: {}", value);
            return true;
        } catch (SettingException e) {
            log.error(
                    "{} changed and cannot be used, so the old one stays: {}: {}. {}",
                    files,
                    e.setting(),
                    e.getMessage(),
                    e.remedy());
            return false;
        }
    }

    /** Another one for another content: behind links, too, which is how ACME clients swap. */
    private List<Object> stamps() {
        var stamps = new ArrayList<>();
        for (var file : files) {
            try {
                var attributes = Files.readAttributes(file, BasicFileAttributes.class);
                stamps.add(file.toRealPath());
                stamps.add(attributes.lastModifiedTime());
                stamps.add(attributes.size());
            } catch (IOException e) {
                stamps.add(e.toString());
            }
        }
        return stamps;
    }
}
