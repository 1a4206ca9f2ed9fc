package io.postern.app;

import io.postern.config.BadConfiguration;
import io.postern.config.GatewayConfig.TlsIdentity;
import io.postern.config.PluginPlace;
import io.postern.config.Problem;
import io.postern.kept.Expiry;
import io.postern.limit.Gate;
import io.postern.limit.Penalties;
import io.postern.limit.Refusals;
import io.postern.plugin.Loaded;
import io.postern.plugin.PluginException;
import io.postern.session.Counters;
import io.postern.session.LoginGuard;
import io.postern.session.Realm;
import io.postern.session.SessionSettings;
import io.postern.session.Sessions;
import io.postern.spi.Fault;
import io.postern.spi.SettingException;
import io.postern.spi.lock.LockCoordinator;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.MaildropStore;
import io.postern.tls.IdentitySource;
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
import java.util.List;
import java.util.Optional;

/**
 * The server, running. Started in this order: locks, stores, directories, mechanisms, kept
 * deletions, listeners; stopped in the reverse. One thread.
 */
final class Gateway implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Gateway.class);

    /** Connections that the kernel keeps for us while they come in a burst. */
    private static final int BACKLOG = 1024;

    /** How often the files of keys and certificates are looked at. */
    private static final Duration LOOK_AT_KEYS = Duration.ofSeconds(2);

    private final Assembly assembly;

    /** Those whose start was called, the last one first. */
    private final Deque<Loaded<?>> started = new ArrayDeque<>();

    private final Counters counters = new Counters();
    private final Refusals refusals = new Refusals();
    private Listeners listeners;

    /** Null where no listener has TLS. */
    private ServerTls tls;

    /** Null where no realm keeps what is removed. */
    private Expiry expiry;

    private Gateway(Assembly assembly) {
        this.assembly = assembly;
    }

    /**
     * Starts the plugins and listens. If anything fails, all that was started is stopped again.
     *
     * @throws BadConfiguration with every setting that a plugin cannot use
     * @throws StartException for everything else that is in the way
     */
    static Gateway start(Assembly assembly)
            throws BadConfiguration, StartException, InterruptedException {
        var gateway = new Gateway(assembly);
        var done = false;
        try {
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

    /** Where it listens, in the order of the configuration, with the ports that 0 came to. */
    List<InetSocketAddress> addresses() {
        return listeners.addresses();
    }

    /**
     * Stops listening, lets a running UPDATE finish (RFC 1939 §6), ends the sessions and closes the
     * plugins.
     */
    @Override
    public void close() {
        try {
            var cut = listeners.shutDown(assembly.config().limits().drain());
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

    private void startPlugins() throws BadConfiguration, StartException, InterruptedException {
        var wrong = new ArrayList<Problem>();
        var failures = new ArrayList<String>();
        Throwable first = null;
        for (var place : assembly.config().places()) {
            try {
                start(place);
            } catch (SettingException e) {
                wrong.add(place.problem(e));
            } catch (PluginException e) {
                wrong.add(place.problem(e.getMessage(), e.remedy()));
            } catch (Fault e) {
                failures.add(name(place) + " cannot start: " + e.getMessage());
                log.warn("{} cannot start: {}", name(place), e.getMessage(), e.getCause());
                first = first == null ? e : first;
            } catch (RuntimeException e) {
                failures.add(name(place) + " cannot start, it has a defect: " + e);
                log.error("{} has a defect", name(place), e);
                first = first == null ? e : first;
            }
        }
        wrong.addAll(unfenced(wrong.isEmpty() && failures.isEmpty()));
        if (!failures.isEmpty()) {
            wrong.forEach(problem -> failures.add(problem.toString()));
            throw new StartException(String.join("\n", failures), first);
        }
        if (!wrong.isEmpty()) {
            throw new BadConfiguration(wrong);
        }
    }

    private void start(PluginPlace place) throws Fault, InterruptedException, PluginException {
        var plugin = assembly.at(place);
        started.push(plugin);
        plugin.start(place.config(plugin.settings()));
    }

    /** Stores that do not look at the lock's token, under locks that can be lost. */
    private List<Problem> unfenced(boolean allStarted) {
        var problems = new ArrayList<Problem>();
        if (!allStarted || assembly.locks().scope() == LockCoordinator.Scope.JVM) {
            return problems;
        }
        for (var realm : assembly.config().realms()) {
            if (assembly.at(realm.store()).plugin() instanceof MaildropStore store
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
                assembly.realms().all().stream()
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
        var limits = assembly.config().limits();
        var host = assembly.config().serverName().orElseGet(Gateway::hostName);
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
        var sessions =
                new Sessions(
                        settings,
                        assembly.mechanisms(),
                        assembly.realms(),
                        assembly.locks(),
                        counters,
                        new LoginGuard(
                                new Penalties(
                                        limits.failureDelay(),
                                        limits.longestFailureDelay(),
                                        limits.trusted(),
                                        System::nanoTime),
                                assembly.policy(),
                                refusals));
        readKeys(host);
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
        var sources = assembly.config().identities().stream().map(TlsIdentity::source).toList();
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
        var limit = assembly.config().limits().handshakeTimeout();
        var all = new ArrayList<ListenerSettings>();
        for (var one : assembly.config().listeners()) {
            try {
                var secured =
                        one.tls() == TlsMode.NONE
                                ? Optional.<ListenerSettings.Tls>empty()
                                : Optional.of(
                                        new ListenerSettings.Tls(
                                                tls.listener(one.clients()),
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
                                        assembly.config().limits().trusted(),
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
            var plugin = started.pop();
            try {
                plugin.close();
            } catch (RuntimeException | LinkageError e) {
                // The others must be closed all the same.
                log.warn("the plugin {} could not be closed", plugin.from().name(), e);
            }
        }
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
