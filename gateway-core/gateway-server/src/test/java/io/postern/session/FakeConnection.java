package io.postern.session;

import io.postern.limit.Gate;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A client's end without a socket. It reads at once all that is written, unless told not to. */
final class FakeConnection implements Connection {
    /** Bound of every wait. A test that needs it has failed. */
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);

    private final List<String> journal;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private InetAddress address = InetAddress.getLoopbackAddress();
    private Gate.Entry place = Gate.open().admit(address);
    Map<String, String> proxied = Map.of();
    private Session session;
    private int read;
    private boolean reading = true;
    private boolean stalled;
    private long unsent;
    private long mostUnsent;
    private int writes;
    private boolean suspended;
    private int suspensions;
    private boolean closed;
    private boolean aborted;
    private boolean offersTls;
    private boolean plaintext = true;
    private boolean handshaking;
    private Encryption encryption;

    /**
     * @param journal gets a line for each write and for the closing
     */
    FakeConnection(List<String> journal) {
        this.journal = journal;
    }

    /** Who hears that the connection is gone. */
    void tells(Session hearing) {
        session = hearing;
    }

    /** The gate it comes by, unless it is the open one. */
    FakeConnection by(Gate gate, InetAddress from) {
        address = from;
        place = gate.admit(from);
        return this;
    }

    @Override
    public InetSocketAddress client() {
        return new InetSocketAddress(address, 50_000);
    }

    @Override
    public Gate.Entry place() {
        return place;
    }

    @Override
    public Map<String, String> proxied() {
        return proxied;
    }

    @Override
    public InetSocketAddress listener() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 110);
    }

    @Override
    public synchronized Optional<Encryption> encryption() {
        return Optional.ofNullable(encryption);
    }

    @Override
    public synchronized boolean plaintextAllowed() {
        return plaintext || encryption != null;
    }

    @Override
    public synchronized boolean offersTls() {
        return offersTls && encryption == null;
    }

    @Override
    public synchronized void startTls(ByteBuffer lastWords) {
        write(lastWords);
        handshaking = true;
        notifyAll();
    }

    /** The listener has STLS, and passwords may not travel in the clear. */
    FakeConnection withStls() {
        offersTls = true;
        plaintext = false;
        return this;
    }

    /** Passwords may not travel in the clear, and the listener has no STLS. */
    FakeConnection withoutPasswords() {
        plaintext = false;
        return this;
    }

    /** Passwords may travel in the clear all the same. */
    FakeConnection withPasswords() {
        plaintext = true;
        return this;
    }

    /** The client ends the handshake, once the server has begun it. */
    void secures(Encryption with) throws InterruptedException {
        var until = System.nanoTime() + PATIENCE;
        synchronized (this) {
            while (!handshaking) {
                waitUntil(until);
            }
            encryption = with;
        }
        session.secured();
    }

    @Override
    public synchronized boolean write(ByteBuffer octets) {
        if (closed) {
            return true;
        }
        writes++;
        var copy = new byte[octets.remaining()];
        octets.get(copy);
        journal.add(
                "write "
                        + new String(copy, StandardCharsets.ISO_8859_1)
                                .lines()
                                .findFirst()
                                .orElse(""));
        written.writeBytes(copy);
        if (!reading) {
            unsent += copy.length;
            mostUnsent = Math.max(mostUnsent, unsent);
        }
        notifyAll();
        return true;
    }

    @Override
    public synchronized long unsentOctets() {
        return unsent;
    }

    @Override
    public synchronized boolean awaitUnsentAtMost(long octets) throws InterruptedException {
        while (unsent > octets && !closed && !stalled) {
            wait();
        }
        return !closed && !stalled;
    }

    @Override
    public synchronized void suspendReading() {
        suspended = true;
        suspensions++;
    }

    @Override
    public synchronized void resumeReading() {
        suspended = false;
    }

    @Override
    public void close() {
        end(false);
    }

    @Override
    public void abort() {
        end(true);
    }

    private void end(boolean abruptly) {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            aborted = abruptly;
            unsent = 0;
            journal.add(abruptly ? "abort" : "close");
            notifyAll();
        }
        session.closed();
    }

    // ---- the client

    /** The client stops to take what is written. */
    synchronized void readsNoMore() {
        reading = false;
    }

    /** It takes all that is there, and goes on so. */
    synchronized void readsAgain() {
        reading = true;
        unsent = 0;
        notifyAll();
    }

    /** The transport has waited for long enough. */
    synchronized void stalls() {
        stalled = true;
        notifyAll();
    }

    /** The connection breaks. */
    void drops() {
        synchronized (this) {
            closed = true;
            unsent = 0;
            notifyAll();
        }
        session.closed();
    }

    Session session() {
        return session;
    }

    void says(String octets) {
        session.received(ByteBuffer.wrap(octets.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** The next line that was written, without its end. */
    synchronized String line() throws InterruptedException {
        var until = System.nanoTime() + PATIENCE;
        while (true) {
            var text = unread();
            var end = text.indexOf("\r\n");
            if (end >= 0) {
                read += end + 2;
                return text.substring(0, end);
            }
            if (closed) {
                throw new AssertionError("closed with no further line, only: " + text);
            }
            waitUntil(until);
        }
    }

    /** All that was written up to the closing and not taken by {@link #line}. */
    synchronized String rest() throws InterruptedException {
        var until = System.nanoTime() + PATIENCE;
        while (!closed) {
            waitUntil(until);
        }
        return unread();
    }

    /** All that was written and not taken so far. */
    synchronized String unread() {
        return written.toString(StandardCharsets.ISO_8859_1).substring(read);
    }

    private void waitUntil(long until) throws InterruptedException {
        var left = until - System.nanoTime();
        if (left <= 0) {
            throw new AssertionError("nothing more was written than: " + unread());
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
    }

    synchronized long mostUnsent() {
        return mostUnsent;
    }

    synchronized int writes() {
        return writes;
    }

    synchronized boolean suspended() {
        return suspended;
    }

    synchronized int suspensions() {
        return suspensions;
    }

    synchronized boolean closed() {
        return closed;
    }

    synchronized boolean aborted() {
        return aborted;
    }
}
