package io.postern.auth.ldap;

import io.postern.testkit.auth.Relay;
import io.postern.testkit.auth.RemoteDirectoryContract;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

import java.util.List;
import java.util.Map;

/** The contract of directories that ask a server, for each way to ask. */
class LdapOutageTest {

    abstract static class Asking implements RemoteDirectoryContract {
        private MemoryServer server;
        private Relay relay;

        @BeforeEach
        void startServer() throws Exception {
            server = new MemoryServer();
            relay = Relay.to(server.port());
        }

        @AfterEach
        void stopServer() throws Exception {
            relay.close();
            server.close();
        }

        abstract Map<String, List<String>> settings(String url);

        @Override
        public Ldap directory() throws Exception {
            var settings = settings("ldap://127.0.0.1:" + relay.port());
            settings.put("timeout", List.of("PT1S"));
            return Fixture.start(settings);
        }

        @Override
        public Relay relay() {
            return relay;
        }

        @Override
        public String password() {
            return Fixture.PASSWORD;
        }
    }

    @Nested
    class SearchingAndBinding extends Asking {
        @Override
        Map<String, List<String>> settings(String url) {
            return Fixture.search(url);
        }
    }

    @Nested
    class SearchingAndComparing extends Asking {
        @Override
        Map<String, List<String>> settings(String url) {
            return Fixture.search(url, "check", "compare");
        }
    }

    @Nested
    class BindingAtOnce extends Asking {
        @Override
        Map<String, List<String>> settings(String url) {
            return Fixture.search(url, "user-dn", "uid={user},ou=people,dc=example,dc=org");
        }
    }
}
