package io.postern.transport;

import io.postern.limit.Gate;
import io.postern.session.ClientEvents;
import io.postern.session.Connection;

import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.core.service.IoHandlerAdapter;
import org.apache.mina.core.service.IoService;
import org.apache.mina.core.session.AttributeKey;
import org.apache.mina.core.session.IoSession;
import org.apache.mina.filter.FilterEvent;
import org.apache.mina.filter.ssl.SslEvent;
import org.apache.mina.filter.ssl.SslFilter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;

/**
 * Turns MINA's events into a session's, and keeps the list of those that live. MINA calls it on its
 * I/O threads; {@link #tick} and {@link #doom} are for the threads of {@link Listeners}.
 */
final class ClientHandler extends IoHandlerAdapter {

    private static final Logger log = LoggerFactory.getLogger(ClientHandler.class);
    private static final AttributeKey CLIENT = new AttributeKey(ClientHandler.class, "client");

    private final Function<? super Connection, ? extends ClientEvents> sessions;
    private final long writeStallNanos;
    private final Map<IoService, ListenerSettings> listeners = new ConcurrentHashMap<>();
    private final Set<Client> live = ConcurrentHashMap.newKeySet();
    private volatile boolean doomed;

    /** A connection and its session. */
    private static final class Client {
        final MinaConnection connection;
        volatile ClientEvents events;
        volatile boolean closed;

        Client(MinaConnection connection) {
            this.connection = connection;
            events = new Unbegun(connection);
        }

        boolean begun() {
            return !(events instanceof Unbegun);
        }

        boolean ended() {
            return closed && events.ended();
        }

        @Override
        public String toString() {
            return connection.toString();
        }
    }

    /** Stands in for the session of a client that may not be greeted before its handshake. */
    private record Unbegun(MinaConnection connection) implements ClientEvents {
        @Override
        public void opened() {}

        @Override
        public void received(ByteBuffer octets) {}

        @Override
        public void secured() {}

        @Override
        public void inputClosed() {
            connection.abort();
        }

        @Override
        public void closed() {}

        @Override
        public void tick(long nanoTime) {}

        @Override
        public void doom() {
            connection.abort();
        }

        @Override
        public boolean ended() {
            return true;
        }
    }

    ClientHandler(
            Function<? super Connection, ? extends ClientEvents> sessions, long writeStallNanos) {
        this.sessions = sessions;
        this.writeStallNanos = writeStallNanos;
    }

    /** Tells what the acceptor's clients are to be offered. Before it is bound. */
    void serve(IoService acceptor, ListenerSettings settings) {
        listeners.put(acceptor, settings);
    }

    @Override
    public void sessionOpened(IoSession io) {
        ListenerSettings settings = listeners.get(io.getService());
        Gate.Entry place = settings.gate().admit(MinaConnection.client(io).getAddress());
        MinaConnection connection = new MinaConnection(io, settings, place, writeStallNanos);
        Client client = new Client(connection);
        io.setAttribute(CLIENT, client);
        if (place.admission() == Gate.Admission.SHUT_OUT) {
            connection.abort();
            return;
        }
        if (settings.tls().isPresent() && settings.tls().get().implicit()) {
            connection.encrypt(); // and greet it when that is done (RFC 8314 §3.1)
            watch(client);
        } else {
            begin(client);
        }
    }

    private void begin(Client client) {
        ClientEvents events;
        try {
            events = sessions.apply(client.connection);
        } catch (RuntimeException | Error e) {
            log.error("no session for client={}", client.connection.client(), e);
            client.connection.abort();
            return;
        }
        tell(client, events, ClientEvents::opened);
        client.events = events; // only now, so that the clock does not tick before
        watch(client);
    }

    private void watch(Client client) {
        live.add(client);
        if (doomed) { // read after the list has it, so that no client slips past doom()
            tell(client, ClientEvents::doom);
        }
    }

    /** From MINA's TLS, which holds its lock of the connection: nothing else comes meanwhile. */
    @Override
    public void event(IoSession io, FilterEvent event) {
        Client client = client(io);
        if (event != SslEvent.SECURED || client == null) {
            return;
        }
        client.connection.secured((SSLSession) io.getAttribute(SslFilter.SSL_SECURED));
        if (client.begun()) {
            tell(client, ClientEvents::secured);
        } else {
            begin(client);
        }
    }

    @Override
    public void messageReceived(IoSession io, Object message) {
        Client client = client(io);
        if (client != null && client.connection.listening()) {
            tell(client, events -> events.received(((IoBuffer) message).buf()));
        }
    }

    @Override
    public void inputClosed(IoSession io) {
        Client client = client(io);
        if (client != null) {
            client.connection.inputClosed();
            tell(client, ClientEvents::inputClosed);
        }
    }

    @Override
    public void messageSent(IoSession io, Object message) {
        Client client = client(io);
        if (client != null) {
            client.connection.sent();
        }
    }

    @Override
    public void sessionClosed(IoSession io) {
        Client client = client(io);
        if (client != null) {
            client.connection.closed();
            client.connection.place().close();
            tell(client, ClientEvents::closed);
            client.closed = true;
            forget(client);
        }
    }

    @Override
    public void exceptionCaught(IoSession io, Throwable cause) {
        Client client = client(io);
        if (cause instanceof SSLException && client != null) {
            log.info("TLS failed client={}: {}", client, TlsFailure.reason(cause));
            log.debug("TLS failed client={}", client, cause);
            client.connection.tlsFailed();
            return;
        }
        if (cause instanceof IOException) { // a lost connection; MINA closes it
            log.debug("connection lost client={}", client, cause);
            return;
        }
        log.error("connection failed client={}", client, cause);
        io.closeNow();
    }

    private static Client client(IoSession io) {
        return (Client) io.getAttribute(CLIENT);
    }

    /** A session that throws is cut off; an Error past this point would end MINA's I/O thread. */
    private static void tell(Client client, Consumer<ClientEvents> what) {
        tell(client, client.events, what);
    }

    private static void tell(Client client, ClientEvents events, Consumer<ClientEvents> what) {
        try {
            what.accept(events);
        } catch (RuntimeException | Error e) {
            log.error("session failed client={}", client.connection.client(), e);
            client.connection.abort();
        }
    }

    private void forget(Client client) {
        if (client.ended()) {
            live.remove(client);
        }
    }

    /**
     * Gives every session the time, and forgets those that have ended.
     *
     * @param nanoTime {@link System#nanoTime}
     */
    void tick(long nanoTime) {
        for (Client client : live) {
            tell(
                    client,
                    events -> {
                        client.connection.tick(nanoTime);
                        events.tick(nanoTime);
                    });
            forget(client);
        }
    }

    /** Dooms every session, and any that is still to come. */
    void doom() {
        doomed = true;
        live.forEach(client -> tell(client, ClientEvents::doom));
    }

    /** Cuts off every client. */
    void abort() {
        live.forEach(client -> client.connection.abort());
    }

    /** Sessions that have not ended. */
    int living() {
        live.removeIf(Client::ended);
        return live.size();
    }
}
