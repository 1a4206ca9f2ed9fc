package io.postern.lock.file;

import io.postern.testkit.LockCoordinatorContract;
import io.postern.testkit.LockFixture;

import java.nio.file.Path;

class FileLocksContractTest extends LockCoordinatorContract {

    @Override
    protected LockFixture fixture(Path scratch) throws Exception {
        return new FileFixture(scratch);
    }
}
