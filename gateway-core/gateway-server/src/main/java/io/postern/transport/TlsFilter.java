package io.postern.transport;

import io.postern.tls.ListenerTls;

import org.apache.mina.core.filterchain.IoFilterChain;
import org.apache.mina.core.session.IoSession;
import org.apache.mina.filter.ssl.SslFilter;

import javax.net.ssl.SSLException;

/**
 * MINA's TLS filter for one connection, with a handler of our own. It stays in the chain to the
 * end, closing included: if it were removed, a late write would leave in the clear.
 */
final class TlsFilter extends SslFilter {

    private final TlsHandler handler;
    private volatile NextFilter next;

    TlsFilter(ListenerTls tls, IoSession io) {
        super(tls.context());
        handler = new TlsHandler(tls, io);
    }

    /**
     * The handler is there before the filter is in the chain: the I/O thread may read something in
     * the moment after that.
     */
    @Override
    public void onPreAdd(IoFilterChain chain, String name, NextFilter following) throws Exception {
        super.onPreAdd(chain, name, following);
        chain.getSession().setAttribute(SSL_HANDLER, handler);
    }

    @Override
    public void onPostAdd(IoFilterChain chain, String name, NextFilter following) throws Exception {
        next = following;
        super.onPostAdd(chain, name, following);
    }

    @Override
    protected synchronized void onConnected(NextFilter following, IoSession io)
            throws SSLException {
        handler.open(following);
    }

    /**
     * Begins the handshake with what has been received, which waits until then. Once, when the
     * filter is in the chain.
     */
    void begin() {
        handler.begin(next);
    }

    /**
     * Sends close_notify (RFC 8446 §6.1) behind all that was sent; nothing can be sent afterwards.
     * Any thread.
     */
    void closeOutbound() {
        handler.close(next, false);
    }
}
