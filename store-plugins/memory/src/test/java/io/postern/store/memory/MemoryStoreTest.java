package io.postern.store.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.store.MaildropStore;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

class MemoryStoreTest {
    private static final User ALICE = new User("alice");

    @TempDir private Path folder;

    @Test
    void theServiceLoaderFindsItAsMemory() {
        var found = ServiceLoader.load(MaildropStore.class).findFirst().orElseThrow();
        assertInstanceOf(MemoryStore.class, found);
        assertEquals("memory", found.name());
    }

    @Test
    void theSettingLoadBringsTheMailOfEachUserInTheOrderOfTheFiles() throws Exception {
        var first = "Subject: one\r\n\r\n1\r\n".getBytes(StandardCharsets.US_ASCII);
        var second = "Subject: two\n\n2".getBytes(StandardCharsets.US_ASCII);
        var alice = Files.createDirectory(folder.resolve("alice"));
        Files.write(alice.resolve("2.eml"), second);
        Files.write(alice.resolve("1.eml"), first);
        Files.writeString(alice.resolve("notes.txt"), "no message");
        Files.createDirectory(folder.resolve("bob"));
        Files.writeString(folder.resolve("stray.eml"), "nobody's");
        try (var store = started(Map.of("load", List.of(folder.toString())))) {
            var stored = store.stored(ALICE);
            assertEquals(2, stored.size());
            assertArrayEquals(first, stored.get(0));
            assertArrayEquals(second, stored.get(1));
            assertEquals(List.of(), store.stored(new User("bob")));
        }
    }

    @Test
    void withoutSettingsEveryMaildropIsEmpty() throws Exception {
        try (var store = started(Map.of())) {
            assertEquals(List.of(), store.stored(ALICE));
        }
    }

    @Test
    void aFolderToLoadThatIsNotThereStopsTheStart() {
        var missing = folder.resolve("missing");
        var said =
                assertThrows(
                        SettingException.class,
                        () -> started(Map.of("load", List.of(missing.toString()))).close());
        assertEquals("load", said.setting());
        assertTrue(said.getMessage().contains(missing.toString()), said.getMessage());
    }

    @Test
    void twoStoresShareNothing() {
        try (var one = new MemoryStore();
                var other = new MemoryStore()) {
            one.deliver(ALICE, new byte[] {'x'});
            assertEquals(List.of(), other.stored(ALICE));
            assertNotEquals(one.locate(ALICE), other.locate(ALICE));
        }
    }

    private MemoryStore started(Map<String, List<String>> values) throws Exception {
        var store = new MemoryStore();
        store.start(new PluginConfig(store.settings(), values, folder, folder.resolve("state")));
        return store;
    }
}
