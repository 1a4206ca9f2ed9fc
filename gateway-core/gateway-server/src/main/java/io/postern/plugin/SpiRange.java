package io.postern.plugin;

import io.postern.spi.SpiVersion;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The versions of the plugin interface that a plugin works with.
 *
 * @param from the one that it was built with
 * @param to the last one, where it says so; else all of the same major version
 */
record SpiRange(SpiVersion from, Optional<SpiVersion> to) {
    private static final Pattern TEXT = Pattern.compile("(\\S+)(?: to (\\S+))?");

    /**
     * @param text {@code 1.2}, or {@code 1.2 to 3.0}
     * @throws IllegalArgumentException if it is neither
     */
    static SpiRange of(String text) {
        var parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    '"' + text + "\" is neither like 1.0 nor like 1.0 to 2.3");
        }
        var range =
                new SpiRange(
                        SpiVersion.of(parts.group(1)),
                        Optional.ofNullable(parts.group(2)).map(SpiVersion::of));
        if (range.to.isPresent() && range.to.get().compareTo(range.from) < 0) {
            throw new IllegalArgumentException('"' + text + "\" ends before it begins");
        }
        return range;
    }

    boolean holds(SpiVersion version) {
        return version.compareTo(from) >= 0
                && to.map(last -> version.compareTo(last) <= 0)
                        .orElse(version.major() == from.major());
    }

    @Override
    public String toString() {
        return from + to.map(last -> " to " + last).orElse("");
    }
}
