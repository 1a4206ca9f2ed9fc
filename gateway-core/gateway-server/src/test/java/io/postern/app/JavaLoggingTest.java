package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;

class JavaLoggingTest {

    /** Stands for a library of a plugin. In a JVM of its own, where nothing has logged yet. */
    public static final class Library {
        public static void main(String[] args) {
            JavaLogging.toSlf4j();
            var log = Logger.getLogger("org.example.Library");
            log.info("told");
            log.log(Level.WARNING, "warned of {0}", "it");
            log.fine("not told");
            System.out.println(LogManager.getLogManager().getLogger("").getHandlers().length);
        }
    }

    @Test
    void whatLibrariesLogGoesThroughSlf4j() throws Exception {
        var process =
                new ProcessBuilder(
                                System.getProperty("java.home") + "/bin/java",
                                "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Library.class.getName())
                        .redirectErrorStream(false)
                        .start();
        var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        var err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), err);
        assertEquals("1", out.strip(), "handlers");
        assertTrue(err.contains("INFO") && err.contains("org.example.Library - told"), err);
        assertTrue(err.contains("WARN org.example.Library - warned of it"), err);
        assertEquals(2, err.lines().count(), err);
    }
}
