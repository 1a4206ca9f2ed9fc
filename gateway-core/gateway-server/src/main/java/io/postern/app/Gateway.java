package io.postern.app;

import io.postern.call.PluginCalls;
import io.postern.config.BadConfiguration;
import io.postern.config.GatewayConfig;
import io.postern.config.GatewayConfig.TlsIdentity;
import io.postern.config.PluginPlace;
import io.postern.config.Problem;
import io.postern.kept.Expiry;
import io.postern.limit.Gate;
import io.postern.limit.Penalties;
import io.postern.limit.Refusals;
import io.postern.plugin.Loaded;
import io.postern.plugin.PluginException;
import io.postern.plugin.Plugins;
import io.postern.session.Counters;
import io.postern.session.LoginGuard;
import io.postern.session.Realm;
import io.postern.session.SessionSettings;
import io.postern.session.Sessions;
import io.postern.spi.Fault;
import io.postern.spi.Health;
import io.postern.spi.Plugin;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.MaildropStore;
import io.postern.tls.IdentitySource;
import io.postern.tls.Jsse;
import io.postern.tls.ServerTls;
import io.postern.tls.TlsMode;
import io.postern.transport.ListenException;
import io.postern.transport.ListenerSettings;
import io.postern.transport.Listeners;
import io.postern.transport.ProxySettings;
import io.postern.transport.TransportSettings;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The server, running. Started in this order: locks, stores, directories, mechanisms, kept
 * deletions, listeners; stopped in the reverse. One thread, but for {@link #later}.
 */
final class Gateway implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Gateway.class);

    /**
     * Connections that the kernel keeps for us while they come in a burst. One more is heard of
     * again after a second, and then after three: an honest client among many that attack would
     * wait for that. Linux takes no more than this by default ({@code net.core.somaxconn}).
     */
    private static final int BACKLOG = 4096;

    /** How often the files of keys and certificates are looked at. */
    private static final Duration LOOK_AT_KEYS = Duration.ofSeconds(2);

    /** How often the plugins are asked how they are. */
    private static final Duration ASK_FOR_HEALTH = Duration.ofMinutes(1);

    /**
     * What was read and loaded at one time.
     *
     * @param plugins which it was made of
     */
    private record Generation(Assembly assembly, Plugins plugins) {}

    /** What a reload reads. */
    interface Reading {
        /**
         * @param running whose objects are taken over where nothing has changed for them
         */
        Assembly read(Plugins plugins, Assembly running) throws BadConfiguration;
    }

    /** Those that somebody uses yet, the newest last. */
    private final List<Generation> generations = new ArrayList<>();

    /** Those whose start was called, the last one first. */
    private final Deque<Loaded<?>> started = new ArrayDeque<>();

    /** What this thread is to do, beside waiting for the stop. */
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

    /** Those that are not well, with what they said. */
    private final IdentityHashMap<Plugin, String> unwell = new IdentityHashMap<>();

    private final PluginCalls calls;

    /** Of which a reload leaves some parts as they were. */
    private final GatewayConfig atStart;

    private Sessions sessions;

    private final Counters counters = new Counters();
    private final Refusals refusals = new Refusals();
    private Listeners listeners;

    /** Null where no listener has TLS. */
    private ServerTls tls;

    /** Null where no realm keeps what is removed. */
    private Expiry expiry;

    private Gateway(Generation first) {
        generations.add(first);
        atStart = first.assembly.config();
        calls = new PluginCalls(first.assembly.config().limits().pluginAnswer());
        name(first.assembly);
    }

    /**
     * Starts the plugins and listens. If anything fails, all that was started is stopped again.
     *
     * @param plugins which the assembly was made of; the caller closes them afterwards
     * @throws BadConfiguration with every setting that a plugin cannot use
     * @throws StartException for everything else that is in the way
     */
    static Gateway start(Assembly assembly, Plugins plugins)
            throws BadConfiguration, StartException, InterruptedException {
        var gateway = new Gateway(new Generation(assembly, plugins));
        var done = false;
        try {
            gateway.allowLegacyTls();
            gateway.startPlugins();
            gateway.startKeeping();
            gateway.listen();
            done = true;
            return gateway;
        } finally {
            if (!done) {
                gateway.stopKeeping();
                gateway.closePlugins();
            }
        }
    }

    /** Has calls of new plugins told by the names that they were found by. */
    private void name(Assembly assembly) {
        assembly.all().forEach(it -> calls.name(it.plugin(), it.from().name()));
    }

    /** What it listens for, as it started. */
    List<GatewayConfig.Listener> listeners() {
        return generations.getLast().assembly.config().listeners();
    }

    /** Where it listens, in the order of the configuration, with the ports that 0 came to. */
    List<InetSocketAddress> addresses() {
        return listeners.addresses();
    }

    /** Does what is asked for with {@link #later}, until the thread is interrupted. */
    void serve() throws InterruptedException {
        while (true) {
            var task = tasks.poll(ASK_FOR_HEALTH.toMillis(), TimeUnit.MILLISECONDS);
            if (task == null) {
                askForHealth();
            } else {
                task.run();
            }
            if (Thread.interrupted()) {
                throw new InterruptedException("the stop came while something was done");
            }
        }
    }

    /**
     * Has something done by the thread that serves, one after the other. Any thread.
     *
     * @return its result; never complete if the server stops before
     */
    <T> CompletableFuture<T> later(Supplier<T> task) {
        var result = new CompletableFuture<T>();
        tasks.add(() -> {
            try {
                result.complete(task.get());
            } catch (RuntimeException | Error e) {
                log.error("what was asked for failed", e);
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /** How every plugin is, and what it has done, in lines; not OK where one is unwell. */
    Reply health() {
        askForHealth();
        var code = ExitCode.OK;
        var lines = new ArrayList<String>();
        for (var place : assembly().config().places()) {
            var one = assembly().at(place);
            var trouble = unwell.get(one.plugin());
            code = trouble == null ? code : ExitCode.CONFIGURATION;
            lines.add(
                    name(place)
                            + "  "
                            + (trouble != null
                                    ? "unwell: " + trouble
                                    : one.plugin() instanceof Health ? "well" : "running"));
            one.from().descriptor().ifPresent(it -> lines.add("    " + it.shown()));
            lines.add("    " + calls.shown(one.plugin()));
        }
        return new Reply(code, lines);
    }

    /**
     * Scans the plugins and reads the configuration once more, and goes on with what has changed:
     * mechanisms, directories, the policy, and the rules of realms. Either all of it is good and
     * holds for all sessions that begin from now on, or nothing changes. What is replaced is closed
     * when the last login that uses it is over.
     *
     * @return what came of it, in lines; the first one is the sum of it
     */
    Reply reload(Reading reading) {
        var before = generations.getLast();
        if (!before.plugins.copied()) {
            return refused(
                    List.of(
                            "The jars are not copies, since state/ could not be written to at the start."));
        }
        var plugins = before.plugins.again();
        var begun = new ArrayDeque<Loaded<?>>();
        var problems = new ArrayList<String>();
        Assembly after = null;
        try {
            after = reading.read(plugins, before.assembly);
            problems.addAll(pinned(before.assembly, after));
            if (problems.isEmpty()) {
                for (var place : after.config().places()) {
                    var one = after.at(place);
                    if (!before.assembly.has(one)) {
                        begun.push(one);
                        start(
                                place,
                                one,
                                place.config(one.settings()),
                                after.config().limits().pluginStart(),
                                problems);
                    }
                }
            }
        } catch (BadConfiguration e) {
            e.problems().forEach(problem -> problems.add(problem.toString()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            problems.add("The server stops.");
        }
        if (!problems.isEmpty()) {
            begun.forEach(Loaded::close);
            plugins.closeBut(allPlugins());
            return refused(problems);
        }
        begun.descendingIterator().forEachRemaining(started::push);
        name(after);
        generations.add(new Generation(after, plugins));
        sessions.change(after.ways(), () -> tasks.add(() -> letGo(before)));
        return reloaded(before, plugins, NotApplied.between(atStart, after.config()));
    }

    /** Starts a plugin, and tells what is in the way. */
    static void start(
            PluginPlace place,
            Loaded<?> one,
            PluginConfig config,
            Duration limit,
            List<String> problems)
            throws InterruptedException {
        try {
            one.start(config, limit);
        } catch (SettingException e) {
            problems.add(place.problem(e).toString());
        } catch (PluginException e) {
            problems.add(place.problem(e.getMessage(), e.remedy()).toString());
        } catch (Fault e) {
            problems.add(unable(place, e));
        } catch (RuntimeException | Error e) {
            log.error("{} has a defect", name(place), e);
            problems.add(name(place) + " cannot start, it has a defect: " + e);
        }
    }

    private static Reply refused(List<String> problems) {
        var lines = new ArrayList<String>();
        lines.add("refused: nothing has changed, and the server goes on as it was");
        lines.addAll(problems);
        log.error("reload of the plugins {}", String.join("\n  ", lines));
        return new Reply(ExitCode.CONFIGURATION, lines);
    }

    private static Reply reloaded(Generation before, Plugins plugins, List<Problem> notApplied) {
        var lines = new ArrayList<String>();
        var changes = plugins.since(before.plugins);
        lines.add(changes.isEmpty() ? "reloaded: no jar has changed" : "reloaded:");
        changes.forEach((folder, change) ->
                lines.add("  " + change.name().toLowerCase(Locale.ROOT) + "  " + folder));
        for (var broken : plugins.broken()) {
            lines.add("warning: a plugin that nobody names: " + broken.why().sentence());
        }
        if (notApplied.isEmpty()) {
            log.info("plugins {}", String.join("\n  ", lines));
            return new Reply(ExitCode.OK, lines);
        }
        lines.add("not applied, and as it was at the start:");
        notApplied.forEach(one -> lines.add("  " + one));
        log.warn("plugins {}", String.join("\n  ", lines));
        return new Reply(ExitCode.CONFIGURATION, lines);
    }

    /** Why stores and locks keep a reload from being made: sessions hold what is theirs. */
    private static List<String> pinned(Assembly before, Assembly after) {
        var remedy =
                "Stores, lock coordinators and realms come and go with a restart only: restart, or"
                        + " put back what was there.";
        var problems = new ArrayList<String>();
        for (var place : after.config().places()) {
            if (holdsMail(after.at(place)) && !before.has(after.at(place))) {
                problems.add(
                        place.problem(
                                        "this is not what the server has started with: the jars in"
                                                + " its folder, or its settings, are others",
                                        remedy)
                                .toString());
            }
        }
        for (var realm : after.config().realms()) {
            if (before.config().realms().stream()
                    .anyMatch(it ->
                            it.name().equals(realm.name())
                                    && !keeping(it).equals(keeping(realm)))) {
                problems.add(
                        realm.store()
                                .problem(
                                        "removed mail is to be kept elsewhere, or for another time",
                                        "That, too, changes with a restart only.")
                                .toString());
            }
        }
        for (var one : before.all()) {
            if (problems.isEmpty() && holdsMail(one) && !after.has(one)) {
                problems.add(
                        "the plugin \""
                                + one.from().name()
                                + "\" is not named any more. "
                                + remedy);
            }
        }
        return problems;
    }

    /** What a realm says of its removed mail; another place needs another look at the start. */
    private static String keeping(GatewayConfig.Realm realm) {
        return realm.kept().map(it -> it.days() + " days in " + it.folder()).orElse("");
    }

    private static boolean holdsMail(Loaded<?> one) {
        return one.plugin() instanceof MaildropStore || one.plugin() instanceof LockCoordinator;
    }

    /** Nobody uses it any more: closes what no other has. */
    @SuppressWarnings("ReferenceEquality") // two objects of one class may be equal by its own words
    private void letGo(Generation old) {
        generations.remove(old);
        for (var one : old.assembly.all().reversed()) {
            if (generations.stream().noneMatch(it -> it.assembly.has(one))) {
                started.removeIf(it -> it.plugin() == one.plugin());
                close(one);
            }
        }
        old.plugins.closeBut(allPlugins());
    }

    private List<Plugins> allPlugins() {
        return generations.stream().map(Generation::plugins).toList();
    }

    private Assembly assembly() {
        return generations.getLast().assembly;
    }

    private void close(Loaded<?> one) {
        one.close();
        PluginCalls.log(one.from().name()).info("closed; {}", calls.shown(one.plugin()));
        calls.forget(one.plugin());
        unwell.remove(one.plugin());
    }

    /** Tells the log where it has changed. */
    private void askForHealth() {
        try {
            for (var one : assembly().all()) {
                var trouble = one.trouble();
                var plugin = PluginCalls.log(one.from().name());
                if (trouble.isEmpty()) {
                    if (unwell.remove(one.plugin()) != null) {
                        plugin.info("well again");
                    }
                } else if (!trouble.get().equals(unwell.put(one.plugin(), trouble.get()))) {
                    plugin.warn("unwell: {}", trouble.get());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Stops listening, lets a running UPDATE finish (RFC 1939 §6), ends the sessions and closes the
     * plugins.
     */
    @Override
    public void close() {
        try {
            var cut = listeners.shutDown(assembly().config().limits().drain());
            if (cut > 0) {
                log.warn("{} sessions were cut off, they took longer than <drain>", cut);
            }
        } catch (InterruptedException e) {
            log.warn("the stop was cut short, and running sessions with it");
            Thread.currentThread().interrupt();
        } finally {
            if (tls != null) {
                tls.close();
            }
            stopKeeping();
            closePlugins();
            log.info("refused since the start: {}", shown(refusals));
            log.info("promises broken since the start: {}", shown(counters));
        }
    }

    private static String shown(Object counts) {
        var text = counts.toString();
        return text.isEmpty() ? "none" : text;
    }

    /** Before a plugin uses TLS: Java reads then, and once, what is allowed. */
    private void allowLegacyTls() throws StartException {
        var legacy =
                listeners().stream().map(GatewayConfig.Listener::warning).flatMap(Optional::stream);
        var warnings = legacy.toList();
        if (!warnings.isEmpty() && !Jsse.allowLegacy()) {
            throw new StartException(
                    "TLS 1.0 and 1.1 cannot be allowed: TLS was in use before the start. Remove"
                            + " tls-profile=\"legacy\", or the plugin that is so early.",
                    null);
        }
        warnings.forEach(log::warn);
    }

    private void startPlugins() throws BadConfiguration, StartException, InterruptedException {
        var wrong = new ArrayList<Problem>();
        var failures = new ArrayList<String>();
        Throwable first = null;
        for (var place : assembly().config().places()) {
            try {
                start(place);
            } catch (SettingException e) {
                wrong.add(place.problem(e));
            } catch (PluginException e) {
                wrong.add(place.problem(e.getMessage(), e.remedy()));
            } catch (Fault e) {
                failures.add(unable(place, e));
                first = first == null ? e : first;
            } catch (RuntimeException | Error e) {
                failures.add(name(place) + " cannot start, it has a defect: " + e);
                log.error("{} has a defect", name(place), e);
                first = first == null ? e : first;
            }
        }
        if (wrong.isEmpty() && failures.isEmpty()) {
            wrong.addAll(unfenced(assembly()));
        }
        if (!failures.isEmpty()) {
            wrong.forEach(problem -> failures.add(problem.toString()));
            throw new StartException(String.join("\n", failures), first);
        }
        if (!wrong.isEmpty()) {
            throw new BadConfiguration(wrong);
        }
    }

    private void start(PluginPlace place) throws Fault, InterruptedException, PluginException {
        var plugin = assembly().at(place);
        started.push(plugin);
        plugin.start(place.config(plugin.settings()), assembly().config().limits().pluginStart());
    }

    /** Stores that do not look at the lock's token, under locks that can be lost. */
    static List<Problem> unfenced(Assembly started) {
        var problems = new ArrayList<Problem>();
        if (started.locks().scope() == LockCoordinator.Scope.JVM) {
            return problems;
        }
        for (var realm : started.config().realms()) {
            if (started.at(realm.store()).plugin() instanceof MaildropStore store
                    && store.fenceMode() == FenceMode.NONE) {
                problems.add(
                        realm.store()
                                .problem(
                                        "this store does not check its lock, so it works with"
                                                + " locks of this one server only",
                                        "Use <locks plugin=\"local\"/>, or another store."));
            }
        }
        return problems;
    }

    private void startKeeping() throws StartException {
        var all =
                assembly().realms().all().stream()
                        .map(Realm::kept)
                        .flatMap(Optional::stream)
                        .toList();
        for (var kept : all) {
            try {
                kept.prepare();
            } catch (IOException e) {
                throw new StartException(
                        "removed mail cannot be kept in "
                                + kept.folder()
                                + ": "
                                + e
                                + ". Let the server's user write there, or remove"
                                + " <kept-deletions>.",
                        e);
            }
        }
        if (!all.isEmpty()) {
            expiry = Expiry.start(all);
        }
    }

    private void stopKeeping() {
        if (expiry != null) {
            expiry.close();
        }
    }

    private void listen() throws StartException {
        var limits = assembly().config().limits();
        var host = assembly().config().serverName().orElseGet(Gateway::hostName);
        var settings =
                new SessionSettings(
                        limits.idleTimeout(),
                        // A short one was refused when the file was read, unless it was meant.
                        true,
                        limits.loginTimeout(),
                        limits.lockWait(),
                        limits.commitLimit(),
                        host,
                        host);
        sessions =
                new Sessions(
                        settings,
                        assembly().ways(),
                        assembly().locks(),
                        counters,
                        new LoginGuard(
                                new Penalties(
                                        limits.failureDelay(),
                                        limits.longestFailureDelay(),
                                        limits.trusted(),
                                        System::nanoTime),
                                refusals),
                        calls);
        readKeys(host);
        OpenFiles.warning(listeners().stream().mapToLong(it -> it.limits().connections()).sum())
                .ifPresent(log::warn);
        try {
            listeners =
                    Listeners.open(
                            entrances(),
                            new TransportSettings(
                                    Runtime.getRuntime().availableProcessors(),
                                    limits.writeStall()),
                            sessions::begin);
        } catch (ListenException e) {
            throw new StartException(e.getMessage(), e);
        }
        if (tls != null) {
            tls.watch(LOOK_AT_KEYS);
        }
    }

    private void readKeys(String host) throws StartException {
        var sources = assembly().config().identities().stream().map(TlsIdentity::source).toList();
        if (sources.isEmpty()) {
            return;
        }
        try {
            for (var source : sources) {
                if (source instanceof IdentitySource.SelfSigned own && !own.made()) {
                    own.make(host);
                    log.info("made a key and a certificate in {}", own.folder());
                }
            }
            tls = new ServerTls(sources);
        } catch (IOException e) {
            throw new StartException("cannot make a certificate: " + e, e);
        } catch (SettingException e) {
            throw unusable(e); // it was good when the configuration was checked, a moment ago
        }
    }

    private List<ListenerSettings> entrances() throws StartException {
        var limit = assembly().config().limits().handshakeTimeout();
        var all = new ArrayList<ListenerSettings>();
        for (var one : assembly().config().listeners()) {
            try {
                var secured =
                        one.tls() == TlsMode.NONE
                                ? Optional.<ListenerSettings.Tls>empty()
                                : Optional.of(
                                        new ListenerSettings.Tls(
                                                tls.listener(one.profile(), one.clients()),
                                                one.tls() == TlsMode.IMPLICIT,
                                                limit));
                all.add(
                        new ListenerSettings(
                                new InetSocketAddress(one.address(), one.port()),
                                BACKLOG,
                                secured,
                                one.allowPlaintext(),
                                new Gate(
                                        one.address() + ":" + one.port(),
                                        one.limits(),
                                        assembly().config().limits().trusted(),
                                        refusals),
                                one.proxy()
                                        .map(it ->
                                                new ProxySettings(it.from(), it.headerTimeout()))));
            } catch (SettingException e) {
                throw unusable(e);
            }
        }
        return all;
    }

    private static StartException unusable(SettingException e) {
        return new StartException(e.setting() + ": " + e.getMessage() + ". " + e.remedy(), e);
    }

    private void closePlugins() {
        while (!started.isEmpty()) {
            close(started.pop());
        }
        // The first ones are the caller's.
        allPlugins().stream().skip(1).forEach(Plugins::close);
    }

    /** With the place in the file, which the plugin does not know. */
    private static String unable(PluginPlace place, Fault fault) {
        log.debug("{} cannot start", name(place), fault);
        return place.problem(
                        place.plugin() + " cannot start: " + Fault.words(fault),
                        "See that what it needs is there and can be used, then start again.")
                .toString();
    }

    private static String name(PluginPlace place) {
        return "<" + place.element() + " plugin=\"" + place.plugin() + "\">";
    }

    /** The name of this host, with only what may stand in a stamp (RFC 1939 §7). */
    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9.-]", "-");
        } catch (UnknownHostException e) {
            log.info("this host does not know its name; <server name=\"...\"> gives it one", e);
            return "localhost";
        }
    }
}
