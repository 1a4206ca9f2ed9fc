package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.postern.limit.Gate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The guard against what makes the server slow without making it wrong: memory for each command.
 * Octets are counted, no time is taken, so a busy machine changes nothing.
 */
class AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Most for a command that needs no plugin, octets. It is about half of that. */
    private static final long COMMAND = 512;

    /** Most for a message, octets: less than any buffer that it could be held in. */
    private static final long MESSAGE = 16 * 1024;

    private static final int BATCH = 500;

    /** A client that reads all at once and keeps nothing. */
    private static final class Sink implements Connection {
        private final Gate.Entry place = Gate.open().admit(InetAddress.getLoopbackAddress());
        final Semaphore octets = new Semaphore(0);

        @Override
        public InetSocketAddress client() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 50_000);
        }

        @Override
        public InetSocketAddress listener() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 110);
        }

        @Override
        public Gate.Entry place() {
            return place;
        }

        @Override
        public Map<String, String> proxied() {
            return Map.of();
        }

        @Override
        public Optional<Encryption> encryption() {
            return Optional.empty();
        }

        @Override
        public boolean plaintextAllowed() {
            return true;
        }

        @Override
        public boolean offersTls() {
            return false;
        }

        @Override
        public void startTls(ByteBuffer lastWords) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean write(ByteBuffer written) {
            var part = written.remaining();
            written.position(written.limit());
            octets.release(part);
            return true;
        }

        @Override
        public long unsentOctets() {
            return 0;
        }

        @Override
        public boolean awaitUnsentAtMost(long most) {
            return true;
        }

        @Override
        public void suspendReading() {}

        @Override
        public void resumeReading() {}

        @Override
        public void close() {}

        @Override
        public void abort() {}
    }

    private static Session loggedIn(Scene scene, Sink client) {
        var session = scene.sessions().begin(client);
        session.opened();
        session.received(octets("USER alice\r\nPASS " + Scene.SECRET + "\r\n"));
        Scene.until(session::resting);
        var _ = client.octets.drainPermits();
        return session;
    }

    private static ByteBuffer octets(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Octets that this thread allocates for a pipelined command. */
    private static long perCommand(String command) {
        var session = loggedIn(Scene.usual(), new Sink());
        var batch = octets((command + "\r\n").repeat(BATCH));
        session.received(batch.duplicate()); // classes are loaded with this
        var before = THREADS.getCurrentThreadAllocatedBytes();
        session.received(batch);
        var allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(session.resting(), command + " is answered where it arrives");
        return allocated / BATCH;
    }

    @ParameterizedTest
    @ValueSource(strings = {"NOOP", "STAT", "LIST 2", "UIDL 2", "DELE 9"})
    void aPipelinedCommandAllocatesLittle(String command) {
        var octets = perCommand(command);
        assertTrue(octets <= COMMAND, command + " allocates " + octets + " octets");
    }

    @Test
    void theGuardSeesACommandThatAllocatesMore() {
        assertFalse(perCommand("CAPA") <= COMMAND);
    }

    /** Octets that all threads allocate for a message of 48 KiB. */
    private static long perMessage(Scene scene) throws InterruptedException {
        var client = new Sink();
        var session = loggedIn(scene, client);
        var messages = 200;
        retrieve(session, client, messages); // classes are loaded, and the chunks made, with this
        Scene.until(session::resting);
        var _ = client.octets.drainPermits();
        var before = THREADS.getTotalThreadAllocatedBytes();
        retrieve(session, client, messages);
        var allocated = THREADS.getTotalThreadAllocatedBytes() - before;
        return allocated / messages;
    }

    private static void retrieve(Session session, Sink client, int messages)
            throws InterruptedException {
        session.received(octets("RETR 1\r\n".repeat(messages)));
        assertTrue(
                client.octets.tryAcquire(messages * 48 * 1024, 60, TimeUnit.SECONDS),
                "the messages did not come");
    }

    private static Scene oneMessage() {
        return new Scene("Subject: one\n\n" + "A line of some length, and no dot.\n".repeat(1400));
    }

    @Test
    void aMessageGoesThroughWithoutABufferOfItsOwn() throws InterruptedException {
        var octets = perMessage(oneMessage());
        assertTrue(octets <= MESSAGE, "a message allocates " + octets + " octets");
    }

    @Test
    void theGuardSeesABufferForEachMessage() throws InterruptedException {
        var scene = oneMessage();
        var planted = new AtomicReference<byte[]>();
        scene.store.content =
                in -> {
                    planted.set(new byte[64 * 1024]); // kept, so that it cannot be left out
                    return in;
                };
        assertFalse(perMessage(scene) <= MESSAGE);
    }
}
