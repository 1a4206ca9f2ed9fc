package io.postern.distribution;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

import javax.net.ssl.SSLSocket;

/** A POP3 client that says exactly what the test tells it to, and nothing by itself. */
final class Pop3 implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Socket socket;
    private final InputStream in;

    private Pop3(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    }

    /** Connects and reads nothing. */
    static Pop3 connect(int port) throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.setTcpNoDelay(true);
        return new Pop3(socket);
    }

    /**
     * Connects with TLS, and reads nothing.
     *
     * @param certificate that the server has to show
     */
    static Pop3 connect(int port, Path certificate) throws IOException {
        var socket = (SSLSocket) Tls.trusting(certificate).getSocketFactory().createSocket();
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.setTcpNoDelay(true);
        socket.startHandshake();
        return new Pop3(socket);
    }

    /**
     * Goes on with TLS on the same connection.
     *
     * @param certificate that the server has to show
     */
    Pop3 secured(Path certificate) throws IOException {
        var over =
                (SSLSocket)
                        Tls.trusting(certificate)
                                .getSocketFactory()
                                .createSocket(socket, "localhost", socket.getPort(), true);
        over.startHandshake();
        return new Pop3(over);
    }

    /** How long it waits for an octet from now on. */
    void patience(Duration time) throws IOException {
        socket.setSoTimeout((int) time.toMillis());
    }

    /** Connects, reads the greeting and logs in. */
    static Pop3 login(int port, String user, String password) throws IOException {
        return login(connect(port), user, password);
    }

    /** Reads the greeting and logs in. */
    static Pop3 login(Pop3 client, String user, String password) throws IOException {
        try {
            client.line();
            client.ok("USER " + user);
            client.ok("PASS " + password);
            return client;
        } catch (Throwable e) {
            client.close();
            throw e;
        }
    }

    void send(byte[] octets) throws IOException {
        socket.getOutputStream().write(octets);
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sends a line and gives the first line of the reply. */
    String command(String line) throws IOException {
        send(line + "\r\n");
        return line();
    }

    /** {@link #command}, which the server has to agree to. */
    String ok(String line) throws IOException {
        var reply = command(line);
        if (!reply.startsWith("+OK")) {
            throw new AssertionError(line.replaceFirst("^PASS .*", "PASS") + ": " + reply);
        }
        return reply;
    }

    /** The next line, without its CRLF. */
    String line() throws IOException {
        var line = raw();
        return new String(line, 0, line.length - 2, StandardCharsets.ISO_8859_1);
    }

    /** The lines up to the single dot, dot-stuffing undone, that dot left out. */
    byte[] multiline() throws IOException {
        var text = new ByteArrayOutputStream();
        while (true) {
            var line = raw();
            if (line.length == 3 && line[0] == '.') {
                return text.toByteArray();
            }
            var from = line[0] == '.' ? 1 : 0;
            text.write(line, from, line.length - from);
        }
    }

    byte[] retrieve(int number) throws IOException {
        ok("RETR " + number);
        return multiline();
    }

    int count() throws IOException {
        return Integer.parseInt(ok("STAT").split(" ", 3)[1]);
    }

    void quit() throws IOException {
        ok("QUIT");
        if (in.read() != -1) {
            throw new AssertionError("the server said something after QUIT");
        }
        close();
    }

    /** Reads one octet; -1 where the server has closed. */
    int octet() throws IOException {
        return in.read();
    }

    /** Everything up to the server's end of the connection; a reset counts as one. */
    byte[] rest() {
        var rest = new ByteArrayOutputStream();
        try {
            in.transferTo(rest);
        } catch (java.net.SocketTimeoutException e) {
            throw new AssertionError("the server neither answers nor closes", e);
        } catch (IOException e) {
            return rest.toByteArray();
        }
        return rest.toByteArray();
    }

    /** Says no more, and goes on listening. */
    void halfClose() throws IOException {
        socket.shutdownOutput();
    }

    /** Ends the connection with a TCP reset. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private byte[] raw() throws IOException {
        var line = new ByteArrayOutputStream();
        var before = -1;
        while (true) {
            var octet = in.read();
            if (octet < 0) {
                throw new EOFException("the server closed after " + line);
            }
            line.write(octet);
            if (before == '\r' && octet == '\n') {
                return line.toByteArray();
            }
            before = octet;
        }
    }
}
