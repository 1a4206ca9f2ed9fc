package io.postern.app;

import io.postern.plugin.PluginException;
import io.postern.plugin.Plugins;
import io.postern.spi.Secret;
import io.postern.spi.auth.PasswordHasher;
import io.postern.spi.auth.UserDirectory;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.CharBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code postern passwd}. The password never stands on the command line, where others see it. */
@Command(
        name = "passwd",
        description = {
            "Ask for a password and print the text that keeps it, for example for users.xml.",
            "Without --stdin it is asked for twice and not shown."
        })
final class Passwd implements Callable<Integer> {
    /** Longest password that is taken, octets: far more than a POP3 command can carry. */
    private static final int MAX_OCTETS = 4096;

    @Spec private CommandSpec spec;
    @Mixin private Installation installation;

    @Option(
            names = "--stdin",
            description = "Take the password from the first line of the standard input.")
    private boolean stdin;

    @Option(
            names = "--scheme",
            paramLabel = "<scheme>",
            description = "How the password is kept. A wrong one is answered with those there are.")
    private Optional<String> scheme;

    @Option(
            names = "--directory",
            paramLabel = "<plugin>",
            defaultValue = "xml-users",
            description = "The user directory it is for (${DEFAULT-VALUE}).")
    private String directory;

    @Override
    public Integer call() throws IOException {
        try (var plugins = installation.plugins()) {
            var hasher = hasher(plugins);
            var schemes = hasher.schemes();
            var wanted = scheme.orElse(schemes.getFirst());
            if (!schemes.contains(wanted)) {
                throw usage(
                        "There is no scheme "
                                + wanted
                                + ". Use one of: "
                                + String.join(", ", schemes));
            }
            try (var password = stdin ? line(System.in) : asked()) {
                spec.commandLine().getOut().println(hasher.hash(wanted, password));
                return ExitCode.OK;
            } catch (IllegalArgumentException e) {
                throw usage(wanted + " cannot keep this password: " + e.getMessage());
            }
        } catch (PluginException e) {
            spec.commandLine().getErr().println("postern: " + e.sentence());
            return ExitCode.CONFIGURATION;
        }
    }

    private PasswordHasher hasher(Plugins plugins) throws PluginException {
        // It works without a start, so there is nothing to close.
        var plugin = plugins.make(UserDirectory.class, directory).plugin();
        if (plugin instanceof PasswordHasher hasher) {
            return hasher;
        }
        throw usage(
                "The directory \"" + directory + "\" keeps no passwords that could be made here.");
    }

    @SuppressWarnings("SystemConsoleNull") // Java 25 does say null where there is no terminal
    private Secret asked() {
        var console = System.console();
        if (console == null || !console.isTerminal()) {
            throw usage("There is no terminal to ask at. Use --stdin.");
        }
        var first = asked(console, "Password: ");
        try (var again = asked(console, "Again: ")) {
            var octets = again.octets();
            var same = first.matches(octets);
            Arrays.fill(octets, (byte) 0);
            if (!same) {
                first.close();
                throw usage("The two are not the same. Try again.");
            }
        }
        return notEmpty(first);
    }

    private static Secret asked(Console console, String prompt) {
        var typed = console.readPassword("%s", prompt);
        if (typed == null) {
            return Secret.of("");
        }
        try {
            return Secret.of(CharBuffer.wrap(typed));
        } finally {
            Arrays.fill(typed, '\0');
        }
    }

    /** The octets up to the first line end. */
    private Secret line(InputStream in) throws IOException {
        var octets = new byte[MAX_OCTETS + 1];
        try {
            var length = 0;
            for (int octet; length < octets.length && (octet = in.read()) >= 0 && octet != '\n'; ) {
                octets[length++] = (byte) octet;
            }
            if (length > MAX_OCTETS) {
                throw usage("A password has at most " + MAX_OCTETS + " octets.");
            }
            if (length > 0 && octets[length - 1] == '\r') {
                length--;
            }
            return notEmpty(Secret.of(octets, 0, length));
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    private Secret notEmpty(Secret password) {
        if (password.length() == 0) {
            throw usage("An empty password is none.");
        }
        return password;
    }

    private ParameterException usage(String words) {
        return new ParameterException(spec.commandLine(), words);
    }
}
