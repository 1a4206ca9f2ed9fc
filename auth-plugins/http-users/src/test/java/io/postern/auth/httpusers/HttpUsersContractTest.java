package io.postern.auth.httpusers;

import io.postern.spi.auth.PasswordDirectory;
import io.postern.testkit.auth.PasswordDirectoryContract;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The contract, in both dialects. */
class HttpUsersContractTest {

    abstract static class Asking implements PasswordDirectoryContract {
        private Service service;

        abstract Map<String, String> settings(Service service);

        @BeforeEach
        void startService() throws Exception {
            service = new Service();
        }

        @AfterEach
        void stopService() {
            service.close();
        }

        @Override
        public HttpUsers directory() throws Exception {
            return HttpUsersTest.start(settings(service));
        }

        @Override
        public OptionalLong work(PasswordDirectory directory) {
            return OptionalLong.of(service.asked.size());
        }

        @Override
        public Optional<String> otherSpelling() {
            return Optional.of("ALIce");
        }
    }

    @Nested
    class InJson extends Asking {
        @Override
        Map<String, String> settings(Service service) {
            return Map.of("url", service.url("json"));
        }

        @Override
        public Optional<String> barredUser() {
            return Optional.of("bob");
        }
    }

    @Nested
    class AsNginxAsks extends Asking {
        @Override
        Map<String, String> settings(Service service) {
            return Map.of(
                    "url",
                    service.url("nginx"),
                    "dialect",
                    "nginx",
                    "unknown-status",
                    "No such user");
        }
    }
}
