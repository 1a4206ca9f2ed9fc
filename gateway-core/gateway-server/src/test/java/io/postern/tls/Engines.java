package io.postern.tls;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;

/** Handshakes between a client's engine and the server's, without sockets. */
final class Engines {
    private Engines() {}

    static SSLEngine client(SSLContext context, Consumer<SSLParameters> change) {
        var engine = context.createSSLEngine("unknown.example", 995);
        engine.setUseClientMode(true);
        var parameters = engine.getSSLParameters();
        change.accept(parameters);
        engine.setSSLParameters(parameters);
        return engine;
    }

    /**
     * As {@link #shake(SSLEngine, SSLEngine)}, with the engine that the client's hello asks for.
     */
    static SSLSession shake(ListenerTls server, SSLEngine client) throws SSLException {
        client.beginHandshake();
        var hello = ByteBuffer.allocate(1 << 17);
        client.wrap(ByteBuffer.allocate(0), hello);
        hello.flip();
        var read = ClientHello.read(hello).orElseThrow();
        return shake(server.engine(read.serverName()), client, hello);
    }

    /** Lets them talk until both are done. Gives the client's view. */
    static SSLSession shake(SSLEngine server, SSLEngine client) throws SSLException {
        client.beginHandshake();
        return shake(server, client, ByteBuffer.allocate(1 << 17).flip());
    }

    private static SSLSession shake(SSLEngine server, SSLEngine client, ByteBuffer toServer)
            throws SSLException {
        var toClient = ByteBuffer.allocate(1 << 17).flip();
        for (var round = 0; round < 40; round++) {
            step(server, toServer, toClient);
            step(client, toClient, toServer);
        }
        return client.getSession();
    }

    private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
        switch (engine.getHandshakeStatus()) {
            case NEED_TASK -> engine.getDelegatedTask().run();
            case NEED_WRAP -> {
                out.compact();
                engine.wrap(ByteBuffer.allocate(0), out);
                out.flip();
            }
            default -> {
                if (in.hasRemaining()) {
                    engine.unwrap(in, ByteBuffer.allocate(1 << 15));
                }
            }
        }
    }
}
