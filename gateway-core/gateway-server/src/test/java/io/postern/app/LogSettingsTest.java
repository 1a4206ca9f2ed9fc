package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The logger's settings, which it takes from system properties. */
class LogSettingsTest {
    private static final String PREFIX = "org.slf4j.simpleLogger.";

    @TempDir private Path folder;
    private final Map<String, String> before = new TreeMap<>();

    @BeforeEach
    void withoutSettings() {
        before.putAll(settings());
        before.keySet().forEach(System::clearProperty);
    }

    @AfterEach
    void asBefore() {
        settings().keySet().forEach(System::clearProperty);
        before.forEach(System::setProperty);
    }

    @Test
    void theFileIsTakenWhereTheCommandLineSaysNothing() throws Exception {
        System.setProperty(PREFIX + "showThreadName", "true");
        read(false, "showThreadName=false", "defaultLogLevel=debug", "log.io.postern=trace ");
        assertEquals(
                Map.of(
                        "showThreadName",
                        "true",
                        "defaultLogLevel",
                        "debug",
                        "log.io.postern",
                        "trace"),
                named());
    }

    @Test
    void quietLetsNothingBelowAWarningThrough() throws Exception {
        read(
                true,
                "defaultLogLevel=info",
                "log.a=debug",
                "log.b=TRACE",
                "log.c=error",
                "log.d=off",
                "log.e=warn",
                "showDateTime=true");
        assertEquals(
                Map.of(
                        "defaultLogLevel", "warn",
                        "log.a", "warn",
                        "log.b", "warn",
                        "log.c", "error",
                        "log.d", "off",
                        "log.e", "warn",
                        "showDateTime", "true"),
                named());
    }

    @Test
    void quietNeedsNoFile() {
        LogSettings.read(folder.resolve("absent"), true);
        assertEquals(Map.of("defaultLogLevel", "warn"), named());
    }

    @Test
    void withoutAFileTheLoggerHasItsDefaults() {
        LogSettings.read(folder.resolve("absent"), false);
        assertNull(System.getProperty(PREFIX + "defaultLogLevel"));
    }

    private void read(boolean quiet, String... lines) throws IOException {
        var file = folder.resolve("simplelogger.properties");
        Files.writeString(file, PREFIX + String.join("\n" + PREFIX, lines) + "\n");
        LogSettings.read(file, quiet);
    }

    private static Map<String, String> settings() {
        var all = new TreeMap<String, String>();
        for (var name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith(PREFIX)) {
                all.put(name, System.getProperty(name));
            }
        }
        return all;
    }

    private static Map<String, String> named() {
        var all = new TreeMap<String, String>();
        settings().forEach((name, value) -> all.put(name.substring(PREFIX.length()), value));
        return all;
    }
}
