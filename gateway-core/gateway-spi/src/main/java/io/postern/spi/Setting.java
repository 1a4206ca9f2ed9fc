package io.postern.spi;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * One setting that a plugin takes: an element of that name inside the element of {@code
 * gateway.xml} that names the plugin.
 *
 * @param name lower-case letters, digits and hyphens
 * @param kind how its text is read
 * @param required whether it must be there; never with a fallback
 * @param repeated whether it may stand there more than once
 * @param fallback the text that holds where it is absent
 * @param choices the words allowed, for {@link Kind#CHOICE} only
 * @param meaning one plain sentence for {@code postern plugins}
 */
public record Setting(
        String name,
        Kind kind,
        boolean required,
        boolean repeated,
        Optional<String> fallback,
        List<String> choices,
        String meaning) {

    /** How the text of a setting is read. */
    public enum Kind {
        /** Any text. */
        TEXT,
        /** Text that is shown to nobody. */
        SECRET,
        /** A file or folder; a relative one stands below the installation's folder. */
        PATH,
        /** A whole number, decimal. */
        NUMBER,
        /** Octets with an optional unit: {@code 512}, {@code 64KiB}, {@code 2MiB}, {@code 1GiB}. */
        SIZE,
        /** An ISO-8601 duration: {@code PT10M}, {@code PT2.5S}, {@code P7D}. */
        DURATION,
        /** {@code true} or {@code false}. */
        FLAG,
        /** One of a few words. */
        CHOICE
    }

    public Setting {
        Objects.requireNonNull(kind);
        if (!name.matches("[a-z][a-z0-9-]*")) {
            throw new IllegalArgumentException("not a setting's name: " + name);
        }
        if (required && fallback.isPresent()) {
            throw new IllegalArgumentException(name + " is required and has a fallback");
        }
        if (kind == Kind.CHOICE == choices.isEmpty()) {
            throw new IllegalArgumentException(name + ": choices go with CHOICE, and only there");
        }
        choices = List.copyOf(choices);
    }

    /** A setting that must be there. */
    public static Setting required(String name, Kind kind, String meaning) {
        return new Setting(name, kind, true, false, Optional.empty(), List.of(), meaning);
    }

    /** A setting that may be absent, and is then absent. */
    public static Setting optional(String name, Kind kind, String meaning) {
        return new Setting(name, kind, false, false, Optional.empty(), List.of(), meaning);
    }

    /** A setting that may be absent, and then has the text {@code fallback}. */
    public static Setting withDefault(String name, Kind kind, String fallback, String meaning) {
        return new Setting(name, kind, false, false, Optional.of(fallback), List.of(), meaning);
    }

    /** One word of {@code choices}, the first where it is absent. */
    public static Setting choice(String name, List<String> choices, String meaning) {
        return new Setting(
                name, Kind.CHOICE, false, false, Optional.of(choices.getFirst()), choices, meaning);
    }

    /** The same setting, which may stand there any number of times. */
    public Setting anyNumber() {
        return new Setting(name, kind, required, true, fallback, choices, meaning);
    }
}
