package io.postern.auth.sqlusers;

import io.postern.auth.stored.PasswordCheck;
import io.postern.testkit.auth.Relay;
import io.postern.testkit.auth.RemoteDirectoryContract;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

import java.util.Map;
import java.util.regex.Pattern;

/** The contract of directories that ask a server, in each database that is one. */
class SqlUsersOutageTest {
    private static final Pattern PORT = Pattern.compile(":(\\d+)/");

    abstract static class In implements RemoteDirectoryContract {
        private final TestDatabase database;
        private Relay relay;

        In(TestDatabase database) {
            this.database = database;
        }

        @BeforeEach
        void startRelay() throws Exception {
            database.users("{PLAIN}" + password());
            var port = PORT.matcher(database.url());
            if (!port.find()) {
                throw new AssertionError("no port in " + database.url());
            }
            relay = Relay.to(Integer.parseInt(port.group(1)));
        }

        @AfterEach
        void stopRelay() throws Exception {
            relay.close();
        }

        @Override
        public SqlUsers directory() throws Exception {
            var url = PORT.matcher(database.url()).replaceFirst(":" + relay.port() + "/");
            return database.start(new PasswordCheck(), Map.of("url", url, "timeout", "PT1S"));
        }

        @Override
        public Relay relay() {
            return relay;
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
