package io.postern.transport;

import io.postern.limit.Gate;
import io.postern.session.Connection;
import io.postern.session.Encryption;

import org.apache.mina.core.RuntimeIoException;
import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.core.session.IoSession;
import org.apache.mina.transport.socket.SocketSessionConfig;
import org.apache.mina.transport.socket.nio.NioSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

import javax.net.ssl.SSLSession;

/**
 * One client's socket. Keeps its own account of what is unsent, for MINA's write futures report
 * octets as written that never left, or never complete, once a connection is lost. Here the account
 * ends with the connection: whoever waits is woken then.
 *
 * <p>Any thread. The lock is a leaf: it is held for moments, and nothing that could take another
 * lock is called under it, MINA's write least of all.
 */
final class MinaConnection implements Connection {

    private static final Logger log = LoggerFactory.getLogger(MinaConnection.class);

    /** Buffers MINA may have at a time. Many small ones cost it more heap than they are worth. */
    private static final int MAX_HANDED_OVER = 8;

    /** Smaller buffers that have to wait are joined up to this many octets. */
    private static final int JOINED_OCTETS = 16 * 1024;

    /** What is read away at once, octets, and how often: more than a client sends ahead. */
    private static final int AWAY = 16 * 1024;

    private static final int AWAY_ROUNDS = 256;

    private static final String TLS = "tls";

    /** Whether what fits the kernel's buffer goes there at once; to be switched off by tests. */
    private static final boolean DIRECT =
            Boolean.parseBoolean(System.getProperty("postern.direct-writes", "true"));

    private final IoSession io;

    /** Written to by whoever has something to send while MINA has nothing of ours; or null. */
    private final WritableByteChannel socket;

    private final ListenerSettings settings;
    private final Gate.Entry place;
    private final Map<String, String> proxied;
    private final InetSocketAddress client;
    private final InetSocketAddress listener;
    private final long writeStallNanos;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition lessUnsent = lock.newCondition();

    // All below are guarded by the lock.
    private final Deque<ByteBuffer> waiting = new ArrayDeque<>();
    private final Deque<Integer> handedOver = new ArrayDeque<>(); // octets of each
    private boolean handingOver;
    private long unsent;
    private long taken; // octets, by the kernel; some of them stand in MINA's account, too
    private long writtenAtProgress;
    private long progressAt = System.nanoTime();
    private boolean suspended;
    private boolean inputEnded;
    private boolean closing;
    private boolean closed;
    private boolean handshaking;
    private long handshakeAt;

    /** Set by the thread that begins TLS, before anything is encrypted. */
    private volatile TlsFilter tls;

    private volatile Encryption encryption;

    /**
     * @param io open, with its addresses known
     * @param place given back when it is closed
     * @param writeStallNanos how long the client may take nothing, ns
     */
    MinaConnection(
            IoSession io, ListenerSettings settings, Gate.Entry place, long writeStallNanos) {
        this.io = io;
        this.socket = directly(io);
        this.settings = settings;
        this.client = client(io);
        this.place = place;
        this.proxied = proxied(io);
        this.listener = (InetSocketAddress) io.getLocalAddress();
        this.writeStallNanos = writeStallNanos;
    }

    /** The socket, for writes that pass MINA by; null where they are switched off. */
    static WritableByteChannel directly(IoSession io) {
        return DIRECT && io instanceof NioSession nio ? nio.getChannel() : null;
    }

    /** What a proxy says, or else the socket's address. */
    static InetSocketAddress client(IoSession io) {
        return ProxyFilter.header(io)
                .flatMap(ProxyHeader::client)
                .orElseGet(() -> (InetSocketAddress) io.getRemoteAddress());
    }

    private static Map<String, String> proxied(IoSession io) {
        var facts = new LinkedHashMap<String, String>();
        ProxyFilter.header(io)
                .ifPresent(header -> {
                    facts.put("by", io.getRemoteAddress().toString().replaceFirst("^/", ""));
                    facts.putAll(header.facts());
                });
        return Collections.unmodifiableMap(facts);
    }

    @Override
    public InetSocketAddress client() {
        return client;
    }

    @Override
    public InetSocketAddress listener() {
        return listener;
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
    public Optional<Encryption> encryption() {
        return Optional.ofNullable(encryption);
    }

    @Override
    public boolean plaintextAllowed() {
        return encryption != null || proxied.containsKey("tls") || settings.allowPlaintext();
    }

    @Override
    public boolean offersTls() {
        return tls == null && settings.tls().isPresent();
    }

    @Override
    public void startTls(ByteBuffer lastWords) {
        int octets = lastWords.remaining();
        lock.lock();
        try {
            if (closing) {
                return;
            }
            progressAt = System.nanoTime();
            unsent += octets;
            handedOver.add(octets);
        } finally {
            lock.unlock();
        }
        // In this order: the handshake of a quick client must not come before the filter, and what
        // TLS has to say to it not before the answer.
        addTls();
        io.getFilterChain().fireFilterWrite(new ClearText(io, IoBuffer.wrap(lastWords)));
        tls.begin();
    }

    /** From now on nothing is read but TLS, and nothing written but TLS. */
    void encrypt() {
        addTls();
        tls.begin();
    }

    private void addTls() {
        lock.lock();
        try {
            handshaking = true;
            handshakeAt = System.nanoTime();
        } finally {
            lock.unlock();
        }
        tls = new TlsFilter(settings.tls().orElseThrow().keys(), io);
        io.getFilterChain().addFirst(TLS, tls);
    }

    /** The handshake is done. On a thread of MINA's, before anything decrypted comes. */
    void secured(SSLSession session) {
        lock.lock();
        try {
            handshaking = false;
        } finally {
            lock.unlock();
        }
        encryption = new TlsSession(session);
    }

    /** TLS has failed: says so to the client, and closes. */
    void tlsFailed() {
        lock.lock();
        try {
            closing = true;
            progressAt = System.nanoTime(); // the alert has the time that an answer has
        } finally {
            lock.unlock();
        }
        finish();
    }

    @Override
    public boolean write(ByteBuffer octets) {
        if (!octets.hasRemaining()) {
            return true;
        }
        boolean atOnce;
        lock.lock();
        try {
            if (closing) {
                return true;
            }
            atOnce = socket != null && tls == null && unsent == 0 && !handingOver;
            if (unsent == 0) {
                progressAt = System.nanoTime();
            }
            unsent += octets.remaining();
            if (atOnce) {
                handingOver = true;
            } else {
                waiting.add(octets);
            }
        } finally {
            lock.unlock();
        }
        if (atOnce) {
            return writeAtOnce(octets);
        }
        handOver();
        return unsentOctets() == 0; // if all is sent, this is, too
    }

    /**
     * Gives the kernel what it takes, and MINA the rest. This thread hands over: no other one
     * writes meanwhile.
     */
    private boolean writeAtOnce(ByteBuffer octets) {
        int before = octets.remaining();
        try {
            socket.write(octets);
        } catch (IOException e) {
            log.debug("client={} is gone; MINA finds out by what is left", client, e);
        }
        boolean whole = !octets.hasRemaining();
        boolean last;
        lock.lock();
        try {
            handingOver = false;
            if (closed) {
                return true;
            }
            int written = before - octets.remaining();
            unsent -= written;
            taken += written;
            if (!whole) {
                waiting.addFirst(octets);
            }
            lessUnsent.signalAll();
            last = closing && unsent == 0;
        } finally {
            lock.unlock();
        }
        if (last) {
            finish();
        } else {
            handOver();
        }
        return whole;
    }

    /** Gives MINA what it may have. One thread at a time, so that the order holds. */
    private void handOver() {
        IoBuffer next = takeNext(false);
        while (next != null) {
            io.write(next);
            next = takeNext(true);
        }
    }

    private IoBuffer takeNext(boolean mine) {
        lock.lock();
        try {
            if (mine) {
                handingOver = false;
            }
            if (handingOver || waiting.isEmpty() || handedOver.size() == MAX_HANDED_OVER) {
                return null;
            }
            IoBuffer next = IoBuffer.wrap(join());
            handedOver.add(next.remaining());
            handingOver = true;
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** Takes the first waiting buffer, with those behind it as far as they fit. */
    private ByteBuffer join() {
        ByteBuffer first = waiting.remove();
        int octets = first.remaining();
        int more = 0;
        for (ByteBuffer next : waiting) {
            if (octets + next.remaining() > JOINED_OCTETS) {
                break;
            }
            octets += next.remaining();
            more++;
        }
        if (more == 0) {
            return first;
        }
        ByteBuffer joined = ByteBuffer.allocate(octets).put(first);
        for (; more > 0; more--) {
            joined.put(waiting.remove());
        }
        return joined.flip();
    }

    /** The kernel has all of the oldest buffer that MINA had. On the I/O thread. */
    void sent() {
        boolean last;
        lock.lock();
        try {
            if (handedOver.isEmpty()) {
                return; // closed meanwhile
            }
            int octets = handedOver.remove();
            unsent -= octets;
            taken += octets;
            lessUnsent.signalAll();
            last = closing && unsent == 0;
        } finally {
            lock.unlock();
        }
        if (last) {
            finish();
        } else {
            handOver();
        }
    }

    @Override
    public long unsentOctets() {
        lock.lock();
        try {
            return unsent;
        } finally {
            lock.unlock();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Has no timer of its own: {@link #tick} closes a stalled connection, and that ends the
     * wait.
     */
    @Override
    public boolean awaitUnsentAtMost(long octets) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed && unsent > octets) {
                lessUnsent.await();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void suspendReading() {
        suspend(true);
    }

    @Override
    public void resumeReading() {
        suspend(false);
    }

    private void suspend(boolean wanted) {
        lock.lock();
        try {
            if (closing || inputEnded || suspended == wanted) {
                return;
            }
            suspended = wanted;
            if (wanted) {
                io.suspendRead();
            } else {
                io.resumeRead();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The client will send nothing more. MINA would say so again at every select. */
    void inputClosed() {
        lock.lock();
        try {
            inputEnded = true;
            io.suspendRead();
        } finally {
            lock.unlock();
        }
    }

    /** Whether what the client sends is still for the session. */
    boolean listening() {
        lock.lock();
        try {
            return !closing;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Cuts the client off if it has taken nothing for too long, or does not end its handshake.
     *
     * @param now {@link System#nanoTime}
     */
    void tick(long now) {
        String why;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            if (handshaking && now - handshakeAt >= handshakeLimitNanos()) {
                why = "its TLS handshake took too long";
            } else {
                long written = io.getWrittenBytes() + taken;
                // While it is closing, the close_notify is unsent at least.
                if ((unsent == 0 && !closing) || written != writtenAtProgress) {
                    writtenAtProgress = written;
                    progressAt = now;
                    return;
                }
                if (now - progressAt < writeStallNanos) {
                    return;
                }
                why = "it left " + unsent + " octets unread for too long";
            }
        } finally {
            lock.unlock();
        }
        log.info("cut off client={}: {}", client, why);
        abort();
    }

    private long handshakeLimitNanos() {
        return settings.tls().orElseThrow().handshakeLimit().toNanos();
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closing) {
                return;
            }
            if (unsent > 0) {
                // Octets left unread at the close would make the kernel reset the connection, and
                // the client lose our last words: read them away meanwhile.
                suspend(false);
                closing = true;
                return;
            }
            closing = true;
        } finally {
            lock.unlock();
        }
        finish();
    }

    /** Closes, now that all is sent: over TLS with a close_notify (RFC 8314 §3.4). */
    private void finish() {
        readAway();
        TlsFilter filter = tls;
        if (filter == null) {
            io.closeNow();
            return;
        }
        filter.closeOutbound();
        io.closeOnFlush();
    }

    /**
     * Octets left unread at the close would make the kernel reset the connection, and the client
     * lose our last words.
     */
    private void readAway() {
        if (!(io instanceof NioSession nio)) {
            return;
        }
        ReadableByteChannel unread = nio.getChannel();
        ByteBuffer away = ByteBuffer.allocate(AWAY);
        try {
            int rounds = 0;
            while (rounds < AWAY_ROUNDS && unread.read(away.clear()) > 0) {
                rounds++;
            }
        } catch (IOException e) {
            log.debug("client={} was gone already", client, e);
        }
    }

    @Override
    public void abort() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closing = true;
        } finally {
            lock.unlock();
        }
        try {
            ((SocketSessionConfig) io.getConfig()).setSoLinger(0); // reset, nothing lingers
        } catch (RuntimeIoException e) {
            log.debug("client={} was gone already", client, e);
        }
        io.closeNow();
    }

    /** The socket is closed. On the I/O thread. */
    void closed() {
        lock.lock();
        try {
            closing = true;
            closed = true;
            waiting.clear();
            handedOver.clear();
            unsent = 0;
            lessUnsent.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        return client + " at " + listener;
    }
}
