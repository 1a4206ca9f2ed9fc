package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.config.Draft;
import io.postern.config.GatewayFile;
import io.postern.plugin.Plugins;

import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.Optional;

/** The options of a command that reads the configuration. */
final class ConfiguredInstallation extends Installation {
    @Option(
            names = "--config",
            paramLabel = "<file>",
            description = "The configuration (conf/gateway.xml in the installation's folder).")
    private Optional<Path> config;

    /** For picocli, which fills it. */
    ConfiguredInstallation() {}

    ConfiguredInstallation(Optional<Path> home, Optional<Path> config) {
        super(home);
        this.config = config;
    }

    /**
     * Reads the configuration and makes what it asks for.
     *
     * @param plugins stay open as long as the assembly is used
     */
    Assembly assemble(Plugins plugins) throws BadConfiguration {
        return assemble(plugins, Optional.empty());
    }

    /**
     * Reads it once more.
     *
     * @param running whose objects are taken over where nothing has changed for them
     */
    Assembly assemble(Plugins plugins, Optional<Assembly> running) throws BadConfiguration {
        return Assembly.of(draft(), plugins, running);
    }

    /** Reads the configuration. */
    Draft draft() {
        return GatewayFile.read(file(), home(), System::getenv);
    }

    Path file() {
        return config.orElseGet(() -> home().resolve("conf").resolve("gateway.xml"));
    }
}
