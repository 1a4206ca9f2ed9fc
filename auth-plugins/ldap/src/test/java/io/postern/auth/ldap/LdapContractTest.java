package io.postern.auth.ldap;

import io.postern.spi.auth.PasswordDirectory;
import io.postern.testkit.auth.PasswordDirectoryContract;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

import java.util.Optional;
import java.util.OptionalLong;

/** The contract, for both ways to try a password. */
class LdapContractTest {

    abstract static class Searching implements PasswordDirectoryContract {
        private final String check;
        private MemoryServer server;

        Searching(String check) {
            this.check = check;
        }

        @BeforeEach
        void startServer() throws Exception {
            server = new MemoryServer();
        }

        @AfterEach
        void stopServer() {
            server.close();
        }

        @Override
        public Ldap directory() throws Exception {
            return Fixture.start(Fixture.search(server.url(), "check", check));
        }

        @Override
        public OptionalLong work(PasswordDirectory directory) {
            return OptionalLong.of(server.questions.get());
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
    class AndBinding extends Searching {
        AndBinding() {
            super("bind");
        }
    }

    @Nested
    class AndComparing extends Searching {
        AndComparing() {
            super("compare");
        }
    }
}
