package io.postern.spi;

import java.util.Comparator;
import java.util.regex.Pattern;

/**
 * A version of what plugins see of Postern: this module. It is not the server's version.
 *
 * <p>The minor part grows when something is added, and every plugin for an earlier minor version
 * goes on working. The major part grows when something that a plugin may use or implement changes
 * or goes away.
 */
public record SpiVersion(int major, int minor) implements Comparable<SpiVersion> {

    /** The version of this very module. */
    public static final SpiVersion CURRENT = new SpiVersion(1, 0);

    private static final Pattern TEXT =
            Pattern.compile("(0|[1-9][0-9]{0,3})\\.(0|[1-9][0-9]{0,3})");

    private static final Comparator<SpiVersion> ORDER =
            Comparator.comparingInt(SpiVersion::major).thenComparingInt(SpiVersion::minor);

    public SpiVersion {
        if (major < 0 || minor < 0) {
            throw new IllegalArgumentException("a version of " + major + "." + minor);
        }
    }

    /**
     * @param text such as {@code 1.0}
     * @throws IllegalArgumentException if it is no version
     */
    public static SpiVersion of(String text) {
        var parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException('"' + text + "\" is no version like 1.0");
        }
        return new SpiVersion(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)));
    }

    @Override
    public int compareTo(SpiVersion other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
