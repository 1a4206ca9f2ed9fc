package io.postern.app;

import io.postern.plugin.Descriptor;
import io.postern.plugin.Found;
import io.postern.spi.Setting;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code postern plugins}. */
@Command(
        name = "plugins",
        description = {
            "List the plugins: the element of gateway.xml that names them, their names, where they"
                    + " were found, and their settings. Tells of broken ones what is wrong."
        },
        subcommands = {AskServer.Reload.class, AskServer.AskHealth.class})
final class ListPlugins implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private Installation installation;

    @Override
    public Integer call() {
        var out = spec.commandLine().getOut();
        try (var plugins = installation.plugins()) {
            var home = installation.home() + "/";
            plugins.found().stream()
                    .sorted(Comparator.comparing(Found::kind).thenComparing(Found::name))
                    .forEach(one -> print(one, home, out));
            for (var one : plugins.broken()) {
                out.println("broken: " + one.why().sentence().replace(home, ""));
            }
        }
        return ExitCode.OK;
    }

    private static void print(Found one, String home, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "<%s plugin=\"%s\">  %s%n",
                one.kind().element(),
                one.name(),
                one.jar().replace(home, ""));
        if (!one.builtIn()) {
            out.println(
                    "    "
                            + one.descriptor()
                                    .map(Descriptor::shown)
                                    .orElse("without a descriptor: no version, no author"));
        }
        for (var setting : one.settings()) {
            out.printf(
                    Locale.ROOT,
                    "    <%s>  %s. %s%n",
                    setting.name(),
                    kind(setting),
                    setting.meaning());
        }
    }

    private static String kind(Setting setting) {
        var kind =
                setting.kind() == Setting.Kind.CHOICE
                        ? String.join(" | ", setting.choices())
                        : setting.kind().name().toLowerCase(Locale.ROOT);
        return kind
                + (setting.repeated() ? ", any number" : "")
                + (setting.required() ? ", required" : "")
                + setting.range().map(range -> ", " + range).orElse("")
                + setting.shape().map(shape -> ", " + shape.words()).orElse("")
                + setting.fallback().map(text -> ", default " + text).orElse("");
    }
}
