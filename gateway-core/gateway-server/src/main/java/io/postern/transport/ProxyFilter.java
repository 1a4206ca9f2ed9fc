package io.postern.transport;

import io.postern.limit.Gate;
import io.postern.limit.Limit;

import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.core.filterchain.IoFilterAdapter;
import org.apache.mina.core.session.AttributeKey;
import org.apache.mina.core.session.IoSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads the PROXY header before anybody else hears of a connection: first in the chain, before TLS,
 * and out of it once the header is read. A connection that has none, a wrong one or none in time,
 * or that does not come from a listed proxy, is closed without a word, for the other end may be
 * anybody. One for each listener; MINA calls it on its I/O threads, {@link Listeners} {@link #tick}
 * and {@link #doom} on others.
 */
final class ProxyFilter extends IoFilterAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyFilter.class);
    private static final AttributeKey HEADER = new AttributeKey(ProxyFilter.class, "header");

    private final ProxySettings settings;
    private final Gate gate;
    private final Set<Waiting> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean doomed;

    /** A connection whose header is not whole. */
    private static final class Waiting {
        final IoSession io;
        final long since = System.nanoTime();
        ByteBuffer come = ByteBuffer.allocate(0);

        Waiting(IoSession io) {
            this.io = io;
        }
    }

    ProxyFilter(ProxySettings settings, Gate gate) {
        this.settings = settings;
        this.gate = gate;
    }

    /** What the proxy said; empty where no header is read from this connection's listener. */
    static Optional<ProxyHeader> header(IoSession io) {
        return io.getAttribute(HEADER) instanceof ProxyHeader header
                ? Optional.of(header)
                : Optional.empty();
    }

    @Override
    public void sessionOpened(NextFilter next, IoSession io) {
        if (doomed) {
            io.closeNow();
            return;
        }
        if (!settings.from().contains(peer(io))) {
            refuse(io, "it is not in from=\"...\" of <proxy-protocol>");
            return;
        }
        var one = new Waiting(io);
        io.setAttribute(HEADER, one);
        waiting.add(one);
        if (doomed) { // read after the list has it, so that none slips past doom()
            io.closeNow();
        }
    }

    @Override
    public void messageReceived(NextFilter next, IoSession io, Object message) {
        if (!(io.getAttribute(HEADER) instanceof Waiting one)) {
            return; // refused, and not gone yet
        }
        var more = ((IoBuffer) message).buf();
        var come =
                ByteBuffer.allocate(one.come.remaining() + more.remaining())
                        .put(one.come)
                        .put(more)
                        .flip();
        one.come = come;
        try {
            var header = ProxyHeader.parse(come);
            if (header.isPresent()) {
                accept(one, header.get(), come.position(header.get().octets()).slice());
            }
        } catch (ProxyHeader.Malformed e) {
            forget(one);
            refuse(io, e.getMessage());
        }
    }

    private void accept(Waiting one, ProxyHeader header, ByteBuffer rest) {
        waiting.remove(one);
        var io = one.io;
        io.setAttribute(HEADER, header);
        var chain = io.getFilterChain();
        chain.remove(this);
        // From the head of the chain, so that whatever stands before the handler by then is asked.
        chain.fireSessionOpened();
        if (rest.hasRemaining()) {
            chain.fireMessageReceived(IoBuffer.wrap(rest));
        }
    }

    @Override
    public void inputClosed(NextFilter next, IoSession io) {
        // A health check that connects and says nothing; nobody to tell.
        io.closeNow();
    }

    @Override
    public void sessionClosed(NextFilter next, IoSession io) {
        if (io.getAttribute(HEADER) instanceof Waiting one) {
            forget(one);
        }
    }

    @Override
    public void exceptionCaught(NextFilter next, IoSession io, Throwable cause) {
        LOG.debug("connection lost before its PROXY header, from {}", peer(io), cause);
        io.closeNow();
    }

    /**
     * Closes those that take too long.
     *
     * @param now {@link System#nanoTime}
     */
    void tick(long now) {
        waiting.removeIf(one -> {
            if (now - one.since < settings.headerTimeout().toNanos()) {
                return false;
            }
            refuse(one.io, "its header did not come within " + settings.headerTimeout());
            return true;
        });
    }

    /** Closes all that wait, and any that is still to come. */
    void doom() {
        doomed = true;
        waiting.forEach(one -> one.io.closeNow());
    }

    private void forget(Waiting one) {
        waiting.remove(one);
        one.io.removeAttribute(HEADER);
    }

    private void refuse(IoSession io, String why) {
        gate.refused(Limit.PROXY_PROTOCOL, peer(io), why);
        io.closeNow();
    }

    private static InetAddress peer(IoSession io) {
        return ((InetSocketAddress) io.getRemoteAddress()).getAddress();
    }
}
