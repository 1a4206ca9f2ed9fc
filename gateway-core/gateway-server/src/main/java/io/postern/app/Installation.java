package io.postern.app;

import io.postern.plugin.Plugins;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** The options of every command: where the server's files are. */
class Installation {
    private static final Logger log = LoggerFactory.getLogger(Installation.class);

    private static final String HOME = "postern.home";
    private static final String HERE = ".";

    @Option(
            names = "--home",
            paramLabel = "<folder>",
            defaultValue = "${sys:" + HOME + ":-" + HERE + "}",
            description = "The installation's folder, with conf/ and plugins/ (${DEFAULT-VALUE}).")
    private Path home;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text and exit.")
    @SuppressWarnings("unused") // picocli sees it and shows the help
    private boolean help;

    /** For picocli, which fills it. */
    Installation() {}

    Installation(Optional<Path> home) {
        this.home = home.orElseGet(() -> Path.of(System.getProperty(HOME, HERE)));
    }

    final Path home() {
        return home.toAbsolutePath().normalize();
    }

    final Plugins plugins() {
        return Plugins.scan(home().resolve("plugins"));
    }

    /** The plugins for a server, whose jars may be replaced while it runs. */
    final Plugins copiedPlugins() {
        try {
            return Plugins.scanCopies(home().resolve("plugins"), home().resolve("state/loaded"));
        } catch (IOException e) {
            log.warn(
                    "the plugins' jars cannot be copied: do not replace them while the server runs ({})",
                    e.toString());
            return plugins();
        }
    }

    /** Whether a server of this installation answers. */
    final boolean serverRuns() {
        try {
            return Control.sockets(control()).stream().anyMatch(Control::answered);
        } catch (IOException e) {
            log.debug("{} cannot be looked at", control(), e);
            return false;
        }
    }

    /** Where the sockets are through which commands reach servers that run. */
    final Path control() {
        return home().resolve("state/run");
    }
}
