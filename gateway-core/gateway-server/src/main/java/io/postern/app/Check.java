package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.config.GatewayConfig;
import io.postern.config.PluginPlace;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** {@code postern check}. */
@Command(
        name = "check",
        description = {
            "Read the configuration, load the plugins that it names and check their settings.",
            "Reads keys, certificates and the files that plugins need, too. Starts nothing: servers"
                    + " that a plugin asks, and ports, are left to --start. Run it as the user that"
                    + " runs the server: another one may have other rights."
        })
final class Check implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private ConfiguredInstallation installation;

    @Option(
            names = "--start",
            description =
                    "Start everything but the listeners, bind their addresses for a moment, and end."
                            + " May run beside a server.")
    private boolean start;

    @Override
    public Integer call() {
        var out = spec.commandLine().getOut();
        try (var plugins = installation.plugins()) {
            var draft = installation.draft();
            var checks = PluginChecks.of(draft, plugins);
            var assembly = Assembly.of(draft.with(checks.problems()), plugins);
            var config = assembly.config();
            if (start && !starts(assembly)) {
                return ExitCode.START;
            }
            out.println("configuration is good: " + config.file());
            summary(config, out);
            config.warnings().forEach(warning -> out.println("warning: " + warning));
            assembly.warnings().forEach(warning -> out.println("warning: " + warning));
            checks.warnings().forEach(warning -> out.println("warning: " + warning));
            for (var broken : plugins.broken()) {
                out.println("warning: a plugin that nobody names: " + broken.why().sentence());
            }
            out.println(
                    start
                            ? "started and ended: plugins, keys; every address can be had"
                            : "not looked at: servers that plugins ask, and whether the ports are"
                                    + " free; \"postern check --start\" tries both");
            return ExitCode.OK;
        } catch (BadConfiguration e) {
            return refuse(e, spec.commandLine().getErr());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.STOPPED;
        }
    }

    private boolean starts(Assembly assembly) throws InterruptedException {
        var trial = new TrialStart(assembly, installation.serverRuns());
        var problems = trial.run();
        var err = spec.commandLine().getErr();
        problems.forEach(problem -> err.println("postern: " + problem));
        trial.warnings().forEach(warning -> err.println("warning: " + warning));
        return problems.isEmpty();
    }

    /** Tells all problems. */
    static int refuse(BadConfiguration bad, PrintWriter err) {
        bad.problems().forEach(err::println);
        var count = bad.problems().size();
        err.println(count == 1 ? "1 problem" : count + " problems");
        return ExitCode.CONFIGURATION;
    }

    private static void summary(GatewayConfig config, PrintWriter out) {
        out.println(
                "  listeners   "
                        + config.listeners().stream()
                                .map(Check::shown)
                                .collect(Collectors.joining(", ")));
        out.println("  mechanisms  " + names(config.mechanisms()));
        out.println("  locks       " + config.locks().plugin());
        for (var realm : config.realms()) {
            out.println(
                    "  realm       "
                            + realm.name()
                            + (realm.byDefault() ? " (default)" : "")
                            + (realm.domains().isEmpty()
                                    ? ""
                                    : " for " + String.join(", ", realm.domains()))
                            + ": users in "
                            + names(realm.directories())
                            + ", mail in "
                            + realm.store().plugin()
                            + realm.kept().map(Check::shown).orElse(""));
        }
    }

    private static String shown(GatewayConfig.Kept kept) {
        return ", removed mail in "
                + kept.folder()
                + (kept.days() == 1 ? " for 1 day" : " for " + kept.days() + " days");
    }

    private static String shown(GatewayConfig.Listener listener) {
        return listener.address()
                + " port "
                + listener.port()
                + switch (listener.tls()) {
                    case NONE -> "";
                    case STARTTLS -> " with STLS";
                    case IMPLICIT -> " with TLS";
                };
    }

    private static String names(List<PluginPlace> places) {
        return places.stream().map(PluginPlace::plugin).collect(Collectors.joining(", "));
    }
}
