package io.postern.app;

import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.LogManager;

/**
 * Hands what libraries log by {@code java.util.logging}, those of plugins among them, to SLF4J. The
 * JDK makes an object of this class when that is used for the first time, if ever.
 */
public final class JavaLogging {
    /** By which the JDK finds the class; see {@link LogManager}. */
    private static final String CLASS = "java.util.logging.config.class";

    private static final String FILE = "java.util.logging.config.file";

    /** For the JDK. */
    public JavaLogging() throws IOException {
        // Below INFO it would cost something for each record that nobody wants.
        var level = LoggerFactory.getLogger("ROOT").isDebugEnabled() ? "ALL" : "INFO";
        var settings =
                "handlers=" + SLF4JBridgeHandler.class.getName() + "\n.level=" + level + "\n";
        LogManager.getLogManager()
                .readConfiguration(
                        new ByteArrayInputStream(settings.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** From now on, unless the command line of the JVM says otherwise. */
    static void toSlf4j() {
        if (System.getProperty(CLASS) == null && System.getProperty(FILE) == null) {
            System.setProperty(CLASS, JavaLogging.class.getName());
        }
    }
}
