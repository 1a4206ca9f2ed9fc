package io.postern.store.jdbc;

import io.postern.testkit.LockCoordinatorContract;
import io.postern.testkit.LockFixture;

import java.nio.file.Path;

class H2LocksContractTest extends LockCoordinatorContract {

    @Override
    protected LockFixture fixture(Path scratch) throws Exception {
        return new JdbcLockFixture(TestDatabase.of(Dialect.H2));
    }
}
