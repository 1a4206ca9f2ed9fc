package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;

import javax.tools.ToolProvider;

/** A user directory that a test brings: one class, compiled against the SPI that ships. */
final class OwnPlugin {
    private OwnPlugin() {}

    /**
     * Puts it into the installation's {@code plugins/}.
     *
     * @param folder for what is compiled; empty or not there
     * @param type the name of the class, in the package {@code org.example.postern}
     */
    static void directory(Installation installation, Path folder, String type, String source)
            throws Exception {
        var spi =
                installation.names("lib").stream()
                        .filter(jar -> jar.startsWith("gateway-spi-"))
                        .findFirst()
                        .orElseThrow();
        var classes = Files.createDirectories(folder.resolve("classes"));
        var file = Files.writeString(folder.resolve(type + ".java"), source);
        var status =
                ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-cp",
                                installation.home().resolve("lib").resolve(spi).toString(),
                                "-d",
                                classes.toString(),
                                file.toString());
        assertEquals(0, status, "the plugin does not compile");
        var services = Files.createDirectories(classes.resolve("META-INF/services"));
        Files.writeString(
                services.resolve("io.postern.spi.auth.UserDirectory"),
                "org.example.postern." + type + "\n");
        Program.of(
                        Path.of(System.getProperty("java.home"), "bin/jar").toString(),
                        "--create",
                        "--file",
                        installation.home().resolve("plugins/" + type + ".jar").toString(),
                        "-C",
                        classes.toString(),
                        ".")
                .run()
                .well();
    }
}
