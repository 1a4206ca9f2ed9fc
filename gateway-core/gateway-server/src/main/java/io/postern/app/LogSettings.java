package io.postern.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Properties;

/**
 * Hands the logger its settings before it is asked for. It would find the file on the class path,
 * but Java has no cache for a class path with a folder in it.
 */
final class LogSettings {
    private static final String PREFIX = "org.slf4j.simpleLogger.";

    private static final String DEFAULT = "defaultLogLevel";

    private LogSettings() {}

    /**
     * Takes what the file says, unless the command line of the JVM says otherwise.
     *
     * @param quiet only warnings and errors, whatever the file says
     */
    static void read(Path file, boolean quiet) {
        var settings = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            settings.load(in);
        } catch (NoSuchFileException e) {
            settings.clear(); // the logger has its own defaults
        } catch (IOException | IllegalArgumentException e) {
            System.err.println("postern: " + file + " cannot be read, the log has defaults: " + e);
            settings.clear();
        }
        if (quiet) {
            settings.putIfAbsent(PREFIX + DEFAULT, "info");
            settings.replaceAll((name, value) -> isLevel(name) ? quieter(value) : value);
        }
        for (var name : settings.stringPropertyNames()) {
            if (name.startsWith(PREFIX) && System.getProperty(name) == null) {
                System.setProperty(name, settings.getProperty(name).strip());
            }
        }
    }

    private static boolean isLevel(Object name) {
        return name.equals(PREFIX + DEFAULT) || name.toString().startsWith(PREFIX + "log.");
    }

    private static Object quieter(Object level) {
        return level.toString().strip().matches("(?i)trace|debug|info") ? "warn" : level;
    }
}
