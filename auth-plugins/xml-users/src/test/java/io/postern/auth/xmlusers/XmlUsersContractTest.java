package io.postern.auth.xmlusers;

import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.testkit.auth.NameDirectoryContract;
import io.postern.testkit.auth.PasswordDirectoryContract;
import io.postern.testkit.auth.ScramDirectoryContract;
import io.postern.testkit.auth.SecretDirectoryContract;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The contracts, for each kind of stored password. */
class XmlUsersContractTest {
    @TempDir Path folder;

    /** A file in which every password is stored the same way. */
    abstract class AllOf implements PasswordDirectoryContract, NameDirectoryContract {
        private final String stored;
        private Fixture fixture;

        AllOf(String stored) {
            this.stored = stored;
        }

        @Override
        public XmlUsers directory() throws Exception {
            fixture = new Fixture(folder);
            return fixture.start(file());
        }

        String file() {
            return Fixture.aliceAndBob(stored);
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
    class WithPlain extends AllOf implements SecretDirectoryContract, ScramDirectoryContract {
        WithPlain() {
            super(Fixture.PLAIN);
        }
    }

    @Nested
    class WithScram extends AllOf implements ScramDirectoryContract {
        WithScram() {
            super(Fixture.SCRAM);
        }

        @Override
        public List<ScramHash> hashes() {
            return List.of(ScramHash.SHA_256);
        }
    }

    /** The password is that of one of several devices. */
    @Nested
    class WithDevices extends AllOf {
        WithDevices() {
            super("");
        }

        @Override
        String file() {
            var devices =
                    """
                    <device label="phone" password="{PLAIN}other"/>
                    <device label="desk" password="%s"/>
                    """
                            .formatted(Fixture.SHA_CRYPT);
            return """
            <users>
              <user name="alice" password="{PLAIN}own">%s</user>
              <user name="bob" password="{PLAIN}own" enabled="false">%s</user>
            </users>
            """
                    .formatted(devices, devices);
        }
    }
}
