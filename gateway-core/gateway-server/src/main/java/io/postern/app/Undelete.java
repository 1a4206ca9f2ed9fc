package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.kept.KeptDeletions;
import io.postern.kept.KeptDrop;
import io.postern.kept.KeptMessage;
import io.postern.plugin.PluginException;
import io.postern.plugin.Plugins;
import io.postern.spi.Fault;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code postern undelete}: brings back what clients have removed, as long as it is kept. */
@Command(
        name = "undelete",
        description = {
            "Bring a user's removed mail back, where the realm has <kept-deletions>.",
            "Messages have their old unique-ids again. Those that are there already are left out, so a"
                    + " run that was stopped goes on when it is started again. What is back is not"
                    + " kept any more."
        })
final class Undelete extends Transfer {
    @Option(
            names = "--since",
            paramLabel = "<time>",
            description =
                    "What was removed since then: a duration (PT2H, P3D), a time"
                            + " (2026-11-25T08:00:00Z) or a day (2026-11-25). Without it, all that"
                            + " is kept.")
    private Optional<String> since;

    @Option(
            names = "--unique-id",
            paramLabel = "<id>",
            description = "Only the message of this unique-id; any number of times.")
    private List<String> uniqueIds = new ArrayList<>();

    @Option(names = "--list", description = "Bring nothing back, list what is kept.")
    private boolean list;

    @Override
    int transfer(Plugins plugins)
            throws BadConfiguration, PluginException, Fault, Refused, InterruptedException {
        var from = since.map(this::instant).orElse(Instant.MIN);
        var side = realm(plugins, !list);
        var kept =
                side.realm()
                        .kept()
                        .orElseThrow(() ->
                                new Refused(
                                        "the realm "
                                                + side.realm().name()
                                                + " keeps no removed mail: it has no"
                                                + " <kept-deletions>"));
        var messages = wanted(kept, side.end().user().name(), from);
        var unknown = new ArrayList<>(uniqueIds);
        messages.forEach(message -> unknown.remove(message.head().uniqueId()));
        unknown.forEach(id -> err().println("not kept: " + id));
        if (list) {
            messages.forEach(this::print);
            return unknown.isEmpty() ? ExitCode.OK : ExitCode.NOT_ALL;
        }
        var code = bringBack(new KeptDrop(messages), side);
        return code == ExitCode.OK && !unknown.isEmpty() ? ExitCode.NOT_ALL : code;
    }

    private List<KeptMessage> wanted(KeptDeletions kept, String user, Instant from) throws Refused {
        try {
            return kept.of(user).stream()
                    .filter(one -> !one.head().removed().isBefore(from))
                    .filter(one -> uniqueIds.isEmpty() || uniqueIds.contains(one.head().uniqueId()))
                    .toList();
        } catch (IOException e) {
            throw new Refused("what is kept of " + user + " cannot be read: " + e);
        }
    }

    private int bringBack(KeptDrop messages, Side side)
            throws Fault, Refused, InterruptedException {
        var copying = new Copying(messages, ways(false), err(), this::stopped);
        try {
            return copy(copying, side.end(), side.locks());
        } finally {
            if (!dryRun()) {
                copying.arrived().stream().forEach(number -> forget(messages.message(number)));
            }
        }
    }

    private void forget(KeptMessage message) {
        try {
            message.remove();
        } catch (IOException e) {
            err().println("note: it is back, and kept all the same: " + e);
        }
    }

    private void print(KeptMessage message) {
        var head = message.head();
        out().println(
                        head.removed()
                                + " octets="
                                + head.octets()
                                + " uidl="
                                + head.uniqueId()
                                + " session="
                                + head.session());
    }

    private Instant instant(String text) {
        try {
            if (text.startsWith("P")) {
                return Instant.now().minus(Duration.parse(text));
            }
            return text.indexOf('T') < 0
                    ? LocalDate.parse(text).atStartOfDay(ZoneId.systemDefault()).toInstant()
                    : Instant.parse(text);
        } catch (DateTimeParseException | ArithmeticException e) {
            throw usage(
                    "--since: "
                            + text
                            + " is no time. Give one like PT2H, P3D, 2026-11-25T08:00:00Z or"
                            + " 2026-11-25.");
        } catch (DateTimeException e) {
            throw usage("--since: " + text + " is out of range.");
        }
    }
}
