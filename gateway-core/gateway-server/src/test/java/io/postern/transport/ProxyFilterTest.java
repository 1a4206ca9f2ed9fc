package io.postern.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.postern.limit.Gate;
import io.postern.limit.Limit;
import io.postern.limit.ListenerLimits;
import io.postern.limit.Networks;
import io.postern.limit.Refusals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The PROXY header on real sockets. The session behind it sends back what it receives. */
@Tag("protocol-134")
class ProxyFilterTest {
    private final Refusals refusals = new Refusals();
    private final Gate gate =
            new Gate(
                    "[::]:110",
                    new ListenerLimits(99, 1, 9, 9, 9, 9, 9, 9, 9),
                    Networks.NONE,
                    refusals);
    private final BlockingQueue<FakeSession> sessions = new LinkedBlockingQueue<>();

    private Listeners listen(String from, Duration headerTimeout) throws IOException {
        return Listeners.open(
                List.of(
                        new ListenerSettings(
                                Server.loopback(0),
                                50,
                                Optional.empty(),
                                false,
                                gate,
                                Optional.of(
                                        new ProxySettings(Networks.parse(from), headerTimeout)))),
                new TransportSettings(1, TransportSettings.DEFAULT_WRITE_STALL),
                Server.TICK,
                connection -> {
                    var session = new FakeSession(connection);
                    sessions.add(session);
                    return session;
                });
    }

    private static Socket connect(Listeners listeners) throws IOException {
        var socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) Server.PATIENCE.toMillis());
        socket.connect(listeners.addresses().getFirst());
        return socket;
    }

    private FakeSession session() throws InterruptedException {
        var session = sessions.poll(Server.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        if (session == null) {
            throw new AssertionError("no session came");
        }
        return session;
    }

    /** Waits for the server to close, without a word. */
    private static void closed(Socket client) throws IOException {
        try {
            assertEquals(-1, client.getInputStream().read());
        } catch (SocketException e) {
            assertTrue(e.getMessage().contains("reset"), e.getMessage());
        }
    }

    private static void stop(Listeners listeners) throws InterruptedException {
        listeners.shutDown(Duration.ZERO);
    }

    @Test
    void theAddressOfTheHeaderIsTheClientsAndTheRestIsHis() throws Exception {
        var listeners = listen("127.0.0.0/8", Server.PATIENCE);
        try {
            var header =
                    ProxyOctets.version2(
                            0x21,
                            0x21,
                            ProxyOctets.ipv6("2001:db8::7", 50_022, "2001:db8::1", 110),
                            ProxyOctets.field(0x02, "mail.example"));
            try (var client = connect(listeners)) {
                client.getOutputStream().write(header);
                client.getOutputStream().write(Server.ascii("NOOP\r\n"));
                var session = session();
                assertArrayEquals(Server.ascii("NOOP\r\n"), client.getInputStream().readNBytes(6));
                assertEquals(
                        new InetSocketAddress("2001:db8::7", 50_022), session.connection.client());
                assertEquals("mail.example", session.connection.proxied().get("authority"));
                assertTrue(
                        session.connection.proxied().get("by").startsWith("127.0.0.1:"),
                        session.connection.proxied()::toString);
            }
        } finally {
            stop(listeners);
        }
    }

    @Test
    void limitsGoByTheAddressInTheHeader() throws Exception {
        var listeners = listen("127.0.0.1", Server.PATIENCE);
        try (var first = connect(listeners);
                var second = connect(listeners);
                var third = connect(listeners)) {
            first.getOutputStream().write(line("192.0.2.1"));
            assertEquals(Gate.Admission.ADMITTED, session().connection.place().admission());
            second.getOutputStream().write(line("192.0.2.1"));
            assertEquals(Gate.Admission.TURNED_AWAY, session().connection.place().admission());
            third.getOutputStream().write(line("192.0.2.2"));
            assertEquals(Gate.Admission.ADMITTED, session().connection.place().admission());
            Server.reset(first);
            await().atMost(Server.PATIENCE).until(() -> gate.connections() == 1);
        } finally {
            stop(listeners);
        }
    }

    private static byte[] line(String client) {
        return ("PROXY TCP4 " + client + " 198.51.100.1 50022 110\r\n").getBytes(US_ASCII);
    }

    @Test
    void aHeaderMayComeOctetByOctet() throws Exception {
        var listeners = listen("127.0.0.1", Server.PATIENCE);
        try (var client = connect(listeners)) {
            for (var octet : line("192.0.2.9")) {
                client.getOutputStream().write(octet);
                client.getOutputStream().flush();
            }
            assertEquals("192.0.2.9", session().connection.client().getHostString());
        } finally {
            stop(listeners);
        }
    }

    @Test
    void aProxysOwnConnectionKeepsItsAddress() throws Exception {
        var listeners = listen("127.0.0.1", Server.PATIENCE);
        try (var client = connect(listeners)) {
            client.getOutputStream().write(ProxyOctets.version2(0x20, 0x00));
            assertTrue(session().connection.client().getAddress().isLoopbackAddress());
        } finally {
            stop(listeners);
        }
    }

    @Test
    void whoIsNoListedProxyOrHasNoHeaderIsClosedWithoutAWord() throws Exception {
        var elsewhere = listen("192.0.2.1", Server.PATIENCE);
        try (var client = connect(elsewhere)) {
            closed(client);
        } finally {
            stop(elsewhere);
        }
        assertEquals(1, refusals.value(Limit.PROXY_PROTOCOL));
        var listeners = listen("127.0.0.1", Server.PATIENCE);
        try (var client = connect(listeners);
                var liar = connect(listeners);
                var check = connect(listeners)) {
            client.getOutputStream().write(Server.ascii("USER anna\r\n"));
            closed(client);
            liar.getOutputStream().write(Server.ascii("PROXY TCP4 nobody nowhere 1 2\r\n"));
            closed(liar);
            check.shutdownOutput();
            closed(check);
        } finally {
            stop(listeners);
        }
        assertEquals(3, refusals.value(Limit.PROXY_PROTOCOL), "a health check is no refusal");
        assertTrue(sessions.isEmpty());
    }

    @Test
    void aHeaderHasItsOwnTimeHoweverManyOctetsCome() throws Exception {
        var listeners = listen("127.0.0.1", Duration.ofMillis(100));
        try (var client = connect(listeners)) {
            client.getOutputStream().write(Server.ascii("PROXY TCP4 "));
            closed(client);
            assertEquals(1, refusals.value(Limit.PROXY_PROTOCOL));
        } finally {
            stop(listeners);
        }
    }

    @Test
    void aStopDoesNotWaitForHeaders() throws Exception {
        var listeners = listen("127.0.0.1", Duration.ofHours(1));
        try (var client = connect(listeners)) {
            client.getOutputStream().write(Server.ascii("PROXY "));
            assertEquals(0, listeners.shutDown(Server.PATIENCE));
            closed(client);
        }
    }
}
