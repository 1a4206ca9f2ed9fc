package io.postern.auth.sqlusers;

import io.postern.auth.stored.PasswordCheck;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.testkit.auth.NameDirectoryContract;
import io.postern.testkit.auth.PasswordDirectoryContract;
import io.postern.testkit.auth.ScramDirectoryContract;
import io.postern.testkit.auth.SecretDirectoryContract;

import org.junit.jupiter.api.Nested;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/** The contracts, in each database. */
class SqlUsersContractTest {

    abstract static class In
            implements PasswordDirectoryContract,
                    SecretDirectoryContract,
                    ScramDirectoryContract,
                    NameDirectoryContract {
        private final TestDatabase database;
        private final AtomicLong compared = new AtomicLong();

        In(TestDatabase database) {
            this.database = database;
        }

        @Override
        public SqlUsers directory() throws Exception {
            database.users("{PLAIN}tän staaf");
            compared.set(0);
            var check =
                    new PasswordCheck((stored, password) -> {
                        compared.incrementAndGet();
                        return stored.matches(password);
                    });
            return database.start(check, Map.of());
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
    class InH2 extends In {
        InH2() {
            super(TestDatabase.H2);
        }
    }

    @Nested
    class InPostgresql extends In {
        InPostgresql() {
            super(TestDatabase.POSTGRESQL);
        }
    }

    @Nested
    class InMariadb extends In {
        InMariadb() {
            super(TestDatabase.MARIADB);
        }
    }
}
