package io.postern.store.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.Plugin;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What an operator hears of a database that cannot be used, of the store and of the locks. */
class StartTest {
    @TempDir private Path folder;

    private static Plugin plugin(String kind) {
        return kind.equals("store") ? new JdbcStore() : new JdbcLocks();
    }

    private PluginConfig config(Plugin plugin, String... pairs) {
        var values = new TreeMap<String, List<String>>();
        for (int i = 0; i < pairs.length; i += 2) {
            values.put(pairs[i], List.of(pairs[i + 1].replace("FOLDER", folder.toString())));
        }
        return new PluginConfig(plugin.settings(), values, folder, folder.resolve("state"));
    }

    @ParameterizedTest
    @CsvSource({
        "store, jdbc:mysql://localhost/mail",
        "locks, jdbc:mysql://localhost/mail",
        "store, jdbc:oracle:thin:@localhost",
        "store, mail",
        "store, jdbc:h2:mail",
        "store, jdbc:h2:file:FOLDER/file/mail",
        "locks, jdbc:h2:file:FOLDER/file/sub/mail"
    })
    void aCheckFindsAUrlThatCannotBeUsedAndTouchesNothing(String kind, String url)
            throws Exception {
        Files.writeString(folder.resolve("file"), "x");
        try (var plugin = plugin(kind)) {
            var config = config(plugin, "url", url);
            var refused = assertThrows(SettingException.class, () -> plugin.check(config, null));
            assertEquals("url", refused.setting());
            assertEquals(
                    refused.getMessage(),
                    assertThrows(SettingException.class, () -> plugin.start(config)).getMessage());
        }
    }

    @Test
    void aCheckOfTheDefaultTouchesNothing() throws Exception {
        try (var plugin = new JdbcStore()) {
            plugin.check(config(plugin), null);
        }
        assertFalse(Files.exists(folder.resolve("state")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"store", "locks"})
    void aWrongPasswordIsTheSettingToMend(String kind) throws Exception {
        var url = "jdbc:h2:file:FOLDER/mail";
        try (var first = plugin(kind)) {
            first.start(config(first, "url", url, "user", "postern", "password", "right"));
        }
        for (var pair : List.of(Map.entry("postern", "geheim"), Map.entry("other", "right"))) {
            try (var plugin = plugin(kind)) {
                var config =
                        config(
                                plugin,
                                "url",
                                url,
                                "user",
                                pair.getKey(),
                                "password",
                                pair.getValue());
                var refused = assertThrows(SettingException.class, () -> plugin.start(config));
                assertEquals("password", refused.setting());
                assertTrue(
                        refused.getMessage().contains(" refuses the user \"" + pair.getKey() + '"'),
                        refused.getMessage());
                assertFalse(refused.getMessage().contains("geheim"), refused.getMessage());
            }
        }
        try (var again = plugin(kind)) {
            again.start(config(again, "url", url, "user", "postern", "password", "right"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"store", "locks"})
    void aDatabaseThatCannotBeReachedIsOneLine(String kind) throws Exception {
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        try (var plugin = plugin(kind)) {
            var url = "jdbc:postgresql://127.0.0.1:" + port + "/mail";
            var fault = assertThrows(Fault.class, () -> plugin.start(config(plugin, "url", url)));
            assertEquals(Fault.Kind.TEMPORARY, fault.kind());
            var words = Fault.words(fault);
            assertTrue(words.startsWith(url + " gives no connection: "), words);
            assertTrue(words.contains("refused"), words);
            assertTrue(words.contains("See whether it runs"), words);
        }
    }

    @Test
    void aLeaseOutOfRangeIsFoundWithoutAStart() {
        for (var lease : List.of("PT1S", "PT2.9S", "PT10M1S", "P1D")) {
            var problems =
                    PluginConfig.problems(
                            new JdbcLocks().settings(), Map.of("lease", List.of(lease)));
            assertEquals("lease", problems.getFirst().setting());
        }
    }
}
