package io.postern.app;

import io.postern.plugin.Plugins;

import picocli.CommandLine.Option;

import java.nio.file.Path;

/** The options of every command: where the server's files are. */
class Installation {
    @Option(
            names = "--home",
            paramLabel = "<folder>",
            defaultValue = "${sys:postern.home:-.}",
            description = "The installation's folder, with conf/ and plugins/ (${DEFAULT-VALUE}).")
    private Path home;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text and exit.")
    @SuppressWarnings("unused") // picocli sees it and shows the help
    private boolean help;

    final Path home() {
        return home.toAbsolutePath().normalize();
    }

    final Plugins plugins() {
        return Plugins.scan(home().resolve("plugins"));
    }
}
