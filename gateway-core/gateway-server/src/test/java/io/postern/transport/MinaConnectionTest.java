package io.postern.transport;

import static io.postern.transport.Server.PATIENCE;
import static io.postern.transport.Server.ascii;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.session.Connection;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MinaConnectionTest {

    private static final long GIB = 1L << 30;
    private static final int CHUNK = 64 * 1024;
    private static final int WINDOW = 128 * 1024;

    /** Sends a long reply as a session does: in chunks, with the unsent octets as the brake. */
    private static final class Streamer extends FakeSession {
        final long octets;
        final AtomicLong mostUnsent = new AtomicLong();
        final CompletableFuture<Boolean> complete = new CompletableFuture<>();

        Streamer(Connection connection, long octets) {
            super(connection);
            this.octets = octets;
        }

        @Override
        public void received(ByteBuffer command) {
            Thread.startVirtualThread(this::stream);
        }

        private void stream() {
            try {
                for (long at = 0; at < octets; at += CHUNK) {
                    connection.write(numbers(at, (int) Math.min(CHUNK, octets - at)));
                    mostUnsent.accumulateAndGet(connection.unsentOctets(), Math::max);
                    if (!connection.awaitUnsentAtMost(WINDOW)) {
                        complete.complete(false);
                        return;
                    }
                }
                complete.complete(connection.awaitUnsentAtMost(0));
                connection.close();
            } catch (InterruptedException | RuntimeException | Error e) {
                complete.completeExceptionally(e);
            }
        }
    }

    /** Octets that tell their place: the stream is the numbers 0, 1, 2, ... of four octets each. */
    private static ByteBuffer numbers(long from, int octets) {
        ByteBuffer chunk = ByteBuffer.allocate(octets);
        for (long n = from / 4; chunk.hasRemaining(); n++) {
            chunk.putInt((int) n);
        }
        return chunk.flip();
    }

    private static void assertNumbers(InputStream in, long octets) throws IOException {
        DataInputStream data = new DataInputStream(new BufferedInputStream(in, CHUNK));
        for (long n = 0; n < octets / 4; n++) {
            if (data.readInt() != (int) n) {
                throw new AssertionError("out of place at octet " + 4 * n);
            }
        }
    }

    @Test
    @Tag("protocol-13")
    void octets_arrive_in_order_however_the_client_splits_them() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect()) {
            byte[] sent = new byte[20_000];
            new Random(13).nextBytes(sent);
            CompletableFuture<Void> sender =
                    CompletableFuture.runAsync(() -> sendSplit(client, sent));
            assertArrayEquals(sent, client.getInputStream().readNBytes(sent.length));
            sender.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** The first thousand octets one by one, the rest in pieces of any size. */
    private static void sendSplit(Socket client, byte[] octets) {
        try {
            Random random = new Random(1);
            OutputStream out = client.getOutputStream();
            int at = 0;
            while (at < octets.length) {
                int size = Math.min(at < 1000 ? 1 : random.nextInt(1, 700), octets.length - at);
                out.write(octets, at, size);
                at += size;
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void small_writes_keep_their_order() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect()) {
            Connection connection = server.session().connection;
            int octets = 400_000;
            Thread.startVirtualThread(() -> {
                for (int at = 0; at < octets; at += 4) {
                    connection.write(numbers(at, 4));
                }
            });
            assertNumbers(client.getInputStream(), octets);
        }
    }

    @Test
    void each_of_many_writers_keeps_its_order() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect()) {
            Connection connection = server.session().connection;
            int writers = 8;
            int each = 5_000;
            for (int w = 0; w < writers; w++) {
                int writer = w;
                Thread.startVirtualThread(() -> {
                    for (int n = 0; n < each; n++) {
                        ByteBuffer octets = ByteBuffer.allocate(8);
                        connection.write(octets.putInt(writer).putInt(n).flip());
                    }
                });
            }
            DataInputStream in =
                    new DataInputStream(new BufferedInputStream(client.getInputStream()));
            int[] next = new int[writers];
            for (int n = 0; n < writers * each; n++) {
                int writer = in.readInt();
                assertEquals(next[writer]++, in.readInt());
            }
        }
    }

    @Test
    void a_client_that_half_closes_gets_all_it_asked_for_and_is_told_once() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        class Patient extends FakeSession {
            Patient(Connection connection) {
                super(connection);
            }

            @Override
            public void inputClosed() {
                inputClosed.incrementAndGet(); // and closes later, when it has answered
            }
        }
        try (var server = new Server<>(Patient::new);
                Socket client = server.connect()) {
            byte[] sent = new byte[2_000_000];
            new Random(14).nextBytes(sent);
            CompletableFuture<byte[]> got =
                    CompletableFuture.supplyAsync(() -> {
                        try {
                            byte[] all = client.getInputStream().readNBytes(sent.length);
                            answered.countDown();
                            return all;
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    });
            client.getOutputStream().write(sent);
            client.shutdownOutput();
            Patient session = server.session();
            assertArrayEquals(sent, got.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            assertTrue(answered.await(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            await().until(() -> session.inputClosed.get() > 0);
            // MINA would repeat it at every select; a write makes it select again.
            for (int n = 0; n < 50; n++) {
                session.connection.suspendReading();
                session.connection.resumeReading();
                session.connection.write(ByteBuffer.wrap(ascii("x")));
                assertEquals('x', client.getInputStream().read());
            }
            assertEquals(1, session.inputClosed.get());
            session.connection.close();
            assertEquals(-1, client.getInputStream().read());
        }
    }

    @Test
    @Tag("protocol-26")
    void a_reset_at_any_time_closes_the_session_once_and_wakes_who_waits() throws Exception {
        try (var server = new Server<>(c -> new Streamer(c, GIB))) {
            Random random = new Random(26);
            for (int n = 0; n < 100; n++) {
                Socket client = server.connect();
                Streamer session = server.session();
                boolean asked = n % 4 > 0;
                if (asked) {
                    client.getOutputStream().write(ascii("go"));
                    client.getInputStream().readNBytes(random.nextInt(300_000) * (n % 2));
                }
                Server.reset(client);
                await().until(() -> session.closed.get() == 1);
                if (asked && session.received.get() > 0) {
                    assertFalse(session.complete.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
                }
                assertEquals(0, session.connection.unsentOctets());
            }
            await().until(() -> server.listeners.sessions() == 0);
        }
    }

    @Test
    @Tag("protocol-24")
    @Tag("protocol-85")
    void a_client_that_never_reads_costs_a_bounded_buffer_and_is_cut_off_in_the_end()
            throws Exception {
        try (var server = new Server<>(Duration.ofMillis(500), c -> new Streamer(c, GIB));
                Socket client = server.connect()) {
            client.getOutputStream().write(ascii("go"));
            Streamer session = server.session();
            assertFalse(session.complete.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            await().until(() -> session.closed.get() == 1);
            assertTrue(session.mostUnsent.get() <= WINDOW + CHUNK, session.mostUnsent::toString);
        }
    }

    @Test
    @Tag("protocol-24")
    void a_slow_reader_gets_every_octet_however_long_it_takes() throws Exception {
        Duration stall = Duration.ofMillis(600);
        long octets = 8_000_000;
        try (var server = new Server<>(stall, c -> new Streamer(c, octets));
                Socket client = server.connect(16 * 1024)) {
            client.getOutputStream().write(ascii("go"));
            Streamer session = server.session();
            long start = System.nanoTime();
            InputStream slow =
                    new InputStream() {
                        private int left = 100_000;

                        @Override
                        public int read() throws IOException {
                            throw new UnsupportedOperationException();
                        }

                        @Override
                        public int read(byte[] to, int at, int length) throws IOException {
                            if (left == 0) {
                                session.awaitTick();
                                left = 100_000;
                            }
                            int got = client.getInputStream().read(to, at, Math.min(length, left));
                            left -= Math.max(got, 0);
                            return got;
                        }
                    };
            assertNumbers(slow, octets);
            assertTrue(session.complete.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            assertTrue(
                    System.nanoTime() - start > stall.toNanos(),
                    "took less than the stall limit, so it proves nothing");
        }
    }

    @Test
    void a_single_stuck_buffer_is_a_stall_too() throws Exception {
        try (var server = new Server<>(Duration.ofMillis(300), FakeSession::new);
                Socket client = server.connect()) {
            FakeSession session = server.session();
            session.connection.write(ByteBuffer.allocate(100_000_000));
            await().until(() -> session.closed.get() == 1);
            assertTrue(client.isConnected());
        }
    }

    @Test
    void silence_is_no_stall_while_nothing_is_unsent() throws Exception {
        try (var server = new Server<>(Duration.ofMillis(60), FakeSession::new);
                Socket client = server.connect()) {
            FakeSession session = server.session();
            for (int n = 0; n < 20; n++) {
                session.awaitTick();
            }
            client.getOutputStream().write('x');
            assertEquals('x', client.getInputStream().read());
        }
    }

    @Test
    @Tag("protocol-21")
    @Tag("protocol-29")
    void close_sends_all_that_was_written_and_nothing_after() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect(16 * 1024)) {
            FakeSession session = server.session();
            int octets = 5_000_000;
            session.connection.write(numbers(0, octets));
            session.connection.close();
            session.connection.write(ByteBuffer.wrap(ascii("too late")));
            client.getOutputStream().write(ascii("noise that nobody wants")); // no reset by it
            assertNumbers(client.getInputStream(), octets);
            assertEquals(-1, client.getInputStream().read());
            await().until(() -> session.closed.get() == 1);
            assertEquals(0, session.received.get());
        }
    }

    @Test
    @Tag("protocol-29")
    void close_ends_even_if_the_client_never_reads() throws Exception {
        try (var server = new Server<>(Duration.ofMillis(300), FakeSession::new);
                Socket client = server.connect()) {
            FakeSession session = server.session();
            session.connection.write(ByteBuffer.allocate(50_000_000));
            session.connection.close();
            await().until(() -> session.closed.get() == 1);
            assertTrue(client.isConnected());
        }
    }

    @Test
    void close_drains_a_client_whose_reading_was_suspended() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect(16 * 1024)) {
            FakeSession session = server.session();
            session.connection.suspendReading();
            client.getOutputStream().write(new byte[100_000]);
            int octets = 3_000_000;
            session.connection.write(numbers(0, octets));
            session.connection.close();
            assertNumbers(client.getInputStream(), octets);
            assertEquals(-1, client.getInputStream().read());
        }
    }

    @Test
    void abort_resets_at_once() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect()) {
            FakeSession session = server.session();
            session.connection.write(ByteBuffer.allocate(50_000_000));
            session.connection.abort();
            await().until(() -> session.closed.get() == 1);
            assertThrows(
                    SocketException.class,
                    () -> client.getInputStream().transferTo(OutputStream.nullOutputStream()));
            assertFalse(session.connection.awaitUnsentAtMost(0));
        }
    }

    @Test
    void a_wait_can_be_interrupted() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect()) {
            Connection connection = server.session().connection;
            connection.write(ByteBuffer.allocate(50_000_000));
            CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
            Thread waiting =
                    Thread.startVirtualThread(() -> {
                        try {
                            connection.awaitUnsentAtMost(0);
                            interrupted.complete(false);
                        } catch (InterruptedException e) {
                            interrupted.complete(true);
                        }
                    });
            waiting.interrupt();
            assertTrue(interrupted.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            assertTrue(client.isConnected());
        }
    }

    @Test
    @Tag("protocol-85")
    void suspended_reading_leaves_the_octets_with_the_client_and_resumes_at_once()
            throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect()) {
            FakeSession session = server.session();
            for (int n = 1; n <= 5; n++) {
                session.connection.suspendReading();
                // Once the I/O thread has done a later thing, it has done that one.
                session.connection.write(ByteBuffer.wrap(ascii("!")));
                assertEquals('!', client.getInputStream().read());
                session.awaitTick();
                long before = session.received.get();
                client.getOutputStream().write('x');
                for (int ticks = 0; ticks < 5; ticks++) {
                    session.awaitTick();
                }
                assertEquals(before, session.received.get());
                long resumed = System.nanoTime();
                session.connection.resumeReading();
                assertEquals('x', client.getInputStream().read());
                long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - resumed);
                assertTrue(took < 500, () -> took + " ms");
            }
        }
    }

    @Test
    void suspending_and_resuming_from_other_threads_never_makes_a_session_deaf() throws Exception {
        class Toggling extends FakeSession {
            Toggling(Connection connection) {
                super(connection);
            }

            @Override
            public void received(ByteBuffer octets) {
                connection.suspendReading();
                Thread.startVirtualThread(() -> {
                    connection.write(octets);
                    connection.resumeReading();
                });
            }
        }
        try (var server = new Server<>(Toggling::new);
                Socket client = server.connect()) {
            for (int n = 0; n < 20_000; n++) {
                client.getOutputStream().write(n);
                assertEquals(n & 0xff, client.getInputStream().read());
            }
        }
    }

    @Test
    void suspending_and_resuming_never_stops_a_buffer_that_is_half_out() throws Exception {
        try (var server = new Server<>(FakeSession::new);
                Socket client = server.connect(16 * 1024)) {
            FakeSession session = server.session();
            int octets = 20_000_000;
            AtomicBoolean done = new AtomicBoolean();
            session.connection.write(numbers(0, octets)); // one buffer, so nothing is queued behind
            Thread toggling =
                    Thread.startVirtualThread(() -> {
                        while (!done.get()) {
                            session.connection.suspendReading();
                            session.connection.resumeReading();
                            LockSupport.parkNanos(20_000); // a pace for it, not a wait
                        }
                    });
            try {
                assertNumbers(client.getInputStream(), octets);
            } finally {
                done.set(true);
            }
            toggling.join();
        }
    }

    @Test
    void a_session_that_waits_does_not_delay_another_on_the_same_thread() throws Exception {
        try (var server = new Server<>(c -> new Streamer(c, GIB));
                Socket stuck = server.connect();
                Socket quick = server.connect()) {
            stuck.getOutputStream().write(ascii("go"));
            Streamer first = server.session();
            Streamer second = server.session();
            await().until(() -> first.connection.unsentOctets() > WINDOW);
            for (int n = 0; n < 100; n++) {
                long asked = System.nanoTime();
                second.connection.write(ByteBuffer.wrap(ascii("x")));
                assertEquals('x', quick.getInputStream().read());
                long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - asked);
                assertTrue(took < 1000, () -> took + " ms");
            }
            assertNull(first.complete.getNow(null), "it should still be waiting");
        }
    }
}
