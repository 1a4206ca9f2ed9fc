package io.postern.transport;

import org.apache.mina.core.buffer.IoBuffer;
import org.apache.mina.transport.socket.nio.NioProcessor;
import org.apache.mina.transport.socket.nio.NioSession;

import java.io.IOException;
import java.nio.channels.ClosedSelectorException;
import java.util.concurrent.Executor;

/**
 * MINA's processor, with reading suspended and resumed on its own thread only, and at once. MINA's
 * changes a selection key from any thread, so that a change made during a flush can be lost (the
 * session is deaf from then on); a resumed session waits for the next select (up to 1 s); and a
 * change while the last queued buffer is half out forgets that the rest wants to be written.
 *
 * <p>Public, with this constructor, because MINA makes it by reflection.
 */
public final class PromptProcessor extends NioProcessor {

    private volatile Thread ioThread;

    /** No session has this id. */
    private static final long NONE = -1;

    /** Whose socket was just read empty; MINA asks again at once. Used by the I/O thread. */
    private long emptied = NONE;

    /**
     * @param executor runs the processor's loop
     */
    public PromptProcessor(Executor executor) {
        super(executor);
    }

    @Override
    protected int select(long timeout) throws Exception {
        ioThread = Thread.currentThread();
        try {
            return super.select(timeout);
        } catch (ClosedSelectorException e) {
            if (!isDisposing()) {
                throw e;
            }
            // A last run of the loop closed it just before this one began; MINA would log that.
            wakeupCalled.set(true);
            return 0;
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>All that the kernel takes: a buffer is at most half a session's window, and MINA's own
     * limit would cost a select for every 24 KiB of it.
     */
    @Override
    protected int write(NioSession session, IoBuffer octets, int length) throws IOException {
        return super.write(session, octets, octets.remaining());
    }

    /**
     * {@inheritDoc}
     *
     * <p>MINA reads until nothing comes. After less than a buffer full there is nothing, or the
     * next select tells: a system call less for each command.
     */
    @Override
    protected int read(NioSession session, IoBuffer octets) throws Exception {
        if (session.getId() == emptied) {
            emptied = NONE;
            return 0;
        }
        var count = super.read(session, octets);
        emptied = count > 0 && octets.hasRemaining() ? session.getId() : NONE;
        return count;
    }

    @Override
    protected boolean isSelectorEmpty() {
        return !selector.isOpen() || super.isSelectorEmpty();
    }

    @Override
    public void updateTrafficControl(NioSession session) {
        if (Thread.currentThread() != ioThread) {
            updateTrafficMask(session);
            return;
        }
        super.updateTrafficControl(session);
        if (session.getCurrentWriteRequest() != null) {
            try {
                setInterestedInWrite(session, true);
            } catch (Exception e) {
                session.getFilterChain().fireExceptionCaught(e);
            }
        }
    }
}
