package io.postern.transport;

import io.postern.session.ClientEvents;
import io.postern.session.Connection;

import java.nio.ByteBuffer;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what it is told, and sends back what it receives. */
class FakeSession implements ClientEvents {

    final Connection connection;
    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger secured = new AtomicInteger();
    final AtomicInteger inputClosed = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    final AtomicInteger doomed = new AtomicInteger();
    final AtomicLong received = new AtomicLong();
    final AtomicInteger ticked = new AtomicInteger();
    private final Phaser ticks = new Phaser(1);

    FakeSession(Connection connection) {
        this.connection = connection;
    }

    @Override
    public void opened() {
        opened.incrementAndGet();
    }

    @Override
    public void received(ByteBuffer octets) {
        received.addAndGet(octets.remaining());
        connection.write(octets);
    }

    @Override
    public void secured() {
        secured.incrementAndGet();
    }

    @Override
    public void inputClosed() {
        inputClosed.incrementAndGet();
        connection.close();
    }

    @Override
    public void closed() {
        closed.incrementAndGet();
        ticks.forceTermination();
    }

    @Override
    public void tick(long nanoTime) {
        ticked.incrementAndGet();
        ticks.arrive();
    }

    /** Waits for the next tick, or the end. */
    void awaitTick() {
        ticks.awaitAdvance(ticks.getPhase());
    }

    @Override
    public void doom() {
        doomed.incrementAndGet();
        connection.close();
    }

    @Override
    public boolean ended() {
        return closed.get() > 0;
    }
}
