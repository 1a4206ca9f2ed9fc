package io.postern.transport;

import io.postern.session.ClientEvents;
import io.postern.session.Connection;

import org.apache.mina.core.service.SimpleIoProcessorPool;
import org.apache.mina.transport.socket.nio.NioSession;
import org.apache.mina.transport.socket.nio.NioSocketAcceptor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The sockets the server listens on, the I/O threads behind them, and the clock that ticks every
 * session. {@link #open} and {@link #shutDown} are for one thread, the one that starts and stops
 * the server.
 */
public final class Listeners {

    private static final Logger log = LoggerFactory.getLogger(Listeners.class);

    /** Octets read from a client at most at a time. Also sets how much MINA writes at a time. */
    private static final int MAX_READ_OCTETS = 16 * 1024;

    private static final Duration TICK = Duration.ofSeconds(1);

    /** How long connections that were cut off, and threads, may take to end. */
    private static final Duration LAST_WAIT = Duration.ofSeconds(5);

    private final ClientHandler handler;
    private final ExecutorService ioThreads =
            Executors.newCachedThreadPool(Thread.ofPlatform().name("postern-io-", 0).factory());
    private final SimpleIoProcessorPool<NioSession> processors;
    private final List<NioSocketAcceptor> acceptors = new ArrayList<>();
    private final List<ProxyFilter> filters = new ArrayList<>();
    private final List<InetSocketAddress> addresses = new ArrayList<>();
    private final ScheduledExecutorService clock =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("postern-clock").daemon().factory());

    private Listeners(
            TransportSettings settings,
            Function<? super Connection, ? extends ClientEvents> sessions) {
        handler = new ClientHandler(sessions, settings.writeStall().toNanos());
        processors =
                new SimpleIoProcessorPool<>(
                        PromptProcessor.class, ioThreads, settings.processors(), null);
    }

    /**
     * Listens on all the addresses, or on none.
     *
     * @param sessions makes the session of a new connection; called on I/O threads, must not block
     * @throws ListenException if an address can't be had
     */
    public static Listeners open(
            List<ListenerSettings> listeners,
            TransportSettings settings,
            Function<? super Connection, ? extends ClientEvents> sessions)
            throws ListenException {
        return open(listeners, settings, TICK, sessions);
    }

    static Listeners open(
            List<ListenerSettings> listeners,
            TransportSettings settings,
            Duration tick,
            Function<? super Connection, ? extends ClientEvents> sessions)
            throws ListenException {
        Listeners opened = new Listeners(settings, sessions);
        try {
            for (ListenerSettings listener : listeners) {
                opened.listen(listener);
            }
        } catch (ListenException | RuntimeException | Error e) {
            opened.handler.abort();
            opened.dispose();
            throw e;
        }
        var _ =
                opened.clock.scheduleAtFixedRate(
                        opened::tick, tick.toNanos(), tick.toNanos(), TimeUnit.NANOSECONDS);
        return opened;
    }

    private void tick() {
        long now = System.nanoTime();
        handler.tick(now);
        filters.forEach(filter -> filter.tick(now));
    }

    private void listen(ListenerSettings listener) throws ListenException {
        NioSocketAcceptor acceptor;
        try {
            acceptor = new SparingAcceptor(ioThreads, processors, listener);
        } catch (IOException e) {
            throw refused(listener.address(), e);
        }
        acceptors.add(acceptor);
        acceptor.setHandler(handler);
        handler.serve(acceptor, listener);
        if (listener.proxy().isPresent()) {
            ProxyFilter proxies = new ProxyFilter(listener.proxy().get(), listener.gate());
            filters.add(proxies);
            acceptor.getFilterChain().addFirst("proxy", proxies);
        }
        acceptor.setBacklog(listener.backlog());
        acceptor.setReuseAddress(true);
        acceptor.setCloseOnDeactivation(false); // shutDown ends the sessions, in order
        acceptor.getSessionConfig().setTcpNoDelay(true);
        acceptor.getSessionConfig().setMaxReadBufferSize(MAX_READ_OCTETS);
        // MINA's own limit looks away while a single buffer is stuck; ours is in MinaConnection.
        acceptor.getSessionConfig().setWriteTimeout(0);
        try {
            acceptor.bind(listener.address());
        } catch (IOException | RuntimeException e) {
            throw refused(listener.address(), e);
        }
        addresses.add(acceptor.getLocalAddress());
        log.debug("listening on {}", acceptor.getLocalAddress());
    }

    /**
     * Looks whether an address can be listened on, and lets go of it at once.
     *
     * @throws ListenException if it cannot
     */
    public static void probe(InetSocketAddress address) throws ListenException {
        try (var socket = ServerSocketChannel.open()) {
            socket.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            socket.bind(address);
        } catch (IOException | RuntimeException e) {
            throw refused(address, e);
        }
    }

    private static ListenException refused(InetSocketAddress address, Exception e) {
        Throwable cause = e;
        while (cause.getCause() != null) { // MINA wraps it, in one way or another
            cause = cause.getCause();
        }
        String reason = String.valueOf(cause.getMessage());
        String remedy;
        if (address.isUnresolved()) {
            reason = "unknown host";
            remedy = "name an address of this host";
        } else if (reason.contains("in use")) {
            remedy =
                    "stop the program that has it, or choose another port. A wildcard (0.0.0.0 or"
                            + " ::) takes both families, so one listener is enough for them";
        } else if (reason.contains("assign requested address")) {
            remedy = "it is not an address of this host; name one that is, or 0.0.0.0 for all";
        } else if (reason.contains("ermission denied")) {
            remedy =
                    "ports below 1024 need a privilege (on Linux CAP_NET_BIND_SERVICE); grant it,"
                            + " or choose a higher port";
        } else if (reason.contains("Too many open files")) {
            remedy = "raise the limit of open files (LimitNOFILE= of systemd, ulimit -n)";
        } else {
            remedy = "check the address and port";
        }
        return new ListenException(
                "cannot listen on %s: %s; %s".formatted(text(address), reason, remedy),
                reason.contains("in use"),
                cause);
    }

    private static String text(InetSocketAddress address) {
        String host = address.getHostString();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** Where we listen, in the order of the settings, with the ports that were taken for 0. */
    public List<InetSocketAddress> addresses() {
        return List.copyOf(addresses);
    }

    /** Sessions that have not ended. */
    public int sessions() {
        return handler.living();
    }

    /**
     * Stops listening, tells every session to end, waits for them, and closes what is left. A
     * session that is in UPDATE (RFC 1939 §6) finishes it if the time is enough. Afterwards no
     * thread of the transport is left.
     *
     * @param drain how long to wait for sessions to end by themselves
     * @return how many had not, and were cut off
     */
    public int shutDown(Duration drain) throws InterruptedException {
        try {
            acceptors.forEach(NioSocketAcceptor::unbind);
            filters.forEach(ProxyFilter::doom);
            handler.doom();
            awaitNoSessions(drain);
            int left = handler.living();
            handler.abort();
            awaitNoSessions(LAST_WAIT);
            return left;
        } finally {
            handler.abort();
            dispose();
        }
    }

    private void awaitNoSessions(Duration atMost) throws InterruptedException {
        long start = System.nanoTime();
        while ((handler.living() > 0 || opening())
                && System.nanoTime() - start < atMost.toNanos()) {
            Thread.sleep(5); // sessions end on threads of their own, and no event tells
        }
    }

    /** Whether MINA has a connection, which may not have its session yet. */
    private boolean opening() {
        return acceptors.stream().anyMatch(it -> it.getManagedSessionCount() > 0);
    }

    private void dispose() {
        acceptors.forEach(acceptor -> acceptor.dispose(true));
        processors.dispose();
        for (var threads : List.of(clock, ioThreads)) {
            threads.shutdown();
            try {
                if (!threads.awaitTermination(LAST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    log.warn("threads of the transport did not end within {}", LAST_WAIT);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
