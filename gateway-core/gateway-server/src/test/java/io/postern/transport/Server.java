package io.postern.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.postern.session.Connection;
import io.postern.tls.TlsMode;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Listeners on one free loopback port, with one I/O thread and a quick clock. */
final class Server<S extends FakeSession> implements AutoCloseable {

    static final Duration TICK = Duration.ofMillis(20);
    static final Duration PATIENCE = Duration.ofSeconds(20);

    final Listeners listeners;
    private final BlockingQueue<S> sessions = new LinkedBlockingQueue<>();

    Server(Duration writeStall, Function<Connection, S> make) throws IOException {
        this(TestTls.listener(TlsMode.NONE, false), writeStall, make);
    }

    Server(ListenerSettings listener, Function<Connection, S> make) throws IOException {
        this(listener, TransportSettings.DEFAULT_WRITE_STALL, make);
    }

    private Server(ListenerSettings listener, Duration writeStall, Function<Connection, S> make)
            throws IOException {
        listeners =
                Listeners.open(
                        List.of(listener),
                        new TransportSettings(1, writeStall),
                        TICK,
                        connection -> {
                            S session = make.apply(connection);
                            sessions.add(session);
                            return session;
                        });
    }

    Server(Function<Connection, S> make) throws IOException {
        this(TransportSettings.DEFAULT_WRITE_STALL, make);
    }

    static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    InetSocketAddress address() {
        return listeners.addresses().getFirst();
    }

    /** A client that gives up waiting for octets in the end. */
    Socket connect() throws IOException {
        return connect(64 * 1024);
    }

    /**
     * @param receiveBuffer octets that the client's kernel takes unread, about
     */
    Socket connect(int receiveBuffer) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(receiveBuffer);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.connect(address());
        return socket;
    }

    /** The session of the next client, in the order they connected. */
    S session() throws InterruptedException {
        S session = sessions.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        if (session == null) {
            throw new AssertionError("no session came");
        }
        return session;
    }

    static byte[] ascii(String text) {
        return text.getBytes(US_ASCII);
    }

    /** The client goes away without a word. */
    static void reset(Socket client) throws IOException {
        client.setSoLinger(true, 0);
        client.close();
    }

    @Override
    public void close() {
        try {
            listeners.shutDown(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
