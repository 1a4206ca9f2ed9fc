package io.postern.transport;

import static io.postern.transport.Server.PATIENCE;
import static io.postern.transport.Server.ascii;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.postern.limit.Gate;
import io.postern.session.Encryption;
import io.postern.tls.ClientCertificates;
import io.postern.tls.ServerTls;
import io.postern.tls.TestAuthority;
import io.postern.tls.TlsMode;

import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.core.session.DummySession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/** What TLS adds to a connection, over sockets. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsTest {
    private static final String LOGIN = "USER u1\r\nPASS pw\r\n";

    private static Socket connect(Post post) throws IOException {
        var address = post.listeners.addresses().getFirst();
        var socket = new Socket(address.getAddress(), address.getPort());
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private static SSLSocket secured(Post post, String... versions) throws IOException {
        return secured(TestTls.CLIENT, connect(post), versions);
    }

    private static SSLSocket secured(SSLContext context, Socket raw, String... versions)
            throws IOException {
        var socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(raw, "localhost", raw.getPort(), true);
        if (versions.length > 0) {
            socket.setEnabledProtocols(versions);
        }
        socket.startHandshake();
        return socket;
    }

    private static void send(Socket socket, String octets) throws IOException {
        socket.getOutputStream().write(ascii(octets));
    }

    private static void says(Socket socket, String start) throws IOException {
        var line = TestTls.line(socket);
        assertTrue(line.startsWith(start), line);
    }

    /** Whether the peer has closed, in order or with a reset. */
    private static boolean closes(InputStream in) {
        try {
            in.readAllBytes();
            return true;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    // --- the beginning ---

    @Test
    @Tag("protocol-119")
    void theGreetingComesBehindTheHandshakeAndOnlyThere() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64);
                var raw = connect(post)) {
            raw.setSoTimeout(300);
            assertThrows(java.net.SocketTimeoutException.class, () -> raw.getInputStream().read());
            raw.setSoTimeout((int) PATIENCE.toMillis());
            try (var socket = secured(TestTls.CLIENT, raw)) {
                says(socket, "+OK Postern ready");
            }
        }
    }

    @Test
    @Tag("protocol-125")
    void aHandshakeThatDoesNotEndIsCutOffAndKeepsNobodyWaiting() throws Exception {
        var limit = Duration.ofMillis(500);
        for (var mode : List.of(TlsMode.IMPLICIT, TlsMode.STARTTLS)) {
            var settings =
                    new ListenerSettings(
                            Server.loopback(0),
                            50,
                            Optional.of(
                                    new ListenerSettings.Tls(
                                            TestTls.SERVER, mode == TlsMode.IMPLICIT, limit)),
                            false);
            try (var post = new Post(mode, settings, Duration.ofMinutes(1), 64)) {
                var stuck = new java.util.ArrayList<Socket>();
                for (var n = 0; n < 50; n++) {
                    var one = connect(post);
                    if (mode == TlsMode.STARTTLS) {
                        says(one, "+OK");
                        send(one, "STLS\r\n");
                        says(one, "+OK");
                    }
                    // The head of a record of 512 octets that never comes whole.
                    one.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0});
                    stuck.add(one);
                }
                try (var good = TestTls.secured(mode, connect(post))) {
                    send(good, LOGIN + "QUIT\r\n");
                    assertTrue(closes(good.getInputStream()));
                }
                for (var one : stuck) {
                    assertTrue(closes(one.getInputStream()), "still open in mode " + mode);
                    one.close();
                }
                await().until(post::quiet);
            }
        }
    }

    @Test
    void plainTextAtATlsPortEndsThatClientOnly() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64);
                var plain = connect(post);
                var good = secured(post)) {
            send(plain, LOGIN + "QUIT\r\n");
            assertTrue(closes(plain.getInputStream()));
            says(good, "+OK");
            await().until(() -> post.listeners.sessions() == 1);
        }
    }

    @Test
    @Tag("protocol-124")
    void aRefusedHandshakeIsClosedAtOnce() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64);
                var raw = connect(post)) {
            var socket =
                    (SSLSocket)
                            TestTls.CLIENT
                                    .getSocketFactory()
                                    .createSocket(raw, "localhost", raw.getPort(), true);
            var parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"http/1.1"});
            socket.setSSLParameters(parameters);
            var refusal = assertThrows(SSLException.class, socket::startHandshake);
            assertTrue(refusal.getMessage().contains("no_application_protocol"), "" + refusal);
            await().until(post::quiet);
        }
    }

    /** The clock may look at a connection in the moment in which it begins to close. */
    @Test
    @Tag("protocol-122")
    void aHandshakeThatHasJustFailedIsNoStalledClient() {
        var io = new DummySession();
        io.setLocalAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 995));
        io.setRemoteAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 50_000));
        var connection =
                new MinaConnection(
                        io,
                        TestTls.listener(TlsMode.IMPLICIT, false),
                        Gate.open().admit(InetAddress.getLoopbackAddress()),
                        Duration.ofMinutes(1).toNanos());
        connection.encrypt();
        connection.tlsFailed();
        // To cut it off takes SO_LINGER, which a session without a socket does not have.
        assertDoesNotThrow(() -> connection.tick(System.nanoTime()), "the alert is to be sent");
    }

    // --- STLS ---

    @Test
    @Tag("protocol-116")
    @Tag("protocol-117")
    @Tag("protocol-118")
    void whatIsInjectedBehindStlsIsForgottenWhereverItIsSplit() throws Exception {
        var injected = "STLS\r\nCAPA\r\nUSER u2\r\nPASS pw\r\nUSER u1\r\nPA";
        try (var post = new Post(TlsMode.STARTTLS, 64)) {
            for (var split = 1; split <= injected.length(); split++) {
                try (var raw = connect(post)) {
                    says(raw, "+OK");
                    send(raw, injected.substring(0, split));
                    send(raw, injected.substring(split));
                    says(raw, "+OK begin TLS");
                    SSLSocket socket;
                    try {
                        socket = secured(TestTls.CLIENT, raw);
                    } catch (IOException e) {
                        // What came behind STLS went into the handshake, and ended it.
                        assertTrue(split < injected.length());
                        continue;
                    }
                    send(socket, "SS pw\r\nPASS pw\r\nQUIT\r\n");
                    says(socket, "-ERR unknown command");
                    says(socket, "-ERR send USER right before PASS");
                    says(socket, "+OK bye");
                    assertEquals(-1, socket.getInputStream().read());
                }
            }
            await().until(post::quiet);
        }
    }

    /** The filter for TLS is there before the answer is out, and may read something at once. */
    @Test
    @Tag("protocol-116")
    void whatComesBehindStlsIsNotAnsweredBeforeIt() throws Exception {
        try (var post = new Post(TlsMode.STARTTLS, 64)) {
            for (var round = 0; round < 500; round++) {
                try (var raw = connect(post)) {
                    says(raw, "+OK");
                    send(raw, "STLS\r\n");
                    send(raw, "NOOP\r\n".repeat(20));
                    says(raw, "+OK begin TLS");
                }
            }
            await().until(post::quiet);
        }
    }

    /** The I/O thread may read between the two steps in which MINA adds a filter. */
    @Test
    void whatComesWhileTheFilterIsBeingAddedWaits() throws Exception {
        var io = new DummySession();
        var keys = TestTls.listener(TlsMode.STARTTLS, false).tls().orElseThrow().keys();
        var filter = new TlsFilter(keys, io);
        filter.onPreAdd(io.getFilterChain(), "tls", null);
        var garbage = IoBuffer.wrap("NOOP\r\n".getBytes(US_ASCII));
        assertDoesNotThrow(() -> filter.messageReceived(null, io, garbage));
    }

    @Test
    void passwordsAreRefusedUntilStls() throws Exception {
        var settings =
                new ListenerSettings(
                        Server.loopback(0),
                        50,
                        TestTls.listener(TlsMode.STARTTLS, false).tls(),
                        false);
        try (var post = new Post(TlsMode.STARTTLS, settings, PATIENCE, 64);
                var raw = connect(post)) {
            says(raw, "+OK");
            send(raw, LOGIN);
            says(raw, "-ERR not offered in clear text, use STLS");
            says(raw, "-ERR not offered in clear text, use STLS");
            send(raw, "STLS\r\n");
            says(raw, "+OK");
            var socket = secured(TestTls.CLIENT, raw);
            send(socket, LOGIN + "STLS\r\nQUIT\r\n");
            says(socket, "+OK");
            says(socket, "+OK");
            says(socket, "-ERR");
            says(socket, "+OK");
        }
    }

    // --- the end ---

    /** JSSE's client throws where the stream ends without close_notify. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    @Tag("protocol-122")
    void everyOrderlyCloseSaysCloseNotify(String version) throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64_000)) {
            try (var quit = secured(post, version)) {
                send(quit, LOGIN + "RETR 1\r\nQUIT\r\n");
                quit.getInputStream().readAllBytes();
            }
            try (var early = secured(post, version)) {
                send(early, "QUIT\r\n");
                early.getInputStream().readAllBytes();
            }
            try (var idle = secured(post, version)) {
                send(idle, LOGIN);
                for (var n = 0; n < 3; n++) {
                    says(idle, "+OK");
                }
                post.listeners.shutDown(PATIENCE);
                assertEquals(-1, idle.getInputStream().read());
            }
        }
    }

    @Test
    void whatIsCutOffHasNoCloseNotify() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64);
                var socket = secured(post)) {
            says(socket, "+OK");
            post.connections.take().abort();
            assertThrows(IOException.class, () -> socket.getInputStream().read());
        }
    }

    /** Passes octets on, as long as it may; then it ends the connection as if the net had. */
    private static final class Relay implements AutoCloseable {
        final ServerSocket listening = new ServerSocket(0, 1, Server.loopback(0).getAddress());
        final AtomicLong allowed = new AtomicLong(Long.MAX_VALUE);

        Relay(Post post) throws IOException {
            var address = post.listeners.addresses().getFirst();
            Thread.startVirtualThread(() -> {
                try (var client = listening.accept();
                        var server = new Socket(address.getAddress(), address.getPort())) {
                    Thread.startVirtualThread(() -> {
                        try {
                            server.getInputStream().transferTo(client.getOutputStream());
                        } catch (IOException e) {
                            allowed.set(0);
                        }
                    });
                    for (var octet = client.getInputStream().read();
                            octet >= 0 && allowed.getAndDecrement() > 0;
                            octet = client.getInputStream().read()) {
                        server.getOutputStream().write(octet);
                    }
                    server.shutdownOutput();
                    server.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
                } catch (IOException e) {
                    allowed.set(0);
                }
            });
        }

        Socket connect() throws IOException {
            var socket = new Socket(listening.getInetAddress(), listening.getLocalPort());
            socket.setSoTimeout((int) PATIENCE.toMillis());
            return socket;
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }
    }

    /** Octets of JSSE's record for QUIT: head, content, its type, zeros to hide its size, proof. */
    private static final int QUIT_RECORD = 5 + 6 + 1 + 16 + 16;

    @Test
    @Tag("protocol-26")
    @Tag("protocol-122")
    @Tag("protocol-147")
    void aStreamThatIsCutInsideTheRecordOfQuitHasNoQuit() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64)) {
            for (var octets = 0; octets <= QUIT_RECORD; octets++) {
                try (var relay = new Relay(post);
                        var socket = secured(TestTls.CLIENT, relay.connect(), "TLSv1.3")) {
                    send(socket, LOGIN + "DELE 1\r\n");
                    for (var n = 0; n < 4; n++) {
                        says(socket, "+OK");
                    }
                    relay.allowed.set(octets);
                    try {
                        send(socket, "QUIT\r\n");
                        socket.getOutputStream().write('x'); // one more, so that it is cut
                    } catch (IOException e) {
                        assertTrue(relay.allowed.get() <= 0, "" + e);
                    }
                    await().atMost(PATIENCE).until(post::quiet);
                }
                assertEquals(
                        octets < QUIT_RECORD ? 0 : 1, post.removed.size(), octets + " octets came");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    @Tag("protocol-26")
    void aClientThatClosesBehindQuitHasSaidQuit(String version) throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64)) {
            try (var socket = secured(post, version)) {
                send(socket, LOGIN);
                for (var n = 0; n < 3; n++) {
                    says(socket, "+OK");
                }
                send(socket, "DELE 1\r\nQUIT\r\n");
            }
            await().atMost(PATIENCE).until(() -> post.removed.size() == 1 && post.quiet());
        }
    }

    @Test
    void aClientThatClosesWithoutQuitIsNotWaitedFor() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64)) {
            var raw = connect(post);
            try (var socket = secured(TestTls.CLIENT, raw)) {
                send(socket, LOGIN + "DELE 1\r\n");
                for (var n = 0; n < 4; n++) {
                    says(socket, "+OK");
                }
                socket.shutdownOutput(); // close_notify, and the connection stays
                assertEquals(-1, socket.getInputStream().read());
            }
            await().until(post::quiet);
            assertEquals(List.of(), List.copyOf(post.removed));
        }
    }

    // --- in between ---

    @Test
    void newKeysInTheMiddleOfASessionAreTaken() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 6_400_000);
                var socket = secured(post, "TLSv1.3")) {
            send(socket, LOGIN + "RETR 1\r\n");
            for (var n = 0; n < 3; n++) {
                says(socket, "+OK");
            }
            socket.startHandshake(); // a KeyUpdate, once TLS 1.3 is running
            send(socket, "NOOP\r\nQUIT\r\n");
            var rest = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            assertTrue(
                    rest.endsWith("\r\n.\r\n+OK\r\n+OK bye\r\n"),
                    rest.substring(rest.length() - 40));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsMode.class,
            names = {"IMPLICIT", "STARTTLS"})
    void theServerKnowsWhatTiesALoginToTheConnection(TlsMode mode) throws Exception {
        try (var post = new Post(mode, 64)) {
            for (var resumed = 0; resumed < 2; resumed++) {
                try (var socket = (SSLSocket) TestTls.secured(mode, connect(post))) {
                    send(socket, "NOOP\r\n");
                    TestTls.line(socket);
                    Encryption server = post.connections.take().encryption().orElseThrow();
                    assertEquals("TLSv1.3", server.protocol());
                    var client = (ExtendedSSLSession) socket.getSession();
                    assertArrayEquals(
                            client.exportKeyingMaterialData(
                                    "EXPORTER-Channel-Binding", new byte[0], 32),
                            server.channelBinding("tls-exporter").orElseThrow());
                    assertArrayEquals(
                            MessageDigest.getInstance("SHA-256")
                                    .digest(client.getPeerCertificates()[0].getEncoded()),
                            server.channelBinding("tls-server-end-point").orElseThrow());
                    assertEquals(Optional.empty(), server.channelBinding("tls-unique"));
                    assertEquals(List.of(), server.clientCertificates());
                }
            }
        }
    }

    @Test
    void anOldVersionHasNoExporterBecauseItMayNotBeUnique() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64);
                var socket = secured(post, "TLSv1.2")) {
            says(socket, "+OK");
            var server = post.connections.take().encryption().orElseThrow();
            assertEquals("TLSv1.2", server.protocol());
            assertEquals(Optional.empty(), server.channelBinding("tls-exporter"));
            assertTrue(server.channelBinding("tls-server-end-point").isPresent());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aClientWithACertificateIsKnownAndItsFirstCommandsAreAnswered(
            String version, @TempDir Path folder) throws Exception {
        var trust =
                java.nio.file.Files.writeString(
                        folder.resolve("trust.pem"),
                        "-----BEGIN CERTIFICATE-----\n"
                                + java.util.Base64.getMimeEncoder()
                                        .encodeToString(
                                                TestTls.AUTHORITY.certificate().getEncoded())
                                + "\n-----END CERTIFICATE-----\n");
        var keys =
                new ServerTls(List.of(TestTls.AUTHORITY.issue("EC", "localhost").write(folder)))
                        .listener(Optional.of(new ClientCertificates(true, trust)));
        var settings =
                new ListenerSettings(
                        Server.loopback(0),
                        50,
                        Optional.of(new ListenerSettings.Tls(keys, true, PATIENCE)),
                        false);
        TestAuthority.Issued alice = TestTls.AUTHORITY.issue("EC", "alice");
        try (var post = new Post(TlsMode.IMPLICIT, settings, PATIENCE, 64)) {
            for (var round = 0; round < 20; round++) {
                try (var socket =
                        secured(TestTls.AUTHORITY.client(alice), connect(post), version)) {
                    send(socket, LOGIN + "QUIT\r\n");
                    for (var n = 0; n < 4; n++) {
                        says(socket, "+OK");
                    }
                    assertEquals(
                            alice.certificate(),
                            post.connections
                                    .take()
                                    .encryption()
                                    .orElseThrow()
                                    .clientCertificates()
                                    .getFirst());
                }
            }
            try (var stranger = connect(post)) {
                assertThrows(
                        IOException.class,
                        () -> {
                            var socket = secured(TestTls.CLIENT, stranger, version);
                            says(socket, "+OK");
                        });
            }
            await().until(post::quiet);
        }
    }

    @Test
    void aSessionIsResumedOnItsListenerOnly() throws Exception {
        try (var post = new Post(TlsMode.IMPLICIT, 64)) {
            var context = TestTls.AUTHORITY.client();
            byte[] first;
            try (var socket = secured(context, connect(post), "TLSv1.2")) {
                says(socket, "+OK");
                first = socket.getSession().getId();
            }
            var address = post.listeners.addresses().getFirst();
            try (var socket =
                    secured(
                            context,
                            new Socket(address.getAddress(), address.getPort()),
                            "TLSv1.2")) {
                says(socket, "+OK");
                assertArrayEquals(first, socket.getSession().getId());
            }
        }
    }

    @Test
    void tinyRecordsAreTakenOneByOne() throws Exception {
        try (var server =
                        new Server<>(TestTls.listener(TlsMode.IMPLICIT, false), FakeSession::new);
                var socket = secured(TestTls.CLIENT, server.connect())) {
            var session = server.session();
            for (var n = 0; n < 3_000; n++) {
                socket.getOutputStream().write(n);
            }
            for (var n = 0; n < 3_000; n++) {
                assertEquals(n & 0xFF, socket.getInputStream().read());
            }
            assertFalse(session.closed.get() > 0);
        }
    }
}
