package io.postern.store.jdbc;

import io.postern.testkit.MaildropFixture;
import io.postern.testkit.MaildropStoreContract;

import org.junit.jupiter.api.parallel.ResourceLock;

import java.nio.file.Path;

@ResourceLock("heap")
class H2StoreContractTest extends MaildropStoreContract {

    @Override
    protected MaildropFixture fixture(Path scratch) throws Exception {
        return new JdbcFixture(TestDatabase.of(Dialect.H2));
    }
}
