package org.example.template.lock;

import io.postern.spi.PluginConfig;
import io.postern.spi.lock.LockCoordinator;
import io.postern.testkit.LockCoordinatorContract;
import io.postern.testkit.LockFixture;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The contract of lock coordinators. */
class TemplateTest extends LockCoordinatorContract {

    @Override
    protected LockFixture fixture(Path scratch) {
        var locks = new Template();
        locks.start(new PluginConfig(List.of(), Map.of(), scratch, scratch));
        return new LockFixture() {
            // What more it can do: the contract then asks for it.
            @Override
            public Set<Ability> abilities() {
                return Set.of();
            }

            @Override
            public LockCoordinator coordinator() {
                return locks;
            }

            @Override
            public void close() {
                locks.close();
            }
        };
    }
}
