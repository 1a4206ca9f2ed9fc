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

    private LogSettings() {}

    /** Takes what the file says, unless the command line of the JVM says otherwise. */
    static void read(Path file) {
        var settings = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            settings.load(in);
        } catch (NoSuchFileException e) {
            return; // the logger has its own defaults
        } catch (IOException | IllegalArgumentException e) {
            System.err.println("postern: " + file + " cannot be read, the log has defaults: " + e);
            return;
        }
        for (var name : settings.stringPropertyNames()) {
            if (name.startsWith(PREFIX) && System.getProperty(name) == null) {
                System.setProperty(name, settings.getProperty(name).strip());
            }
        }
    }
}
