package io.postern.auth.xmlusers;

import io.postern.spi.auth.PasswordDirectory;
import io.postern.testkit.auth.PasswordDirectoryContract;
import io.postern.testkit.auth.SecretDirectoryContract;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** The contracts, for each kind of stored password. */
class XmlUsersContractTest {
    @TempDir Path folder;

    /** A file in which every password is stored the same way. */
    abstract class AllOf implements PasswordDirectoryContract {
        private final String stored;
        private Fixture fixture;

        AllOf(String stored) {
            this.stored = stored;
        }

        @Override
        public XmlUsers directory() throws Exception {
            fixture = new Fixture(folder);
            return fixture.start(Fixture.aliceAndBob(stored));
        }

        @Override
        public OptionalLong work(PasswordDirectory directory) {
            return OptionalLong.of(fixture.hashed.size());
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
    class WithPbkdf2 extends AllOf {
        WithPbkdf2() {
            super(Fixture.PBKDF2);
        }
    }

    @Nested
    class WithShaCrypt extends AllOf {
        WithShaCrypt() {
            super(Fixture.SHA_CRYPT);
        }
    }

    @Nested
    class WithPlain extends AllOf implements SecretDirectoryContract {
        WithPlain() {
            super(Fixture.PLAIN);
        }
    }
}
