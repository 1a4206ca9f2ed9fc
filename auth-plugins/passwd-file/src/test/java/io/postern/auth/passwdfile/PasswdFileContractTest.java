package io.postern.auth.passwdfile;

import io.postern.auth.stored.PasswordCheck;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.testkit.auth.NameDirectoryContract;
import io.postern.testkit.auth.PasswordDirectoryContract;
import io.postern.testkit.auth.ScramDirectoryContract;
import io.postern.testkit.auth.SecretDirectoryContract;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/** The contracts, for the two layouts. */
class PasswdFileContractTest {
    @TempDir Path folder;

    abstract class Lines implements PasswordDirectoryContract {
        private final String lines;
        private final AtomicLong compared = new AtomicLong();

        Lines(String lines) {
            this.lines = lines;
        }

        @Override
        public PasswdFile directory() throws Exception {
            compared.set(0);
            var check =
                    new PasswordCheck((stored, password) -> {
                        compared.incrementAndGet();
                        return stored.matches(password);
                    });
            return new Fixture(folder, check).start(lines);
        }

        @Override
        public OptionalLong work(PasswordDirectory directory) {
            return OptionalLong.of(compared.get());
        }

        @Override
        public Optional<String> otherSpelling() {
            return Optional.of("ALIce");
        }

        @Override
        public Optional<String> barredUser() {
            return Optional.of("bob");
        }
    }

    @Nested
    class OfDovecot extends Lines
            implements SecretDirectoryContract, ScramDirectoryContract, NameDirectoryContract {
        OfDovecot() {
            super(
                    """
                    # comment
                    alice:{PLAIN}tän staaf:1000:1000:Alice:/home/alice::userdb_mail=maildir:~/Maildir
                    bob:{PLAIN}tän staaf::::::nologin
                    """);
        }
    }

    @Nested
    class OfApache extends Lines {
        OfApache() {
            super(
                    """
                    alice:$apr1$abcdefgh$SV2cltpXm7FPZv1oFbLbo.
                    bob:{SHA}ZnKzbsQrNZDLCMWKULJFd8k2LuQ=::::::nologin
                    """);
        }
    }
}
