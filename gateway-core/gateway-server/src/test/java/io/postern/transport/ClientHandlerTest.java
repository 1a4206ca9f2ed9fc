package io.postern.transport;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.postern.session.ClientEvents;
import io.postern.tls.TlsMode;

import org.apache.mina.core.service.IoService;
import org.apache.mina.core.session.IoSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicReference;

/** What the handler does to MINA's session, in which order. */
class ClientHandlerTest {
    private final ClientEvents events = mock();
    private final IoSession io = mock();
    private final ClientHandler handler = new ClientHandler(_ -> events, 1_000_000_000L);

    @BeforeEach
    void keepAttributes() {
        var attribute = new AtomicReference<Object>();
        when(io.setAttribute(any(), any())).then(call -> attribute.getAndSet(call.getArgument(1)));
        when(io.getAttribute(any())).then(_ -> attribute.get());
        when(io.getRemoteAddress())
                .thenReturn(new InetSocketAddress(InetAddress.getLoopbackAddress(), 40_000));
        when(io.getLocalAddress())
                .thenReturn(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1_110));
        when(io.isConnected()).thenReturn(true);
        IoService acceptor = mock();
        when(io.getService()).thenReturn(acceptor);
        handler.serve(acceptor, TestTls.listener(TlsMode.NONE, true));
    }

    /** MINA tells of a half-closed input again and again until nobody reads any more. */
    @Test
    void readingStopsBeforeTheSessionHearsThatTheInputIsClosed() throws Exception {
        handler.sessionOpened(io);
        handler.inputClosed(io);

        var order = inOrder(io, events);
        order.verify(events).opened();
        order.verify(io).suspendRead();
        order.verify(events).inputClosed();
        verify(io, never()).closeNow();
    }

    @Test
    void aLostConnectionIsLeftToMinaAndAnythingElseEndsIt() throws Exception {
        handler.sessionOpened(io);
        handler.exceptionCaught(io, new IOException("Connection reset by peer"));
        verify(io, never()).closeNow();
        handler.exceptionCaught(io, new IllegalStateException("a filter failed"));
        verify(io).closeNow();
    }
}
