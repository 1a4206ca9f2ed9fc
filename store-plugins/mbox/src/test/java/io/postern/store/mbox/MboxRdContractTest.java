package io.postern.store.mbox;

import io.postern.testkit.MaildropFixture;
import io.postern.testkit.MaildropStoreContract;

import java.nio.file.Path;

class MboxRdContractTest extends MaildropStoreContract {

    @Override
    protected MaildropFixture fixture(Path scratch) throws Exception {
        return new MboxFixture(scratch, MboxFormat.MBOXRD);
    }
}
