package io.postern.plugin;

import io.postern.call.Bounded;
import io.postern.call.PluginCalls;
import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.Health;
import io.postern.spi.Plugin;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;

import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * A plugin's object for one place of the configuration. Starts and closes it with its own class
 * loader as the thread's, which libraries inside a plugin rely on; and on a thread of its own,
 * which is left behind where the plugin does not come to an end.
 *
 * @param from where it was found
 */
public record Loaded<T extends Plugin>(T plugin, Found from) implements AutoCloseable {
    private static final Duration LONGEST_START = Duration.ofMinutes(1);
    private static final Duration LONGEST_CHECK = Duration.ofSeconds(10);
    private static final Duration LONGEST_CLOSE = Duration.ofSeconds(20);
    private static final Duration LONGEST_HEALTH = Duration.ofSeconds(5);

    /** Those that are being asked how they are: nobody asks again before they have answered. */
    private static final Set<Plugin> SAYING =
            Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));

    public List<Setting> settings() {
        return from.settings();
    }

    /**
     * Has it look at its settings, without starting it.
     *
     * @param findings takes what is found in time
     * @throws PluginException if it cannot be asked, or does not come to an end in time
     */
    public void check(PluginConfig config, Findings findings)
            throws Fault, InterruptedException, PluginException {
        try {
            inTime(
                    "checks",
                    LONGEST_CHECK,
                    () -> {
                        plugin.check(config, findings);
                        return null;
                    });
        } catch (TimeoutException e) {
            throw new PluginException(
                    from.jar()
                            + ": the check of "
                            + from.name()
                            + " took longer than "
                            + LONGEST_CHECK,
                    "See whether the files that it reads can be read at once; \"postern check"
                            + " --start\" waits for longer.",
                    e);
        } catch (LinkageError e) {
            throw Fitting.explain(from.jar(), e);
        }
    }

    /** Starts it, and waits a minute. */
    public void start(PluginConfig config) throws Fault, InterruptedException, PluginException {
        start(config, LONGEST_START);
    }

    /**
     * Starts it.
     *
     * @throws PluginException if its jars do not fit together, or do not fit this server, or if it
     *     does not come to an end in time
     */
    public void start(PluginConfig config, Duration limit)
            throws Fault, InterruptedException, PluginException {
        try {
            inTime(
                    "starts",
                    limit,
                    () -> {
                        plugin.start(config);
                        return null;
                    });
        } catch (TimeoutException e) {
            throw new PluginException(
                    from.jar() + ": the start of " + from.name() + " took longer than " + limit,
                    "See whether what it needs can be reached, or raise <plugin-start>.",
                    e);
        } catch (LinkageError e) {
            throw Fitting.explain(from.jar(), e);
        }
    }

    /** What keeps it from working now, as far as it can say; a sentence. */
    public Optional<String> trouble() throws InterruptedException {
        if (!(plugin instanceof Health health)) {
            return Optional.empty();
        }
        if (!SAYING.add(plugin)) {
            return Optional.of("it has not said how it is since it was asked before");
        }
        try {
            return inTime(
                    "says how it is",
                    LONGEST_HEALTH,
                    () -> {
                        try {
                            return Objects.requireNonNull(health.trouble(), "health of null");
                        } finally {
                            SAYING.remove(plugin);
                        }
                    });
        } catch (TimeoutException _) {
            return Optional.of("it does not say how it is within " + LONGEST_HEALTH);
        } catch (Fault e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) {
            PluginCalls.log(from.name()).error("cannot say how it is", e);
            return Optional.of("it has a defect: " + e);
        }
    }

    /** Closes it, and waits a while. Never throws: whatever goes wrong is in the log. */
    @Override
    public void close() {
        var interrupted = Thread.interrupted();
        try {
            inTime(
                    "ends",
                    LONGEST_CLOSE,
                    () -> {
                        plugin.close();
                        return null;
                    });
        } catch (TimeoutException e) {
            PluginCalls.log(from.name())
                    .warn("its close took longer than {}, and is left behind", LONGEST_CLOSE);
        } catch (InterruptedException e) {
            interrupted = true;
        } catch (Fault | RuntimeException | Error e) {
            // The others must be closed all the same.
            PluginCalls.log(from.name()).warn("could not be closed", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private <A> A inTime(String doing, Duration limit, Bounded.Question<A> question)
            throws TimeoutException, Fault, InterruptedException {
        // Threads that the plugin starts inherit the loader, too, by which they are known later.
        var thread = Thread.ofPlatform().daemon().name(from.name() + " " + doing);
        var loader = plugin.getClass().getClassLoader();
        try {
            return Bounded.ask(
                    thread,
                    limit,
                    () -> {
                        Thread.currentThread().setContextClassLoader(loader);
                        return question.answer();
                    },
                    _ -> {},
                    () -> {});
        } catch (ExecutionException e) {
            throw Bounded.rethrown(e);
        }
    }
}
