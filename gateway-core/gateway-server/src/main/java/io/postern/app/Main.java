package io.postern.app;

import io.postern.tls.Jsse;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/** The program {@code postern}. */
@Command(
        name = "postern",
        description = "A pluggable POP3 mail gateway.",
        synopsisSubcommandLabel = "<command>",
        subcommands = {
            Run.class,
            Check.class,
            Passwd.class,
            ListPlugins.class,
            NewPlugin.class,
            StoreTransfer.Import.class,
            StoreTransfer.Export.class,
            Undelete.class,
            AotCache.class,
            CommandLine.HelpCommand.class
        },
        versionProvider = Main.Version.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done; for run: stopped by SIGTERM or SIGINT",
            "1:the configuration, or a plugin that it names, cannot be used; a reload was refused,"
                    + " or left something out; for plugins health: a plugin is unwell",
            "2:the command line is wrong",
            "3:the server could not start, for example because its port is in use; no server runs that"
                    + " could be asked; for import,"
                    + " export and undelete: a maildrop cannot be opened, or takes no more, or nothing is"
                    + " kept in this realm",
            "4:import, export, undelete: some messages were not copied; each is named",
            "5:import, export, undelete: stopped by SIGTERM or SIGINT; the same command goes on",
            "70:run: a plugin ended the server by System.exit, or interrupted its threads"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  postern check          is conf/gateway.xml good?",
            "  postern check --start  and are ports, servers and databases there?",
            "  postern run            serve until SIGTERM",
            "  postern passwd         type a password, get the text for users.xml",
            "  postern plugins        which plugins there are, and their settings",
            "  postern plugins reload a running server takes what is new in plugins/",
            "  postern new-plugin     a project for a plugin of your own",
            "  postern run --help     more about one command"
        })
public final class Main implements Runnable {
    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = CommandLine.ScopeType.LOCAL,
            description = "Show this text and exit.")
    @SuppressWarnings("unused") // picocli sees it and shows the help
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version and exit.")
    @SuppressWarnings("unused") // picocli sees it and shows the version
    private boolean version;

    /** Runs one command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        LogSettings.read(
                Path.of(System.getProperty("postern.home", "."))
                        .resolve("conf/simplelogger.properties"),
                List.of(args).contains("--quiet"));
        JavaLogging.toSlf4j();
        Jsse.leaveServerNamesToUs();
        System.exit(Run.plain(args).map(Main::serve).orElseGet(() -> commandLine().execute(args)));
    }

    private static int serve(Run run) {
        try {
            return run.call();
        } catch (RuntimeException | Error e) {
            return surprised(e, new PrintWriter(System.err, true, System.err.charset()));
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler(Main::misunderstood)
                .setExecutionExceptionHandler((e, command, _) -> surprised(e, command.getErr()));
    }

    private static int surprised(Throwable e, PrintWriter err) {
        err.println("postern: this should not happen: " + e);
        e.printStackTrace(err);
        return ExitCode.START;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Which command?");
    }

    private static int misunderstood(CommandLine.ParameterException e, String[] args) {
        var command = e.getCommandLine();
        var err = command.getErr();
        err.println("postern: " + e.getMessage());
        if (!command.getSubcommands().isEmpty()) {
            err.println("Commands: " + String.join(", ", command.getSubcommands().keySet()));
        }
        err.println("More: " + command.getCommandSpec().qualifiedName() + " --help");
        return ExitCode.USAGE;
    }

    @Command(
            name = "version",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class,
            description = "Show the version.")
    int version() {
        for (var line : new Version().getVersion()) {
            spec.commandLine().getOut().println(line);
        }
        return ExitCode.OK;
    }

    /** What {@code --version} shows. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {
                "Postern " + number() + " on Java " + Runtime.version() + " (" + vendor() + ")"
            };
        }

        static String number() {
            var properties = new Properties();
            try (var in = Main.class.getResourceAsStream("version.properties")) {
                properties.load(in);
            } catch (IOException e) {
                throw new IllegalStateException("the jar is damaged", e);
            }
            return properties.getProperty("version");
        }

        private static String vendor() {
            return System.getProperty("java.vendor");
        }
    }
}
