package io.postern.auth.httpusers;

import io.postern.testkit.auth.Relay;
import io.postern.testkit.auth.RemoteDirectoryContract;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;

/** The contract of directories that ask a server, for each dialect. */
class HttpUsersOutageTest {

    abstract static class Asking implements RemoteDirectoryContract {
        private final String dialect;
        private Service service;
        private Relay relay;

        Asking(String dialect) {
            this.dialect = dialect;
        }

        @BeforeEach
        void startService() throws Exception {
            service = new Service();
            relay = Relay.to(URI.create(service.url("json")).getPort());
        }

        @AfterEach
        void stopService() throws Exception {
            relay.close();
            service.close();
        }

        @Override
        public HttpUsers directory() throws Exception {
            var settings = new HashMap<String, String>();
            var port = URI.create(service.url(dialect)).getPort();
            settings.put("url", service.url(dialect).replace(":" + port, ":" + relay.port()));
            settings.put("dialect", dialect);
            settings.put("timeout", "PT1S");
            if (dialect.equals("nginx")) {
                settings.put("unknown-status", "No such user");
            }
            return HttpUsersTest.start(Map.copyOf(settings));
        }

        @Override
        public Relay relay() {
            return relay;
        }
    }

    @Nested
    class InJson extends Asking {
        InJson() {
            super("json");
        }
    }

    @Nested
    class AsNginxAsks extends Asking {
        AsNginxAsks() {
            super("nginx");
        }
    }
}
