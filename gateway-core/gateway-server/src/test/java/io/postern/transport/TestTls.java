package io.postern.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.postern.tls.ListenerTls;
import io.postern.tls.ServerTls;
import io.postern.tls.TestAuthority;
import io.postern.tls.TlsMode;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A server certificate, made once, and clients that trust it. */
final class TestTls {
    static final Duration HANDSHAKE = Duration.ofSeconds(20);

    static final TestAuthority AUTHORITY;
    static final ListenerTls SERVER;
    static final SSLContext CLIENT;

    static {
        try {
            AUTHORITY = new TestAuthority("test");
            var folder = Files.createTempDirectory("tls");
            var source = AUTHORITY.issue("EC", "localhost").write(folder);
            SERVER = new ServerTls(List.of(source)).listener(Optional.empty());
            CLIENT = AUTHORITY.client();
            for (var file : source.files()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private TestTls() {}

    static ListenerSettings listener(TlsMode mode, boolean allowPlaintext) {
        return new ListenerSettings(
                Server.loopback(0),
                1024,
                mode == TlsMode.NONE
                        ? Optional.empty()
                        : Optional.of(
                                new ListenerSettings.Tls(
                                        SERVER, mode == TlsMode.IMPLICIT, HANDSHAKE)),
                allowPlaintext);
    }

    /** A client's socket, ready for the greeting; of STLS the greeting is read, and given back. */
    static Socket secured(TlsMode mode, Socket raw) throws IOException {
        return switch (mode) {
            case NONE -> raw;
            case IMPLICIT -> handshake(CLIENT, raw);
            case STARTTLS -> {
                line(raw);
                raw.getOutputStream().write("STLS\r\n".getBytes(US_ASCII));
                line(raw);
                yield handshake(CLIENT, raw);
            }
        };
    }

    static SSLSocket handshake(SSLContext context, Socket raw) throws IOException {
        var socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(raw, "localhost", raw.getPort(), true);
        socket.startHandshake();
        return socket;
    }

    /** Octet by octet, so that nothing behind the line is read. */
    static String line(Socket socket) throws IOException {
        var line = new ByteArrayOutputStream();
        for (var octet = socket.getInputStream().read(); octet != '\n'; ) {
            if (octet < 0) {
                throw new IOException("closed after " + line);
            }
            line.write(octet);
            octet = socket.getInputStream().read();
        }
        return line.toString(US_ASCII).stripTrailing();
    }
}
