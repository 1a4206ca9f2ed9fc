package io.postern.transport;

import static io.postern.transport.Server.PATIENCE;
import static io.postern.transport.Server.loopback;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.session.Connection;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ListenersTest {

    private static final TransportSettings SETTINGS =
            new TransportSettings(1, TransportSettings.DEFAULT_WRITE_STALL);

    private static Listeners open(InetSocketAddress... addresses) throws ListenException {
        return Listeners.open(
                List.of(addresses).stream()
                        .map(a -> new ListenerSettings(a, 50, Optional.empty(), false))
                        .toList(),
                SETTINGS,
                FakeSession::new);
    }

    private static void assertEchoes(InetSocketAddress address) throws IOException {
        try (Socket client = new Socket(address.getAddress(), address.getPort())) {
            client.setSoTimeout((int) PATIENCE.toMillis());
            client.getOutputStream().write('x');
            assertEquals('x', client.getInputStream().read());
        }
    }

    private static List<String> transportThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("postern-") || name.startsWith("Nio"))
                .toList();
    }

    @Test
    void listens_on_many_addresses_of_both_families() throws Exception {
        InetAddress six = InetAddress.ofLiteral("::1");
        Listeners listeners = open(loopback(0), new InetSocketAddress(six, 0), loopback(0));
        try {
            List<InetSocketAddress> bound = listeners.addresses();
            assertEquals(3, bound.size());
            assertEquals(six, bound.get(1).getAddress());
            assertEquals(3, bound.stream().map(InetSocketAddress::getPort).distinct().count());
            for (InetSocketAddress address : bound) {
                assertEchoes(address);
            }
        } finally {
            listeners.shutDown(Duration.ZERO);
        }
    }

    @Test
    void a_session_knows_both_ends() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect()) {
            Connection connection = server.session().connection;
            assertEquals(client.getLocalSocketAddress(), connection.client());
            assertEquals(client.getRemoteSocketAddress(), connection.listener());
            Server.reset(client);
            await().until(() -> server.listeners.sessions() == 0);
            assertEquals(client.getInetAddress(), connection.listener().getAddress());
        }
    }

    @Test
    void a_taken_port_is_named_and_the_other_listeners_are_closed_again() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress first = freeAddress();
            ListenException e =
                    assertThrows(
                            ListenException.class,
                            () -> open(first, loopback(other.getLocalPort())));
            String where = "localhost:" + other.getLocalPort();
            assertTrue(e.getMessage().contains(where), e::getMessage);
            assertTrue(e.getMessage().contains("in use; stop the program"), e::getMessage);
            assertThrows(
                    ConnectException.class,
                    () -> new Socket(first.getAddress(), first.getPort()).close());
            await().until(ListenersTest::transportThreads, List.of()::equals);
        }
    }

    private static InetSocketAddress freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return loopback(socket.getLocalPort());
        }
    }

    @Test
    void an_address_of_another_host_is_named() {
        InetSocketAddress elsewhere = new InetSocketAddress("203.0.113.9", 0);
        ListenException e = assertThrows(ListenException.class, () -> open(elsewhere));
        assertTrue(e.getMessage().contains("203.0.113.9:0"), e::getMessage);
        assertTrue(e.getMessage().contains("not an address of this host"), e::getMessage);
    }

    @Test
    void an_unknown_host_is_named() {
        InetSocketAddress unknown = InetSocketAddress.createUnresolved("pop.invalid", 110);
        ListenException e = assertThrows(ListenException.class, () -> open(unknown));
        assertTrue(e.getMessage().contains("pop.invalid:110: unknown host"), e::getMessage);
    }

    @Test
    void serves_a_thousand_clients_at_a_time() throws Exception {
        try (var server = new Server<>(FakeSession::new)) {
            List<Socket> clients = new ArrayList<>();
            try {
                for (int n = 0; n < 1000; n++) {
                    clients.add(server.connect(4096));
                }
                for (Socket client : clients) {
                    client.getOutputStream().write('x');
                }
                for (Socket client : clients) {
                    assertEquals('x', client.getInputStream().read());
                }
                assertEquals(1000, server.listeners.sessions());
            } finally {
                for (Socket client : clients) {
                    client.close();
                }
            }
            await().until(() -> server.listeners.sessions() == 0);
        }
    }

    @Test
    void a_session_that_throws_is_cut_off_and_the_others_live() throws Exception {
        class Faulty extends FakeSession {
            Faulty(Connection connection) {
                super(connection);
            }

            @Override
            public void received(ByteBuffer octets) {
                if (octets.get(0) == '!') {
                    throw new AssertionError("expected by the test");
                }
                super.received(octets);
            }
        }
        try (var server = new Server<>(Faulty::new);
                Socket good = server.connect();
                Socket bad = server.connect()) {
            bad.getOutputStream().write('!');
            assertThrows(SocketException.class, () -> bad.getInputStream().read());
            good.getOutputStream().write('x');
            assertEquals('x', good.getInputStream().read());
        }
    }

    @Test
    void a_session_that_can_not_be_made_costs_one_client_only() throws Exception {
        AtomicReference<RuntimeException> fault =
                new AtomicReference<>(new IllegalStateException("expected by the test"));
        try (var server =
                new Server<>(connection -> {
                    RuntimeException now = fault.getAndSet(null);
                    if (now != null) {
                        throw now;
                    }
                    return new FakeSession(connection);
                })) {
            try (Socket bad = server.connect()) {
                assertThrows(SocketException.class, () -> bad.getInputStream().read());
            }
            assertEchoes(server.address());
        }
    }

    @Test
    void every_session_hears_the_clock_until_it_has_ended() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket first = server.connect();
                Socket second = server.connect()) {
            FakeSession one = server.session();
            FakeSession two = server.session();
            await().until(() -> one.ticked.get() > 3 && two.ticked.get() > 3);
            Server.reset(first);
            await().until(() -> server.listeners.sessions() == 1);
            int last = one.ticked.get();
            int now = two.ticked.get();
            await().until(() -> two.ticked.get() > now + 3);
            assertTrue(one.ticked.get() <= last + 1);
            assertTrue(second.isConnected());
        }
    }

    @Test
    void no_session_hears_the_clock_before_it_is_opened() throws Exception {
        AtomicReference<FakeSession> first = new AtomicReference<>();
        CompletableFuture<Integer> early = new CompletableFuture<>();
        class Slow extends FakeSession {
            Slow(Connection connection) {
                super(connection);
            }

            @Override
            public void opened() {
                if (!first.compareAndSet(null, this)) {
                    for (int n = 0; n < 3; n++) {
                        first.get().awaitTick();
                    }
                    early.complete(ticked.get());
                }
            }
        }
        try (var server = new Server<>(Slow::new);
                Socket one = server.connect()) {
            FakeSession ticking = server.session();
            await().until(() -> ticking.ticked.get() > 0);
            try (Socket two = server.connect()) {
                assertEquals(0, early.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
                assertTrue(two.isConnected());
            }
            assertTrue(one.isConnected());
        }
    }

    /** Goes on for a while after it is doomed, as a session does that removes messages. */
    private static final class Committing extends FakeSession {
        final CountDownLatch commit = new CountDownLatch(1);
        volatile boolean committed;

        Committing(Connection connection) {
            super(connection);
        }

        @Override
        public void doom() {
            doomed.incrementAndGet();
            Thread.startVirtualThread(() -> {
                try {
                    commit.await();
                    committed = true;
                    connection.write(ByteBuffer.wrap(Server.ascii("done")));
                    connection.close();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }

        @Override
        public boolean ended() {
            return committed && super.ended();
        }
    }

    @Test
    void shutdown_waits_for_a_running_update_and_takes_no_new_clients() throws Exception {
        try (var server = new Server<>(Committing::new);
                Socket client = server.connect()) {
            Committing session = server.session();
            CompletableFuture<Integer> left = shutDown(server.listeners, PATIENCE);
            await().until(() -> session.doomed.get() > 0);
            assertThrows(ConnectException.class, () -> server.connect().close());
            assertEquals(1, server.listeners.sessions());
            assertTrue(!left.isDone());
            session.commit.countDown();
            assertArrayEquals(Server.ascii("done"), client.getInputStream().readAllBytes());
            assertEquals(0, left.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            assertEquals(1, session.closed.get());
        }
    }

    @Test
    @Tag("protocol-26")
    void shutdown_waits_for_an_update_whose_client_is_gone() throws Exception {
        try (var server = new Server<>(Committing::new);
                Socket client = server.connect()) {
            Committing session = server.session();
            CompletableFuture<Integer> left = shutDown(server.listeners, PATIENCE);
            await().until(() -> session.doomed.get() > 0);
            Server.reset(client);
            await().until(() -> session.closed.get() == 1);
            assertEquals(1, server.listeners.sessions());
            session.commit.countDown();
            assertEquals(0, left.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            assertTrue(session.committed);
        }
    }

    @Test
    void shutdown_cuts_off_and_counts_what_does_not_end_in_time() throws Exception {
        try (var server = new Server<>(Committing::new);
                Socket slow = server.connect();
                Socket quick = server.connect()) {
            Committing first = server.session();
            Committing second = server.session();
            second.commit.countDown();
            CompletableFuture<Integer> left = shutDown(server.listeners, Duration.ofMillis(300));
            await().until(() -> first.closed.get() == 1);
            first.commit.countDown();
            assertEquals(1, left.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            assertThrows(SocketException.class, () -> slow.getInputStream().read());
            assertArrayEquals(Server.ascii("done"), quick.getInputStream().readAllBytes());
        }
    }

    @Test
    void shutdown_leaves_no_thread() throws Exception {
        Listeners listeners = open(loopback(0), loopback(0));
        List<Socket> clients = new ArrayList<>();
        try {
            for (InetSocketAddress address : listeners.addresses()) {
                clients.add(new Socket(address.getAddress(), address.getPort()));
                assertEchoes(address);
            }
            assertTrue(!transportThreads().isEmpty());
        } finally {
            listeners.shutDown(PATIENCE);
            for (Socket client : clients) {
                client.close();
            }
        }
        await().until(ListenersTest::transportThreads, List.of()::equals);
    }

    private static CompletableFuture<Integer> shutDown(Listeners listeners, Duration drain) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return listeners.shutDown(drain);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }
}
