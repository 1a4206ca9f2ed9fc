package io.postern.transport;

import io.postern.tls.ClientHello;
import io.postern.tls.ListenerTls;

import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.core.filterchain.IoFilter.NextFilter;
import org.apache.mina.core.session.IoSession;
import org.apache.mina.core.write.WriteRejectedException;
import org.apache.mina.core.write.WriteRequest;
import org.apache.mina.filter.ssl.EncryptedWriteRequest;
import org.apache.mina.filter.ssl.SslEvent;
import org.apache.mina.filter.ssl.SslFilter;
import org.apache.mina.filter.ssl.SslHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.ArrayBlockingQueue;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/**
 * Moves octets through one connection's {@link SSLEngine}, in place of MINA's two handlers: one of
 * them lets a client with a certificate wait for ever and keeps as much undelivered as a client
 * likes to send, the other swallows the reason of a handshake that fails and leaves the connection
 * open.
 *
 * <p>Any thread; this object's monitor is held while the engine works and while what it decrypted
 * is delivered. What takes long in a handshake runs on a virtual thread.
 */
final class TlsHandler extends SslHandler {

    private static final Logger log = LoggerFactory.getLogger(TlsHandler.class);

    /** Most that waits undecrypted, octets: a record, and what came behind it in one read. */
    private static final int MAX_UNDECRYPTED = 64 * 1024;

    /** Records that are written together: what holds half of a session's window. */
    private static final int RECORDS = 5;

    /** Buffers for records that nobody uses just now. */
    private static final ArrayBlockingQueue<ByteBuffer> FREE = new ArrayBlockingQueue<>(16);

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /** Written to while MINA has nothing of ours; or null. */
    private final WritableByteChannel socket;

    private final ListenerTls tls;

    /** Null until the client has said which server it wants, and with which name. */
    private volatile SSLEngine engine;

    private ByteBuffer undecrypted = NOTHING;
    private boolean begun;
    private boolean working;
    private boolean inTask;
    private boolean secured;
    private boolean inputClosed;
    private boolean closing;
    private boolean failed;

    /** Requests that MINA has and the kernel has not got whole. */
    private int inMina;

    TlsHandler(ListenerTls tls, IoSession io) {
        super(null, null, io);
        this.tls = tls;
        socket = MinaConnection.directly(io);
    }

    @Override
    public boolean isOpen() {
        var at = engine;
        return at == null || !at.isOutboundDone();
    }

    @Override
    public synchronized boolean isConnected() {
        return secured && isOpen();
    }

    @Override
    public void open(NextFilter next) {
        // The client speaks first; the engine is made when it has.
    }

    /** From now on it says what it has to say; what was received before has waited. */
    synchronized void begin(NextFilter next) {
        begun = true;
        work(next);
    }

    @Override
    public synchronized void receive(NextFilter next, IoBuffer message) {
        ByteBuffer more = message.buf();
        if (failed || inputClosed) {
            return;
        }
        if (undecrypted.hasRemaining()) {
            undecrypted =
                    ByteBuffer.allocate(undecrypted.remaining() + more.remaining())
                            .put(undecrypted)
                            .put(more)
                            .flip();
        } else {
            undecrypted = more;
        }
        work(next);
    }

    @Override
    public synchronized void write(NextFilter next, WriteRequest request)
            throws WriteRejectedException {
        if (closing || failed) {
            throw new WriteRejectedException(request, "closing");
        }
        mEncodeQueue.add(request);
        work(next);
    }

    @Override
    public synchronized void ack(NextFilter next, WriteRequest request) {
        inMina--;
    }

    /**
     * {@inheritDoc}
     *
     * <p>What is not encrypted yet is never sent.
     */
    @Override
    public synchronized void close(NextFilter next, boolean linger) {
        if (closing) {
            return;
        }
        closing = true;
        mEncodeQueue.clear();
        if (engine == null) {
            return; // nothing was said that could be ended
        }
        engine.closeOutbound();
        if (!mSession.isClosing() && !inTask) {
            try {
                sendAlert(next); // at once: what comes behind the close of the session is lost
            } catch (SSLException e) {
                log.debug("no close_notify for client={}", mSession.getRemoteAddress(), e);
            }
        }
    }

    @Override
    public String toString() {
        return "TLS of " + mSession.getRemoteAddress();
    }

    @Override
    protected boolean write_handshake_loop(NextFilter next, IoBuffer source, IoBuffer target) {
        throw new UnsupportedOperationException("work() does that");
    }

    /** Does all that can be done now. */
    private void work(NextFilter next) {
        if (!begun || working || inTask || failed) {
            return; // whoever begins, or works already, goes on until nothing is left
        }
        working = true;
        try {
            boolean progress = engine != null || hear();
            while (progress) {
                progress =
                        switch (engine.getHandshakeStatus()) {
                            case NEED_TASK -> runTask(next);
                            case NEED_WRAP -> wrap(next);
                            case FINISHED, NOT_HANDSHAKING, NEED_UNWRAP, NEED_UNWRAP_AGAIN ->
                                    engine.isOutboundDone()
                                            ? discard(next)
                                            : wrapNext(next) || unwrap(next);
                        };
            }
        } catch (SSLException e) {
            fail(next, e);
        } finally {
            working = false;
        }
    }

    /** Makes the engine for the client's first message. Says whether that is there. */
    private boolean hear() throws SSLException {
        var hello = ClientHello.read(undecrypted);
        if (hello.isEmpty() || closing) {
            return false;
        }
        var made = tls.engine(hello.get().serverName());
        made.beginHandshake();
        engine = made;
        return true;
    }

    /** Begins what takes long; {@link #work} goes on behind it. */
    private boolean runTask(NextFilter next) {
        inTask = true;
        Thread.ofVirtual()
                .name("tls handshake")
                .start(() -> {
                    for (Runnable task = engine.getDelegatedTask();
                            task != null;
                            task = engine.getDelegatedTask()) {
                        task.run();
                    }
                    synchronized (this) {
                        inTask = false;
                        work(next);
                    }
                });
        return false;
    }

    /** Encrypts a request, or as much of it as is written at once. */
    private boolean wrapNext(NextFilter next) throws SSLException {
        if (!secured || mEncodeQueue.isEmpty()) {
            return false;
        }
        WriteRequest request = mEncodeQueue.peek();
        ByteBuffer source = ((IoBuffer) request.getMessage()).buf();
        int record = engine.getSession().getPacketBufferSize();
        ByteBuffer records = FREE.poll();
        if (records == null || records.capacity() < RECORDS * record) {
            records = ByteBuffer.allocate(RECORDS * record);
        }
        SSLEngineResult result;
        boolean progress = false;
        do {
            result = engine.wrap(source, records);
            progress |= result.bytesProduced() > 0;
        } while (result.bytesProduced() > 0
                && source.hasRemaining()
                && records.remaining() >= record
                && result.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING);
        boolean last = !source.hasRemaining();
        if (last) {
            mEncodeQueue.remove();
        }
        write(next, records.flip(), last ? request : null);
        var _ = FREE.offer(records.clear());
        return progress;
    }

    /**
     * Encrypts one message of TLS itself.
     *
     * @return whether anything came of it
     */
    private boolean wrap(NextFilter next) throws SSLException {
        ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        SSLEngineResult result = engine.wrap(NOTHING, record);
        if (record.flip().hasRemaining()) {
            handOver(next, record, null);
        }
        noteHandshake(next, result);
        return result.bytesProduced() > 0;
    }

    /**
     * Gives the kernel what it takes, and MINA a copy of the rest.
     *
     * @param done what has been sent with these octets, or null
     */
    private void write(NextFilter next, ByteBuffer octets, WriteRequest done) {
        if (socket != null && inMina == 0) {
            try {
                socket.write(octets);
            } catch (IOException e) {
                log.debug("the connection is gone; MINA finds out by what is left", e);
            }
        }
        if (octets.hasRemaining()) {
            handOver(next, octets, done);
        } else if (done != null) {
            next.messageSent(mSession, done);
        }
    }

    private void handOver(NextFilter next, ByteBuffer octets, WriteRequest done) {
        inMina++;
        var copy = ByteBuffer.allocate(octets.remaining()).put(octets).flip();
        next.filterWrite(mSession, new EncryptedWriteRequest(IoBuffer.wrap(copy), done));
    }

    /** Decrypts one record. Says whether there was a whole one. */
    private boolean unwrap(NextFilter next) throws SSLException {
        if (inputClosed || !undecrypted.hasRemaining()) {
            return false;
        }
        ByteBuffer content = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
        SSLEngineResult result = engine.unwrap(undecrypted, content);
        noteHandshake(next, result);
        if (result.bytesProduced() > 0) {
            next.messageReceived(mSession, IoBuffer.wrap(trimmed(content.flip())));
        }
        if (engine.isInboundDone()) {
            inputClosed = true; // close_notify; what comes behind it is nobody's
            undecrypted = NOTHING;
            next.inputClosed(mSession);
            return true;
        }
        if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW
                && undecrypted.remaining() > MAX_UNDECRYPTED) {
            throw new SSLException("a record that is too long");
        }
        if (!undecrypted.hasRemaining()) {
            undecrypted = NOTHING;
        }
        return result.bytesConsumed() > 0 || result.bytesProduced() > 0;
    }

    private void noteHandshake(NextFilter next, SSLEngineResult result) {
        if (result.getHandshakeStatus() == HandshakeStatus.FINISHED && !secured) {
            secured = true;
            mSession.setAttribute(SslFilter.SSL_SECURED, engine.getSession());
            next.event(mSession, SslEvent.SECURED);
        }
    }

    /** Sends the alert that says why, if there is one, and tells the handler. */
    private void fail(NextFilter next, SSLException why) {
        failed = true;
        mEncodeQueue.clear();
        undecrypted = NOTHING;
        try {
            sendAlert(next);
        } catch (SSLException e) {
            why.addSuppressed(e);
        }
        next.exceptionCaught(mSession, why);
    }

    private void sendAlert(NextFilter next) throws SSLException {
        boolean progress = true;
        while (progress
                && engine != null
                && engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
            progress = wrap(next);
        }
    }

    /**
     * In TLS 1.2 a client that sends close_notify reads no more (RFC 5246 §7.2.1). What it is sent
     * is thrown away, so that the session can do what the client asked for before.
     */
    private boolean discard(NextFilter next) {
        WriteRequest unread = mEncodeQueue.poll();
        if (unread == null) {
            return false;
        }
        next.messageSent(mSession, unread);
        return true;
    }

    /** A buffer that is not much larger than what is in it, for it may wait for long. */
    private static ByteBuffer trimmed(ByteBuffer octets) {
        return octets.remaining() > octets.capacity() / 2
                ? octets
                : ByteBuffer.allocate(octets.remaining()).put(octets).flip();
    }
}
