package io.postern.app;

import io.postern.plugin.Loaded;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.tls.IdentitySource;
import io.postern.tls.ServerTls;
import io.postern.transport.ListenException;
import io.postern.transport.Listeners;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/**
 * Starts what a server would start, but for its listeners, and ends it again. Each address is bound
 * for a moment. Reports every problem, not only the first. One thread.
 */
final class TrialStart {
    private static final Logger log = LoggerFactory.getLogger(TrialStart.class);

    private final Assembly assembly;
    private final boolean besideServer;
    private final List<String> problems = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    /** The last one first. */
    private final Deque<Loaded<?>> started = new ArrayDeque<>();

    /**
     * @param besideServer whether a server of this installation runs: it has the ports, and the
     *     plugins' state is left to it
     */
    TrialStart(Assembly assembly, boolean besideServer) {
        this.assembly = assembly;
        this.besideServer = besideServer;
    }

    /**
     * Starts and ends everything.
     *
     * @return what keeps a server from starting, a sentence each
     */
    List<String> run() throws InterruptedException {
        try {
            var apart = besideServer ? Files.createTempDirectory("postern-check") : null;
            try {
                plugins(apart);
            } finally {
                while (!started.isEmpty()) {
                    started.pop().close();
                }
                remove(apart);
            }
        } catch (IOException e) {
            problems.add("a folder for the plugins' state cannot be made or removed: " + e);
        }
        keys();
        addresses();
        return problems;
    }

    /** What a server may start with, a sentence each. */
    List<String> warnings() {
        return warnings;
    }

    private void plugins(Path apart) throws InterruptedException {
        var config = assembly.config();
        for (var place : config.places()) {
            var one = assembly.at(place);
            PluginConfig settings =
                    apart == null
                            ? place.config(one.settings())
                            : place.configApart(
                                    one.settings(),
                                    apart.resolve(Integer.toString(started.size())));
            started.push(one);
            Gateway.start(place, one, settings, config.limits().pluginStart(), problems);
        }
        if (problems.isEmpty()) {
            Gateway.unfenced(assembly).forEach(problem -> problems.add(problem.toString()));
        }
    }

    private static void remove(Path folder) throws IOException {
        if (folder == null) {
            return;
        }
        try (var all = Files.walk(folder)) {
            for (var one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(one);
            }
        }
    }

    /** A pair that the first start makes is not made here; that it can be, was checked before. */
    private void keys() {
        var sources =
                assembly.config().identities().stream()
                        .map(identity -> identity.source())
                        .filter(it -> !(it instanceof IdentitySource.SelfSigned own) || own.made())
                        .toList();
        if (sources.isEmpty()) {
            return;
        }
        try (var tls = new ServerTls(sources)) {
            for (var listener : assembly.config().listeners()) {
                var _ = tls.listener(listener.clients());
            }
        } catch (SettingException e) {
            problems.add(e.setting() + ": " + e.getMessage() + ". " + e.remedy());
        }
    }

    private void addresses() {
        for (var listener : assembly.config().listeners()) {
            try {
                Listeners.probe(new InetSocketAddress(listener.address(), listener.port()));
            } catch (ListenException e) {
                log.debug("{} cannot be had", listener, e);
                var words =
                        assembly.config().file()
                                + ":"
                                + listener.line()
                                + ": listener: "
                                + e.getMessage();
                if (besideServer && e.inUse()) {
                    warnings.add(words + " (a server of this installation runs, and may have it)");
                } else {
                    problems.add(words);
                }
            }
        }
    }
}
