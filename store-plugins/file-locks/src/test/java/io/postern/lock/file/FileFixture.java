package io.postern.lock.file;

import io.postern.spi.PluginConfig;
import io.postern.testkit.LockFixture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** Two coordinators on one folder; the first one's heart can be stopped. */
final class FileFixture implements LockFixture {
    private static final Duration TTL = Duration.ofSeconds(3);

    private final Path scratch;
    private final FileLocks second;
    private FileLocks first;
    private CountDownLatch beating = new CountDownLatch(0);

    FileFixture(Path scratch) throws Exception {
        this.scratch = scratch;
        first = started(folder());
        second = started(folder());
    }

    private Path folder() {
        return scratch.resolve("locks");
    }

    static FileLocks started(Path folder) throws Exception {
        var locks = new FileLocks();
        var values = Map.of("folder", List.of(folder.toString()), "ttl", List.of(TTL.toString()));
        locks.start(new PluginConfig(locks.settings(), values, folder, folder));
        return locks;
    }

    @Override
    public Set<Ability> abilities() {
        return EnumSet.allOf(Ability.class);
    }

    @Override
    public FileLocks coordinator() {
        return first;
    }

    @Override
    public void restart() throws Exception {
        first.close();
        first = started(folder());
    }

    @Override
    public FileLocks secondNode() {
        return second;
    }

    /** Whoever looks must see the same file for one time to live, and may begin late. */
    @Override
    public Duration ttl() {
        return TTL.multipliedBy(2);
    }

    @Override
    public void pause() {
        var goOn = new CountDownLatch(1);
        beating = goOn;
        first.heart.execute(() -> {
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    @Override
    public void resume() {
        beating.countDown();
    }

    /** Its process lives on, and does nothing for its leases: only their silence tells. */
    @Override
    public void crash() {
        first.heart.shutdownNow();
    }

    @Override
    public void cutOff() throws Exception {
        Files.move(folder(), scratch.resolve("elsewhere"));
        Files.createFile(folder());
    }

    @Override
    public void mend() throws Exception {
        Files.delete(folder());
        Files.move(scratch.resolve("elsewhere"), folder());
    }

    @Override
    public void close() {
        beating.countDown();
        first.close();
        second.close();
    }
}
