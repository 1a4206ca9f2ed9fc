package io.postern.transport;

import static io.postern.transport.Server.PATIENCE;
import static io.postern.transport.Server.ascii;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.postern.session.Connection;
import io.postern.tls.TlsMode;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Sockets, sessions and the engine together, with TLS and without. */
@ParameterizedClass
@EnumSource(TlsMode.class)
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WholeServerTest {

    private static final long GIB = 1L << 30;
    private static final String LOGIN = "USER u1\r\nPASS pw\r\n";

    /** More than the session's window and a chunk; far less than a message. */
    private static final long BOUNDED = 256 * 1024;

    @Parameter TlsMode mode;

    private static final class Client implements AutoCloseable {
        final Socket raw = new Socket();
        final Socket socket;
        final BufferedReader in;

        /** Whether the greeting was read on the way to TLS. */
        private boolean greeted;

        Client(Post post) throws IOException {
            raw.setTcpNoDelay(true);
            raw.setReceiveBufferSize(64 * 1024);
            raw.setSoTimeout((int) PATIENCE.toMillis());
            raw.connect(post.listeners.addresses().getFirst());
            socket = TestTls.secured(post.mode, raw);
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
            greeted = post.mode == TlsMode.STARTTLS;
        }

        /** Goes away without a word. */
        void reset() throws IOException {
            Server.reset(raw);
        }

        void send(String octets) throws IOException {
            socket.getOutputStream().write(ascii(octets));
        }

        /** Reads so many lines, each of which must say {@code +OK}. */
        void ok(int lines) throws IOException {
            int read = greeted ? 1 : 0;
            greeted = false;
            for (int n = read; n < lines; n++) {
                String line = in.readLine();
                assertTrue(line != null && line.startsWith("+OK"), line);
            }
        }

        /** Reads a message as it comes, and compares it to what the store has. */
        void message(long octets) throws IOException {
            ok(1);
            for (long n = 0; n < octets / Post.LINE; n++) {
                String stored = new String(Post.line(n), US_ASCII).stripTrailing();
                assertEquals(stored.startsWith(".") ? "." + stored : stored, in.readLine());
            }
            assertEquals(".", in.readLine());
        }

        void end() throws IOException {
            assertEquals(null, in.readLine());
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    @Tag("protocol-13")
    @Tag("protocol-21")
    @Tag("protocol-29")
    void commands_that_come_octet_by_octet_are_answered_and_QUIT_closes() throws Exception {
        try (Post post = new Post(mode, 6400);
                Client client = new Client(post)) {
            for (char octet : (LOGIN + "RETR 1\r\nDELE 1\r\nQUIT\r\n").toCharArray()) {
                client.send(String.valueOf(octet));
            }
            client.ok(3);
            client.message(6400);
            client.ok(2);
            client.end(); // though the client never closed
            await().until(post::quiet);
            assertEquals(1, post.removed.size());
        }
    }

    @Test
    @Tag("protocol-84")
    void ten_thousand_pipelined_commands_are_answered_in_order() throws Exception {
        long[] messages = new long[100];
        for (int n = 0; n < messages.length; n++) {
            messages[n] = 64L * (n + 1);
        }
        try (Post post = new Post(mode, messages);
                Client client = new Client(post)) {
            StringBuilder batch = new StringBuilder(LOGIN);
            for (int n = 0; n < 10_000; n++) {
                batch.append("LIST ").append(n % 100 + 1).append("\r\n");
            }
            CompletableFuture<Void> sender =
                    CompletableFuture.runAsync(() -> {
                        try {
                            client.send(batch + "QUIT\r\n");
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    });
            client.ok(3);
            for (int n = 0; n < 10_000; n++) {
                int number = n % 100 + 1;
                assertEquals("+OK " + number + " " + 64L * number, client.in.readLine());
            }
            client.ok(1);
            client.end();
            sender.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @Test
    void a_large_message_arrives_octet_by_octet_as_it_is_stored() throws Exception {
        long octets = 20_000_000 / Post.LINE * Post.LINE;
        try (Post post = new Post(mode, octets);
                Client client = new Client(post)) {
            client.send(LOGIN + "RETR 1\r\nQUIT\r\n");
            client.ok(3);
            client.message(octets);
            client.ok(1);
            client.end();
        }
    }

    @Test
    @Tag("protocol-24")
    @Tag("protocol-26")
    @Tag("protocol-85")
    void a_client_that_never_reads_a_gibibyte_costs_little_and_loses_nothing() throws Exception {
        try (Post post = new Post(mode, Duration.ofMillis(700), GIB);
                Client client = new Client(post)) {
            client.send(LOGIN + "DELE 1\r\nRSET\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
            Connection connection = post.connections.take();
            await().until(() -> post.listeners.sessions() == 1);
            long most = 0;
            while (!post.quiet() || connection.unsentOctets() > 0) {
                most = Math.max(most, connection.unsentOctets());
            }
            assertTrue(most > 0 && most <= BOUNDED, most + " octets unsent");
            assertEquals(List.of(), List.copyOf(post.removed));
            assertTrue(client.socket.isConnected());
        }
    }

    @Test
    @Tag("protocol-85")
    void a_client_that_pipelines_for_ever_and_never_reads_is_not_read_for_ever() throws Exception {
        try (Post post = new Post(mode, 6_400_000);
                Client client = new Client(post)) {
            Connection connection = post.connections.take();
            client.send(LOGIN);
            AtomicLong sent = new AtomicLong();
            CompletableFuture<Void> sender =
                    CompletableFuture.runAsync(() -> {
                        try {
                            while (sent.get() < 100_000_000) {
                                client.send("RETR 1\r\n".repeat(100));
                                sent.addAndGet(800);
                            }
                        } catch (IOException e) {
                            return; // reset at the end of the test
                        }
                        throw new AssertionError("it is read for ever");
                    });
            long most = 0;
            long before = -1;
            long stuckSince = System.nanoTime();
            while (System.nanoTime() - stuckSince < TimeUnit.SECONDS.toNanos(1)) {
                if (sent.get() != before) {
                    before = sent.get();
                    stuckSince = System.nanoTime();
                }
                most = Math.max(most, connection.unsentOctets());
            }
            assertTrue(most <= BOUNDED, most + " octets unsent");
            client.reset();
            sender.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            await().until(post::quiet);
        }
    }

    @Test
    @Tag("protocol-26")
    void a_client_that_half_closes_behind_QUIT_gets_every_answer() throws Exception {
        try (Post post = new Post(mode, 640_000, 64);
                Client client = new Client(post)) {
            client.send(LOGIN + "RETR 1\r\nRETR 2\r\nDELE 2\r\nQUIT\r\n");
            client.socket.shutdownOutput();
            client.ok(3);
            client.message(640_000);
            client.message(64);
            client.ok(2);
            client.end();
            await().until(post::quiet);
            assertEquals(1, post.removed.size());
        }
    }

    @Test
    @Tag("protocol-26")
    @Tag("protocol-147")
    void a_reset_after_any_octet_before_the_end_of_QUIT_removes_nothing() throws Exception {
        try (Post post = new Post(mode, 640, 64)) {
            String script = LOGIN + "DELE 1\r\nRETR 2\r\nQUIT\r\n";
            for (int octets = 0; octets < script.length(); octets++) {
                try (Client client = new Client(post)) {
                    client.send(script.substring(0, octets));
                    if (octets % 2 == 0) {
                        client.ok(1);
                    }
                    client.reset();
                }
                await().atMost(Duration.ofSeconds(1)).until(post::quiet);
            }
            assertEquals(List.of(), List.copyOf(post.removed));
        }
    }

    @Test
    @Tag("protocol-26")
    void a_client_that_goes_away_behind_QUIT_has_said_QUIT() throws Exception {
        try (Post post = new Post(mode, 640);
                Client client = new Client(post)) {
            post.commit = new CountDownLatch(1);
            client.send(LOGIN + "DELE 1\r\nQUIT\r\n");
            assertTrue(post.committing.await(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            client.reset();
            post.commit.countDown();
            await().until(post::quiet);
            assertEquals(1, post.removed.size());
        }
    }

    @Test
    void shutdown_finishes_an_update_and_answers_it() throws Exception {
        try (Post post = new Post(mode, 640);
                Client client = new Client(post)) {
            post.commit = new CountDownLatch(1);
            client.send(LOGIN + "DELE 1\r\nQUIT\r\n");
            assertTrue(post.committing.await(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            CompletableFuture<Integer> left =
                    CompletableFuture.supplyAsync(() -> {
                        try {
                            return post.listeners.shutDown(PATIENCE);
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    });
            await().until(() -> {
                try (Socket late = new Socket()) {
                    late.connect(post.listeners.addresses().getFirst());
                    return false;
                } catch (IOException e) {
                    return true; // it listens no more
                }
            });
            post.commit.countDown();
            client.ok(5);
            client.end();
            assertEquals(0, left.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            assertEquals(1, post.removed.size());
            assertEquals(0, post.locks.open());
        }
    }

    @Test
    @Tag("protocol-142")
    void shutdown_closes_an_idle_session_without_a_line() throws Exception {
        try (Post post = new Post(mode, 640);
                Client client = new Client(post)) {
            client.send(LOGIN + "DELE 1\r\n");
            client.ok(4);
            assertEquals(0, post.listeners.shutDown(PATIENCE));
            client.end();
            assertEquals(List.of(), List.copyOf(post.removed));
            assertEquals(0, post.locks.open());
        }
    }

    @Test
    void two_hundred_users_on_one_io_thread_each_get_their_mail() throws Exception {
        try (Post post = new Post(mode, 64_000)) {
            List<Client> clients = new ArrayList<>();
            try {
                for (int n = 0; n < 200; n++) {
                    clients.add(new Client(post));
                }
                for (int n = 0; n < 200; n++) {
                    clients.get(n)
                            .send("USER u" + n + "\r\nPASS pw\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
                }
                for (Client client : clients) {
                    client.ok(3);
                    client.message(64_000);
                    client.ok(2);
                    client.end();
                }
            } finally {
                for (Client client : clients) {
                    client.close();
                }
            }
            await().until(post::quiet);
            assertEquals(200, post.removed.size());
        }
    }

    @Test
    void noise_ends_in_an_answer_or_a_close_and_harms_nobody() throws Exception {
        try (Post post = new Post(mode, 640);
                Client good = new Client(post);
                Client noisy = new Client(post)) {
            byte[] noise = new byte[1 << 20];
            for (int n = 0; n < noise.length; n++) {
                noise[n] = (byte) (n * 31 + (n >> 8)); // every octet, CR and LF among them
            }
            CompletableFuture<Void> drained =
                    CompletableFuture.runAsync(() -> {
                        try {
                            noisy.socket.getInputStream().readAllBytes();
                        } catch (IOException e) {
                            // reset by the server: as good as a close here
                        }
                    });
            try {
                noisy.socket.getOutputStream().write(noise);
                noisy.socket.shutdownOutput();
            } catch (IOException e) {
                assertTrue(noisy.socket.isConnected()); // closed while we sent
            }
            drained.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            good.send(LOGIN + "QUIT\r\n");
            good.ok(4);
            good.end();
            await().until(post::quiet);
            assertArrayEquals(new Object[0], post.removed.toArray());
        }
    }
}
