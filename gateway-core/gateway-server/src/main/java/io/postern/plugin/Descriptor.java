package io.postern.plugin;

import io.postern.spi.SpiVersion;

import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.ZipFile;

/**
 * What a jar says of itself in {@code META-INF/postern-plugin.properties}, before any class of it
 * is loaded. A jar may do without.
 *
 * @param name of the jar as a whole; not that by which {@code gateway.xml} asks for a plugin
 * @param version its own
 * @param spi the versions of the plugin interface it works with
 * @param author whom to ask; may be empty
 * @param plugins the names of its plugins: all of them, or none where it does not list them
 */
public record Descriptor(
        String name, String version, SpiRange spi, String author, Set<String> plugins) {
    static final String FILE = "META-INF/postern-plugin.properties";

    private static final int LONGEST = 16 * 1024;

    /** For people: {@code users 1.2 by Example Ltd, for plugin interface 1.0}. */
    public String shown() {
        return name
                + " "
                + version
                + (author.isEmpty() ? "" : " by " + author)
                + ", for plugin interface "
                + spi;
    }

    /**
     * Reads it.
     *
     * @param shown the jar as the operator is shown it
     * @throws PluginException if it cannot be read, lacks something, or asks for another version of
     *     the plugin interface
     */
    static Optional<Descriptor> read(ZipFile jar, String shown) throws PluginException {
        var entry = jar.getEntry(FILE);
        if (entry == null) {
            return Optional.empty();
        }
        var lines = new Properties();
        try (var in = jar.getInputStream(entry)) {
            if (entry.getSize() > LONGEST) {
                throw new IllegalArgumentException("it is longer than " + LONGEST + " octets");
            }
            lines.load(new InputStreamReader(in, StandardCharsets.UTF_8));
        } catch (IOException | IllegalArgumentException e) {
            throw damaged(shown, e.getMessage(), e);
        }
        Descriptor descriptor;
        try {
            descriptor =
                    new Descriptor(
                            needed(lines, "name"),
                            needed(lines, "version"),
                            SpiRange.of(needed(lines, "spi")),
                            lines.getProperty("author", "").strip(),
                            plugins(lines.getProperty("plugins", "").strip()));
        } catch (IllegalArgumentException e) {
            throw damaged(shown, e.getMessage(), e);
        }
        if (!descriptor.spi.holds(SpiVersion.CURRENT)) {
            var older = descriptor.spi.from().compareTo(SpiVersion.CURRENT) > 0;
            throw new PluginException(
                    shown
                            + " is for version "
                            + descriptor.spi
                            + " of the plugin interface, and this server has "
                            + SpiVersion.CURRENT,
                    older
                            ? "Take an earlier release of the plugin, or a later one of Postern."
                            : "Take a later release of the plugin.",
                    null);
        }
        return Optional.of(descriptor);
    }

    private static Set<String> plugins(String text) {
        var names =
                text.isEmpty()
                        ? Set.<String>of()
                        : Arrays.stream(text.split("\\s+")).collect(Collectors.toSet());
        for (var name : names) {
            if (!Plugins.NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "\"" + name + "\" in plugins is no name of a plugin");
            }
        }
        return Set.copyOf(names);
    }

    private static String needed(Properties lines, String key) {
        var text = lines.getProperty(key, "").strip();
        if (text.isEmpty()) {
            throw new IllegalArgumentException(key + " is missing");
        }
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(key + " holds a control character");
        }
        return text;
    }

    private static PluginException damaged(String shown, String what, Exception cause) {
        return new PluginException(
                FILE + " of " + shown + " cannot be used (" + what + ")",
                "Ask the plugin's author for a whole jar.",
                cause);
    }
}
