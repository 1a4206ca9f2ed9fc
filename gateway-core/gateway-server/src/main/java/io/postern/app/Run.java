package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.plugin.Plugins;
import io.postern.tls.TlsMode;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** {@code postern run}. */
@Command(
        name = "run",
        description = {
            "Serve until SIGTERM or SIGINT (Ctrl-C).",
            "Prints one line for each address that it listens on, then \"ready\". A stop takes no"
                    + " new clients, finishes removals that are running, and ends the other"
                    + " sessions without removing anything. SIGHUP does what \"postern plugins"
                    + " reload\" does; the log tells what came of it."
        })
final class Run implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(Run.class);

    /** Servers' threads that are interrupted because a stop was asked for. */
    private static final Set<Thread> STOPPING = ConcurrentHashMap.newKeySet();

    @Spec private CommandSpec spec;
    @Mixin private ConfiguredInstallation installation;

    /**
     * The command that a plain command line means: {@code run}, with a folder, a file or both named
     * in the next word, as service managers start it. Picocli would say the same, and takes a third
     * of a start's time for it.
     *
     * @return empty for any other command line, good or bad
     */
    static Optional<Run> plain(String... args) {
        if (args.length % 2 == 0 || !args[0].equals("run")) {
            return Optional.empty();
        }
        var home = Optional.<Path>empty();
        var config = Optional.<Path>empty();
        for (var at = 1; at < args.length; at += 2) {
            // Of a word that begins so, or in quotation marks, picocli may think otherwise.
            if (!args[at + 1].matches("[A-Za-z0-9/.][^\"'\\\\]*")) {
                return Optional.empty();
            }
            var path = Optional.of(Path.of(args[at + 1]));
            if (args[at].equals("--home") && home.isEmpty()) {
                home = path;
            } else if (args[at].equals("--config") && config.isEmpty()) {
                config = path;
            } else {
                return Optional.empty();
            }
        }
        var run = new Run();
        run.installation = new ConfiguredInstallation(home, config);
        return Optional.of(run);
    }

    ConfiguredInstallation installation() {
        return installation;
    }

    /**
     * Serves until {@link #stop}, which the JVM's shutdown calls. All of the start and the stop is
     * done by this thread, so that they never meet.
     */
    @Override
    public Integer call() {
        var server = Thread.currentThread();
        var ended = new CountDownLatch(1);
        var hook =
                Thread.ofPlatform()
                        .name("postern-stop")
                        .unstarted(() -> {
                            var culprit = Culprit.exiting();
                            culprit.ifPresent(it ->
                                    log.error(
                                            "System.exit was called by {}: the server stops, with"
                                                    + " status {}",
                                            it,
                                            ExitCode.ENDED_FROM_WITHIN));
                            stop(server);
                            await(ended);
                            // A stop in order is no failure; by itself the JVM would say 143.
                            Runtime.getRuntime()
                                    .halt(
                                            culprit.isPresent()
                                                    ? ExitCode.ENDED_FROM_WITHIN
                                                    : ExitCode.OK);
                        });
        Runtime.getRuntime().addShutdownHook(hook);
        try (var plugins = installation.copiedPlugins();
                var hangUp = HangUp.caught()) {
            warnOfBroken(plugins);
            return serve(plugins, hangUp);
        } finally {
            ended.countDown();
            forget(hook);
        }
    }

    /** Stops the server that a thread runs. Any thread. */
    static void stop(Thread server) {
        STOPPING.add(server);
        server.interrupt();
    }

    private int serve(Plugins plugins, HangUp hangUp) {
        var out =
                spec == null
                        ? new PrintWriter(System.out, true, System.out.charset())
                        : spec.commandLine().getOut();
        var err =
                spec == null
                        ? new PrintWriter(System.err, true, System.err.charset())
                        : spec.commandLine().getErr();
        try {
            return serve(plugins, hangUp, out);
        } catch (BadConfiguration e) {
            return Check.refuse(e, err);
        } catch (StartException e) {
            log.debug("the start failed", e);
            err.println("postern: " + e.getMessage());
            return ExitCode.START;
        } catch (InterruptedException e) {
            // The gateway is closed, and the thread ends with this.
            if (STOPPING.remove(Thread.currentThread())) {
                log.info("stopped");
                return ExitCode.OK;
            }
            log.error(
                    "the server was interrupted from within, and has stopped. Code of plugins that"
                            + " runs now: {}",
                    Culprit.running());
            return ExitCode.ENDED_FROM_WITHIN;
        }
    }

    /** It keeps no hold on the assembly, which a reload may replace. */
    private int serve(Plugins plugins, HangUp hangUp, PrintWriter out)
            throws BadConfiguration, StartException, InterruptedException {
        try (var gateway = Gateway.start(warned(installation.assemble(plugins)), plugins);
                var _ = control(gateway)) {
            var listeners = gateway.listeners();
            for (var at = 0; at < listeners.size(); at++) {
                out.println(
                        "listening on "
                                + shown(gateway.addresses().get(at))
                                + (listeners.get(at).tls() == TlsMode.IMPLICIT ? " with TLS" : ""));
            }
            out.println("ready");
            out.flush();
            hangUp.does(() -> {
                log.info("SIGHUP: reload of the plugins");
                var _ = reload(gateway);
            });
            // This lasts until the stop interrupts the thread.
            gateway.serve();
            return ExitCode.OK;
        }
    }

    /** The door for commands; null where there can be none, which the log tells. */
    private Control control(Gateway gateway) {
        try {
            return Control.open(installation.control(), question -> answer(gateway, question));
        } catch (IOException | UnsupportedOperationException e) {
            log.warn(
                    "commands like \"postern plugins reload\" cannot reach this server: {}",
                    e.toString());
            return null;
        }
    }

    /** The log tells what came of it, too. */
    private CompletableFuture<Reply> reload(Gateway gateway) {
        return gateway.later(() ->
                gateway.reload((plugins, running) ->
                        installation.assemble(plugins, Optional.of(running))));
    }

    private Reply answer(Gateway gateway, String question) {
        return switch (question) {
            case AskServer.RELOAD -> reload(gateway).join();
            case AskServer.HEALTH -> gateway.later(gateway::health).join();
            default ->
                    new Reply(ExitCode.USAGE, List.of("this server knows no \"" + question + "\""));
        };
    }

    private static Assembly warned(Assembly assembly) {
        assembly.config().warnings().forEach(warning -> log.warn("{}", warning));
        return assembly;
    }

    private static void warnOfBroken(Plugins plugins) {
        for (var broken : plugins.broken()) {
            log.warn("skipped: {}", broken.why().sentence());
            log.debug("skipped", broken.why());
        }
    }

    private static String shown(InetSocketAddress address) {
        var host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The hook would keep all of this in memory, where the program goes on without a server. */
    static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            log.trace("the JVM is stopping: the hook is at work", e);
        }
    }
}
