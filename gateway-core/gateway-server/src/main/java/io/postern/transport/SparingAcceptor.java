package io.postern.transport;

import io.postern.limit.Limit;

import org.apache.mina.core.service.IoProcessor;
import org.apache.mina.transport.socket.nio.NioSession;
import org.apache.mina.transport.socket.nio.NioSocketAcceptor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;

/**
 * MINA's acceptor, with a file descriptor in hand for the time when there are no more: the client
 * that comes then is taken with it, told to come later, and let go. Without that it would wait for
 * its greeting, and MINA would log a stack trace twenty times a second.
 *
 * <p>{@link #accept} runs on the acceptor's own thread only.
 */
final class SparingAcceptor extends NioSocketAcceptor {
    private static final Logger LOG = LoggerFactory.getLogger(SparingAcceptor.class);

    private static final byte[] REFUSAL =
            "-ERR [SYS/TEMP] too many connections, try later\r\n"
                    .getBytes(StandardCharsets.US_ASCII);

    /** How long to leave the clients in the kernel's queue where not even one can be taken, ms. */
    private static final long REST = 50;

    private final ListenerSettings settings;

    /** Open and used for nothing; null where it could not be had again. */
    private SocketChannel spare;

    /**
     * @throws IOException if the server has no file descriptor left at its start
     */
    SparingAcceptor(
            Executor ioThreads, IoProcessor<NioSession> processors, ListenerSettings settings)
            throws IOException {
        super(ioThreads, processors);
        this.settings = settings;
        spare = SocketChannel.open();
    }

    @Override
    protected NioSession accept(IoProcessor<NioSession> processor, ServerSocketChannel door)
            throws Exception {
        if (hasDescriptor()) {
            return super.accept(processor, door);
        }
        if (!refuse(door)) {
            Thread.sleep(REST); // else select would say the same again at once
        }
        return null;
    }

    /** Whether one more than the spare one can be had. */
    private boolean hasDescriptor() {
        try {
            if (spare == null) {
                spare = SocketChannel.open();
            }
            SocketChannel.open().close();
            return true;
        } catch (IOException e) {
            LOG.debug("no file descriptor is left", e);
            return false;
        }
    }

    /** Says whether a client could be refused. */
    private boolean refuse(ServerSocketChannel door) {
        var address = ((InetSocketAddress) door.socket().getLocalSocketAddress()).getAddress();
        var refused = false;
        try {
            if (spare != null) {
                spare.close();
                spare = null;
            }
            try (var client = door.accept()) {
                if (client != null) {
                    address = ((InetSocketAddress) client.getRemoteAddress()).getAddress();
                    refused = true;
                    if (!settings.tls().map(ListenerSettings.Tls::implicit).orElse(false)) {
                        client.configureBlocking(false);
                        var _ = client.write(ByteBuffer.wrap(REFUSAL));
                    }
                }
            }
            spare = SocketChannel.open();
        } catch (IOException e) {
            LOG.debug("a client could not be refused", e);
        }
        settings.gate()
                .refused(
                        Limit.OPEN_FILES,
                        address,
                        "the limit of open files is reached; raise it (LimitNOFILE= of systemd,"
                                + " ulimit -n), or lower connections");
        return refused;
    }

    @Override
    protected void destroy() throws Exception {
        if (spare != null) {
            spare.close();
        }
        super.destroy();
    }
}
