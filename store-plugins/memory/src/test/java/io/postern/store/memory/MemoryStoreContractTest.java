package io.postern.store.memory;

import io.postern.testkit.MaildropFixture;
import io.postern.testkit.MaildropStoreContract;

import java.nio.file.Path;

class MemoryStoreContractTest extends MaildropStoreContract {

    @Override
    protected MaildropFixture fixture(Path scratch) {
        return new MemoryFixture();
    }
}
