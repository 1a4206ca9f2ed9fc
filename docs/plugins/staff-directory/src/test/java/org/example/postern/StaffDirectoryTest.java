package org.example.postern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.testkit.auth.PasswordDirectoryContract;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The contract of Postern's own directories, and what is this one's own. */
class StaffDirectoryTest implements PasswordDirectoryContract {
    private StaffService service;

    @BeforeEach
    void startService() throws Exception {
        service = new StaffService(0);
        for (var name : List.of(user(), "bob")) {
            service.hire(name, password());
        }
        service.dismiss("bob");
    }

    @AfterEach
    void stopService() {
        service.close();
    }

    @Override
    public StaffDirectory directory() throws Exception {
        return directory(Map.of("url", List.of(service.url())));
    }

    @Override
    public Optional<String> otherSpelling() {
        return Optional.of("ALIce");
    }

    @Override
    public Optional<String> barredUser() {
        return Optional.of("bob");
    }

    @ParameterizedTest
    @CsvSource({"500, TEMPORARY", "503, TEMPORARY", "429, TEMPORARY", "302, PERMANENT"})
    void aServiceThatCannotSayIsAFaultAndNoWrongPassword(int status, Fault.Kind kind)
            throws Exception {
        service.status.set(status);
        try (var directory = directory()) {
            assertEquals(kind, fault(directory).kind());
        }
    }

    @Test
    void aServiceThatIsDownOrSilentIsAnOutage() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var directory =
                        directory(
                                Map.of(
                                        "url",
                                        List.of("http://127.0.0.1:" + silent.getLocalPort()),
                                        "timeout",
                                        List.of("PT0.3S")))) {
            assertEquals(Fault.Kind.TEMPORARY, fault(directory).kind());
        }
        try (var directory = directory()) {
            service.close();
            assertEquals(Fault.Kind.TEMPORARY, fault(directory).kind());
        }
    }

    @Test
    void anInterruptIsNoOutage() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var directory =
                        directory(
                                Map.of(
                                        "url",
                                        List.of("http://127.0.0.1:" + silent.getLocalPort()),
                                        "timeout",
                                        List.of("PT1M")));
                var password = Secret.of(password());
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var login =
                    threads.submit(() -> {
                        Thread.currentThread().interrupt();
                        return directory.verify(user(), password);
                    });
            var failed =
                    assertThrows(ExecutionException.class, () -> login.get(1, TimeUnit.MINUTES));
            assertInstanceOf(InterruptedException.class, failed.getCause());
        }
    }

    @ParameterizedTest
    @CsvSource({"url, ftp://x/", "url, nonsense", "timeout, PT0S", "timeout, PT2M"})
    void aSettingThatCannotBeUsedIsRefused(String setting, String value) {
        var settings = new HashMap<>(Map.of("url", List.of(service.url())));
        settings.put(setting, List.of(value));
        var refused = assertThrows(SettingException.class, () -> directory(settings));
        assertEquals(setting, refused.setting());
    }

    private Fault fault(StaffDirectory directory) {
        return assertThrows(
                Fault.class,
                () -> {
                    try (var password = Secret.of(password())) {
                        directory.verify(user(), password);
                    }
                });
    }

    private static StaffDirectory directory(Map<String, List<String>> settings) throws Exception {
        var directory = new StaffDirectory();
        directory.start(
                new PluginConfig(
                        directory.settings(),
                        settings,
                        Path.of("target"),
                        Path.of("target/state")));
        return directory;
    }
}
