package io.postern.spi;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

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
 * @param range what it may be, for {@link Kind#NUMBER}, {@link Kind#SIZE} and {@link Kind#DURATION}
 * @param shape how it must look, for {@link Kind#TEXT} and {@link Kind#SECRET}
 * @param meaning one plain sentence for {@code postern plugins}
 */
public record Setting(
        String name,
        Kind kind,
        boolean required,
        boolean repeated,
        Optional<String> fallback,
        List<String> choices,
        Optional<Range> range,
        Optional<Shape> shape,
        String meaning) {

    /**
     * The least and the most that a setting may be, spelled like the setting itself.
     *
     * @param most of the same kind as {@code least}, and not less
     */
    public record Range(String least, String most) {
        public Range {
            Objects.requireNonNull(least);
            Objects.requireNonNull(most);
        }

        @Override
        public String toString() {
            return least + " to " + most;
        }
    }

    /**
     * How a text must look.
     *
     * @param pattern a regular expression ({@link Pattern}) for all of it
     * @param words what that comes to, for the operator: {@code 64 hexadecimal digits}
     */
    public record Shape(Pattern pattern, String words) {
        public Shape {
            Objects.requireNonNull(pattern);
            Objects.requireNonNull(words);
        }
    }

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
        if (range.isPresent()
                && kind != Kind.NUMBER
                && kind != Kind.SIZE
                && kind != Kind.DURATION) {
            throw new IllegalArgumentException(name + ": " + kind + " has no range");
        }
        if (shape.isPresent() && kind != Kind.TEXT && kind != Kind.SECRET) {
            throw new IllegalArgumentException(name + ": " + kind + " has no shape");
        }
    }

    private Setting(
            String name,
            Kind kind,
            boolean required,
            Optional<String> fallback,
            List<String> choices,
            String meaning) {
        this(
                name,
                kind,
                required,
                false,
                fallback,
                choices,
                Optional.empty(),
                Optional.empty(),
                meaning);
    }

    /** A setting that must be there. */
    public static Setting required(String name, Kind kind, String meaning) {
        return new Setting(name, kind, true, Optional.empty(), List.of(), meaning);
    }

    /** A setting that may be absent, and is then absent. */
    public static Setting optional(String name, Kind kind, String meaning) {
        return new Setting(name, kind, false, Optional.empty(), List.of(), meaning);
    }

    /** A setting that may be absent, and then has the text {@code fallback}. */
    public static Setting withDefault(String name, Kind kind, String fallback, String meaning) {
        return new Setting(name, kind, false, Optional.of(fallback), List.of(), meaning);
    }

    /** One word of {@code choices}, the first where it is absent. */
    public static Setting choice(String name, List<String> choices, String meaning) {
        return new Setting(
                name, Kind.CHOICE, false, Optional.of(choices.getFirst()), choices, meaning);
    }

    /** The same setting, which may stand there any number of times. */
    public Setting anyNumber() {
        return new Setting(name, kind, required, true, fallback, choices, range, shape, meaning);
    }

    /**
     * The same setting, which must not be outside of a range. {@code postern check} sees to it, and
     * {@code postern plugins} shows it.
     *
     * @param least spelled like the setting itself: {@code 1}, {@code 4KiB}, {@code PT1S}
     * @throws IllegalArgumentException if the range is none, or the fallback is outside of it
     */
    public Setting between(String least, String most) {
        var limited =
                new Setting(
                        name,
                        kind,
                        required,
                        repeated,
                        fallback,
                        choices,
                        Optional.of(new Range(least, most)),
                        shape,
                        meaning);
        for (var text : List.of(least, most)) {
            PluginConfig.require(limited, text);
        }
        fallback.ifPresent(text -> PluginConfig.require(limited, text));
        return limited;
    }

    /**
     * The same setting, which must look like this. {@code postern check} sees to it.
     *
     * @param pattern a regular expression ({@link Pattern}) for all of the text
     * @param words what that comes to, as in "it is not 64 hexadecimal digits"
     * @throws IllegalArgumentException if the fallback does not look so
     */
    public Setting matching(String pattern, String words) {
        var shaped =
                new Setting(
                        name,
                        kind,
                        required,
                        repeated,
                        fallback,
                        choices,
                        range,
                        Optional.of(new Shape(Pattern.compile(pattern), words)),
                        meaning);
        fallback.ifPresent(text -> PluginConfig.require(shaped, text));
        return shaped;
    }
}
