package io.postern.store.jdbc;

import io.postern.spi.lock.LockCoordinator;
import io.postern.testkit.LockFixture;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** Two servers on one of the databases that all tests share. */
final class JdbcLockFixture implements LockFixture {
    /** Long enough for a machine that is busy with other tests. */
    private static final Duration TTL = Duration.ofSeconds(5);

    private final TestDatabase database;
    private final FaultyJdbc faulty;
    private JdbcLocks locks;
    private JdbcLocks second;
    private volatile CountDownLatch stopped = new CountDownLatch(0);

    JdbcLockFixture(TestDatabase database) throws Exception {
        this.database = database;
        this.faulty = new FaultyJdbc(database.source());
        restart();
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.values());
    }

    @Override
    public LockCoordinator coordinator() {
        return locks;
    }

    @Override
    public void restart() throws Exception {
        if (locks != null) {
            locks.close();
        }
        locks = new JdbcLocks();
        locks.begin(database.over(faulty.source()), TTL);
    }

    @Override
    public LockCoordinator secondNode() throws Exception {
        if (second == null) {
            second = new JdbcLocks();
            second.begin(database.over(new FaultyJdbc(database.source()).source()), TTL);
        }
        return second;
    }

    @Override
    public Duration ttl() {
        return TTL;
    }

    /** Each thread stops where it would speak to the database next. */
    @Override
    public void pause() {
        var gate = new CountDownLatch(1);
        stopped = gate;
        faulty.rule(_ -> {
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return null;
        });
    }

    @Override
    public void resume() {
        faulty.mend();
        stopped.countDown();
    }

    @Override
    public void crash() {
        faulty.cutOff();
    }

    @Override
    public void cutOff() {
        faulty.cutOff();
    }

    @Override
    public void mend() {
        faulty.mend();
    }

    @Override
    public void close() {
        resume();
        locks.close();
        if (second != null) {
            second.close();
        }
    }
}
