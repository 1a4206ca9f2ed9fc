package io.postern.testkit.auth;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Stands between a directory under test and its server, on the loopback address, so that a test can
 * take the server away and give it back. Any number of threads.
 */
public final class Relay implements AutoCloseable {
    private static final int CHUNK = 8192;

    private enum State {
        /** Octets pass. */
        WHOLE,
        /** Connections end as soon as they are made. */
        CUT,
        /** Connections are made, and what is sent gets lost. */
        SILENT
    }

    private final ServerSocket listener;
    private final int target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile State state = State.WHOLE;

    private Relay(ServerSocket listener, int target) {
        this.listener = listener;
        this.target = target;
    }

    /**
     * @param target the server's port on the loopback address
     */
    public static Relay to(int target) throws IOException {
        var relay = new Relay(new ServerSocket(0, 100, InetAddress.getLoopbackAddress()), target);
        Thread.ofVirtual().name("relay").start(relay::accept);
        return relay;
    }

    /** Where the directory finds its server. */
    public int port() {
        return listener.getLocalPort();
    }

    /** The server is gone: connections end, and new ones at once. */
    public void cut() {
        state = State.CUT;
        endAll();
    }

    /** The server hangs: connections can be made, and nothing ever comes back. */
    public void silence() {
        state = State.SILENT;
    }

    /** The server is there again. What was lost stays lost. */
    public void mend() {
        state = State.WHOLE;
        endAll();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        endAll();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                var client = listener.accept();
                open.add(client);
                if (state == State.CUT) {
                    end(client);
                } else {
                    connect(client);
                }
            } catch (IOException e) {
                // The listener was closed, or one client's server is not there: the next one.
            }
        }
    }

    private void connect(Socket client) throws IOException {
        Socket server;
        try {
            server = new Socket(InetAddress.getLoopbackAddress(), target);
        } catch (IOException e) {
            end(client);
            throw e;
        }
        open.add(server);
        Thread.ofVirtual().name("relay-to").start(() -> pass(client, server));
        Thread.ofVirtual().name("relay-from").start(() -> pass(server, client));
        if (state == State.CUT) {
            endAll();
        }
    }

    private void pass(Socket from, Socket to) {
        var octets = new byte[CHUNK];
        try {
            for (int read; (read = from.getInputStream().read(octets)) >= 0; ) {
                if (state == State.WHOLE) {
                    to.getOutputStream().write(octets, 0, read);
                }
            }
        } catch (IOException e) {
            // One side has ended it; below, the other side learns of it.
        } finally {
            end(from);
            end(to);
        }
    }

    private void endAll() {
        open.forEach(this::end);
    }

    private void end(Socket socket) {
        open.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException("a socket cannot be closed", e);
        }
    }
}
