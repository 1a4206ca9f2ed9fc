package io.postern.store.maildir;

import io.postern.store.maildir.MaildirFixture.LineEnds;
import io.postern.testkit.MaildropFixture;
import io.postern.testkit.MaildropStoreContract;

import org.junit.jupiter.api.Nested;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The contract of every store, kept by Maildirs of each kind. */
class MaildirContractTest {
    @Nested
    class WithAnyLineEnds extends MaildropStoreContract {
        @Override
        protected MaildropFixture fixture(Path scratch) throws Exception {
            return new MaildirFixture(
                    scratch, LineEnds.AS_THEY_COME, Map.of("root", List.of("mail")));
        }
    }

    @Nested
    class WithLf extends MaildropStoreContract {
        @Override
        protected MaildropFixture fixture(Path scratch) throws Exception {
            return new MaildirFixture(scratch, LineEnds.LF, Map.of("root", List.of("mail")));
        }
    }

    @Nested
    class WithCrlf extends MaildropStoreContract {
        @Override
        protected MaildropFixture fixture(Path scratch) throws Exception {
            return new MaildirFixture(
                    scratch,
                    LineEnds.CRLF,
                    Map.of("root", List.of("mail"), "mark-seen", List.of("true")));
        }
    }
}
