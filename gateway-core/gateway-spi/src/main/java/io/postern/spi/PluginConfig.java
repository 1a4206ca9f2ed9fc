package io.postern.spi;

import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.regex.Pattern;

/**
 * The settings of one plugin in one place of {@code gateway.xml}, read by name and kind. Immutable.
 *
 * <p>A reader that does not fit the setting's kind, or a name that {@link Plugin#settings()} does
 * not hold, is a defect of the plugin and throws {@link IllegalStateException}. A value that does
 * not fit its kind throws {@link SettingException}; the server finds those before {@link
 * Plugin#start}.
 */
public final class PluginConfig {
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})(|B|KiB|MiB|GiB|TiB)");

    private final Map<String, Setting> settings = new LinkedHashMap<>();
    private final Map<String, List<String>> values;
    private final Path home;
    private final Path state;

    /**
     * @param settings what the plugin takes
     * @param values the texts that {@code gateway.xml} gives, by name, in its order
     * @param home the installation's folder, against which relative paths are read
     * @param state a folder of the server's for what the plugin wants to keep between runs; the
     *     plugin makes it when it needs it
     * @throws SettingException for the first value that does not fit
     */
    public PluginConfig(
            List<Setting> settings, Map<String, List<String>> values, Path home, Path state) {
        for (var setting : settings) {
            this.settings.put(setting.name(), setting);
        }
        var copy = new LinkedHashMap<String, List<String>>();
        values.forEach((name, texts) -> copy.put(name, List.copyOf(texts)));
        this.values = copy;
        this.home = home.toAbsolutePath().normalize();
        this.state = state.toAbsolutePath().normalize();
        var problems = problems(settings, values);
        if (!problems.isEmpty()) {
            throw problems.getFirst();
        }
    }

    /** All that is wrong with these values, in the order of the values, then of the settings. */
    public static List<SettingException> problems(
            List<Setting> settings, Map<String, List<String>> values) {
        var problems = new ArrayList<SettingException>();
        var known = new LinkedHashMap<String, Setting>();
        settings.forEach(setting -> known.put(setting.name(), setting));
        values.forEach((name, texts) -> {
            var setting = known.get(name);
            if (setting == null) {
                problems.add(
                        new SettingException(
                                name,
                                "there is no such setting here",
                                known.isEmpty()
                                        ? "This plugin takes no settings: remove it."
                                        : "Remove it, or use one of: "
                                                + String.join(", ", known.keySet())
                                                + "."));
                return;
            }
            if (texts.size() > 1 && !setting.repeated()) {
                problems.add(
                        new SettingException(
                                name, "it stands there " + texts.size() + " times", "Keep one."));
            }
            for (var text : texts) {
                try {
                    read(setting, text);
                } catch (SettingException e) {
                    problems.add(e);
                }
            }
        });
        for (var setting : settings) {
            if (setting.required() && values.getOrDefault(setting.name(), List.of()).isEmpty()) {
                problems.add(
                        new SettingException(
                                setting.name(),
                                "it is missing",
                                "Add <" + setting.name() + ">: " + setting.meaning()));
            }
        }
        return problems;
    }

    /** Whether it is set or has a fallback. */
    public boolean has(String name) {
        return !texts(known(name)).isEmpty();
    }

    /** A {@link Setting.Kind#TEXT} or {@link Setting.Kind#CHOICE} that is there. */
    public String text(String name) {
        return (String) one(name, Setting.Kind.TEXT, Setting.Kind.CHOICE);
    }

    /** Every value of a repeated {@link Setting.Kind#TEXT}, in the file's order. */
    public List<String> allTexts(String name) {
        return List.copyOf(texts(known(name)));
    }

    /** The caller closes it. */
    public Secret secret(String name) {
        return (Secret) one(name, Setting.Kind.SECRET);
    }

    /** An absolute path. */
    public Path path(String name) {
        return home.resolve((Path) one(name, Setting.Kind.PATH)).normalize();
    }

    public long number(String name) {
        return (Long) one(name, Setting.Kind.NUMBER);
    }

    /** Octets. */
    public long size(String name) {
        return (Long) one(name, Setting.Kind.SIZE);
    }

    public Duration duration(String name) {
        return (Duration) one(name, Setting.Kind.DURATION);
    }

    public boolean flag(String name) {
        return (Boolean) one(name, Setting.Kind.FLAG);
    }

    /** {@link #text} where the setting may be absent. */
    public Optional<String> optionalText(String name) {
        return has(name) ? Optional.of(text(name)) : Optional.empty();
    }

    /** {@link #path} where the setting may be absent. */
    public Optional<Path> optionalPath(String name) {
        return has(name) ? Optional.of(path(name)) : Optional.empty();
    }

    /**
     * Where this plugin may keep files of its own between runs; made by the plugin on first use.
     */
    public Path stateFolder() {
        return state;
    }

    private Object one(String name, Setting.Kind... kinds) {
        var setting = known(name);
        if (!List.of(kinds).contains(setting.kind())) {
            throw new IllegalStateException(name + " is declared as " + setting.kind());
        }
        var texts = texts(setting);
        if (texts.isEmpty()) {
            throw new IllegalStateException(name + " is absent and has no fallback");
        }
        return read(setting, texts.getFirst());
    }

    private Setting known(String name) {
        var setting = settings.get(name);
        if (setting == null) {
            throw new IllegalStateException(name + " is not among the plugin's settings");
        }
        return setting;
    }

    private List<String> texts(Setting setting) {
        var texts = values.getOrDefault(setting.name(), List.of());
        return texts.isEmpty() ? setting.fallback().stream().toList() : texts;
    }

    /**
     * @throws SettingException if the text does not fit the setting
     */
    static void require(Setting setting, String text) {
        if (read(setting, text) instanceof Secret secret) {
            secret.close();
        }
    }

    private static Object read(Setting setting, String text) {
        try {
            return switch (setting.kind()) {
                case TEXT -> shaped(setting, text);
                case SECRET -> Secret.of(shaped(setting, text));
                case PATH -> Path.of(text);
                case NUMBER -> within(setting, text, PluginConfig::number);
                case SIZE -> within(setting, text, PluginConfig::octets);
                case DURATION -> within(setting, text, PluginConfig::duration);
                case FLAG -> flag(setting, text);
                case CHOICE -> choice(setting, text);
            };
        } catch (java.nio.file.InvalidPathException e) {
            throw wrong(setting, text, "is not a path", "Give a file or folder.");
        }
    }

    private static String shaped(Setting setting, String text) {
        var shape = setting.shape();
        if (shape.isPresent() && !shape.get().pattern().matcher(text).matches()) {
            throw new SettingException(
                    setting.name(),
                    (setting.kind() == Setting.Kind.SECRET ? "it" : '"' + text + '"')
                            + " is not "
                            + shape.get().words(),
                    "Give " + shape.get().words() + ".");
        }
        return text;
    }

    private static <T extends Comparable<T>> T within(
            Setting setting, String text, BiFunction<Setting, String, T> reader) {
        var value = reader.apply(setting, text);
        if (setting.range().isPresent()) {
            var range = setting.range().get();
            if (value.compareTo(reader.apply(setting, range.least())) < 0
                    || value.compareTo(reader.apply(setting, range.most())) > 0) {
                throw wrong(
                        setting, text, "is not within " + range, "Give one from " + range + ".");
            }
        }
        return value;
    }

    private static Long number(Setting setting, String text) {
        if (!text.matches("-?[0-9]{1,18}")) {
            throw wrong(setting, text, "is not a whole number", "Give one, like 100.");
        }
        return Long.valueOf(text);
    }

    private static Long octets(Setting setting, String text) {
        var match = SIZE.matcher(text);
        if (!match.matches()) {
            throw wrong(setting, text, "is not a size", "Give octets, like 512, 64KiB or 2MiB.");
        }
        var unit =
                switch (match.group(2)) {
                    case "KiB" -> 1L << 10;
                    case "MiB" -> 1L << 20;
                    case "GiB" -> 1L << 30;
                    case "TiB" -> 1L << 40;
                    default -> 1L;
                };
        try {
            return Math.multiplyExact(Long.parseLong(match.group(1)), unit);
        } catch (ArithmeticException e) {
            throw wrong(setting, text, "is too large", "Give less than 8 EiB.");
        }
    }

    private static Duration duration(Setting setting, String text) {
        try {
            var duration = Duration.parse(text);
            if (!duration.isNegative()) {
                return duration;
            }
        } catch (DateTimeParseException e) {
            // Told below, in the operator's words.
        }
        throw wrong(setting, text, "is not a duration", "Give one like PT30S, PT10M or P7D.");
    }

    private static Boolean flag(Setting setting, String text) {
        if (!text.equals("true") && !text.equals("false")) {
            throw wrong(setting, text, "is neither true nor false", "Give true or false.");
        }
        return Boolean.valueOf(text);
    }

    private static String choice(Setting setting, String text) {
        if (!setting.choices().contains(text)) {
            throw wrong(
                    setting,
                    text,
                    "is not known here",
                    "Give one of: " + String.join(", ", setting.choices()) + ".");
        }
        return text;
    }

    private static SettingException wrong(
            Setting setting, String text, String problem, String remedy) {
        return new SettingException(setting.name(), "\"" + text + "\" " + problem, remedy);
    }
}
