package io.postern.config;

import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One place of {@code gateway.xml} that names a plugin, and the settings that stand there. The
 * settings may hold secrets: its text form shows none of them.
 */
public final class PluginPlace {

    /**
     * One setting.
     *
     * @param line where it stands, from 1
     * @param written as it stands in the file, with {@code ${...}} unresolved
     * @param text what it comes to
     */
    record Given(String setting, int line, String written, String text) {}

    private final Path file;
    private final int line;
    private final String element;
    private final String plugin;
    private final List<Given> given;
    private final Path home;
    private final Path state;

    /**
     * @param line where the element stands, from 1
     * @param element the element's name, such as {@code store}
     * @param state where the plugin may keep files of its own
     */
    PluginPlace(
            Path file,
            int line,
            String element,
            String plugin,
            List<Given> given,
            Path home,
            Path state) {
        this.file = file;
        this.line = line;
        this.element = element;
        this.plugin = plugin;
        this.given = List.copyOf(given);
        this.home = home;
        this.state = state;
    }

    /** The element that names the plugin: {@code mechanism}, {@code directory}, ... */
    public String element() {
        return element;
    }

    /** The name of the plugin that is asked for. */
    public String plugin() {
        return plugin;
    }

    /** From 1; 0 for a plugin that the file does not name. */
    public int line() {
        return line;
    }

    /** Whether another place of the file asks for the same plugin with the same settings. */
    boolean repeats(PluginPlace other) {
        return element.equals(other.element)
                && plugin.equals(other.plugin)
                && values().equals(other.values());
    }

    /** Whether another reading of the file asks for the same plugin with the same settings. */
    public boolean asksForTheSameAs(PluginPlace other) {
        return element.equals(other.element)
                && plugin.equals(other.plugin)
                && values().equals(other.values())
                && home.equals(other.home)
                && state.equals(other.state);
    }

    /** All that is wrong with the settings, if the plugin takes these. */
    public List<Problem> problems(List<Setting> settings) {
        var problems = new ArrayList<Problem>();
        for (var wrong : PluginConfig.problems(settings, values())) {
            problems.add(problem(wrong));
        }
        return problems;
    }

    /**
     * The settings, for the plugin's start.
     *
     * @throws SettingException where {@link #problems} finds any
     */
    public PluginConfig config(List<Setting> settings) {
        return new PluginConfig(settings, values(), home, state);
    }

    /**
     * The settings for a second start beside a running server's, which shares no state with it.
     *
     * @param apart in place of the state folder
     */
    public PluginConfig configApart(List<Setting> settings, Path apart) {
        var values = values();
        values.remove("state-folder");
        return new PluginConfig(settings, values, home, apart);
    }

    /** The files and folders that the settings name. */
    public List<Path> paths(List<Setting> settings) {
        var paths = new ArrayList<Path>();
        for (var setting : settings) {
            for (var one : given) {
                if (setting.kind() == Setting.Kind.PATH && one.setting.equals(setting.name())) {
                    try {
                        paths.add(home.resolve(one.text).normalize());
                    } catch (InvalidPathException _) {
                        // Told with the other problems of the settings.
                    }
                }
            }
        }
        return paths;
    }

    /** A setting that cannot be used, with its place; what came from outside the file is hidden. */
    public Problem problem(SettingException wrong) {
        var at = line;
        var what = wrong.getMessage();
        var remedy = wrong.remedy();
        var found = false;
        for (var one : given) {
            if (!one.setting.equals(wrong.setting())) {
                continue;
            }
            // Of a repeated setting, the one that the words quote; else the first.
            if (!found || what.contains('"' + one.text + '"')) {
                at = one.line;
            }
            found = true;
            if (!one.text.isEmpty() && !one.written.equals(one.text)) {
                what = what.replace(one.text, one.written);
                remedy = remedy.replace(one.text, one.written);
            }
        }
        return new Problem(file, at, wrong.setting(), what, remedy);
    }

    /** Something that is wrong with the place as a whole. */
    public Problem problem(String what, String remedy) {
        return new Problem(file, line, element, what, remedy);
    }

    @Override
    public String toString() {
        return element + " plugin=" + plugin;
    }

    private Map<String, List<String>> values() {
        var values = new LinkedHashMap<String, List<String>>();
        for (var one : given) {
            values.computeIfAbsent(one.setting, _ -> new ArrayList<>()).add(one.text);
        }
        return values;
    }
}
