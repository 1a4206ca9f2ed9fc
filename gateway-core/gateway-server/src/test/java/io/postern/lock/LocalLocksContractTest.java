package io.postern.lock;

import io.postern.spi.PluginConfig;
import io.postern.spi.lock.LockCoordinator;
import io.postern.testkit.LockCoordinatorContract;
import io.postern.testkit.LockFixture;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

class LocalLocksContractTest extends LockCoordinatorContract {

    @Override
    protected LockFixture fixture(Path scratch) {
        return new LocalFixture(scratch);
    }

    private static final class LocalFixture implements LockFixture {
        private final Path folder;
        private LocalLocks locks;

        LocalFixture(Path folder) {
            this.folder = folder;
            start();
        }

        private void start() {
            locks = new LocalLocks();
            locks.start(new PluginConfig(List.of(), Map.of(), folder, folder.resolve("state")));
        }

        @Override
        public Set<Ability> abilities() {
            return Set.of(Ability.RESTART);
        }

        @Override
        public LockCoordinator coordinator() {
            return locks;
        }

        @Override
        public void restart() {
            locks.close();
            start();
        }

        @Override
        public void close() {
            locks.close();
        }
    }
}
