package io.postern.transport;

import io.postern.session.ClientEvents;
import io.postern.session.Connection;

import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.core.service.IoHandlerAdapter;
import org.apache.mina.core.session.AttributeKey;
import org.apache.mina.core.session.IoSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Turns MINA's events into a session's, and keeps the list of those that live. MINA calls it on its
 * I/O threads; {@link #tick} and {@link #doom} are for the threads of {@link Listeners}.
 */
final class ClientHandler extends IoHandlerAdapter {

    private static final Logger log = LoggerFactory.getLogger(ClientHandler.class);
    private static final AttributeKey CLIENT = new AttributeKey(ClientHandler.class, "client");

    private final Function<? super Connection, ? extends ClientEvents> sessions;
    private final long writeStallNanos;
    private final Set<Client> live = ConcurrentHashMap.newKeySet();
    private volatile boolean doomed;

    /** A connection and its session. */
    private static final class Client {
        final MinaConnection connection;
        final ClientEvents events;
        volatile boolean closed;

        Client(MinaConnection connection, ClientEvents events) {
            this.connection = connection;
            this.events = events;
        }

        boolean ended() {
            return closed && events.ended();
        }

        @Override
        public String toString() {
            return connection.toString();
        }
    }

    ClientHandler(
            Function<? super Connection, ? extends ClientEvents> sessions, long writeStallNanos) {
        this.sessions = sessions;
        this.writeStallNanos = writeStallNanos;
    }

    @Override
    public void sessionOpened(IoSession io) {
        MinaConnection connection = new MinaConnection(io, writeStallNanos);
        ClientEvents events;
        try {
            events = sessions.apply(connection);
        } catch (RuntimeException | Error e) {
            log.error("no session for client={}", connection.client(), e);
            connection.abort();
            return;
        }
        Client client = new Client(connection, events);
        io.setAttribute(CLIENT, client);
        tell(client, ClientEvents::opened);
        live.add(client); // only now, so that the clock does not tick before
        if (doomed) { // read after the list has it, so that no client slips past doom()
            tell(client, ClientEvents::doom);
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
            tell(client, ClientEvents::closed);
            client.closed = true;
            forget(client);
        }
    }

    @Override
    public void exceptionCaught(IoSession io, Throwable cause) {
        if (cause instanceof IOException) { // a lost connection; MINA closes it
            log.debug("connection lost client={}", io.getAttribute(CLIENT), cause);
            return;
        }
        log.error("connection failed client={}", io.getAttribute(CLIENT), cause);
        io.closeNow();
    }

    private static Client client(IoSession io) {
        return (Client) io.getAttribute(CLIENT);
    }

    /** A session that throws is cut off; an Error past this point would end MINA's I/O thread. */
    private static void tell(Client client, Consumer<ClientEvents> what) {
        try {
            what.accept(client.events);
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
