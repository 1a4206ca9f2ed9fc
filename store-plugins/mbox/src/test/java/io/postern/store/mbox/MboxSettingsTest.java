package io.postern.store.mbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.Findings;
import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.lock.FencingToken;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What {@code postern check} says of the settings, and a login where nobody looked. */
class MboxSettingsTest {
    @TempDir private Path folder;

    private final MboxStore store = new MboxStore();

    private PluginConfig config(Map<String, String> settings) {
        var values = new LinkedHashMap<String, List<String>>();
        settings.forEach((name, value) -> values.put(name, List.of(value)));
        return new PluginConfig(store.settings(), values, folder, folder.resolve("state"));
    }

    private List<String> warnings(PluginConfig config) {
        var warnings = new ArrayList<String>();
        store.check(
                config,
                new Findings() {
                    @Override
                    public void problem(SettingException problem) {
                        throw problem;
                    }

                    @Override
                    public void warning(SettingException warning) {
                        warnings.add(warning.setting() + ": " + warning.getMessage());
                    }
                });
        return warnings;
    }

    @Test
    void aRootThatIsNoFolderIsToldBeforeALogin() throws Exception {
        assertEquals(List.of(), warnings(config(Map.of("root", "."))));
        Files.writeString(folder.resolve("file"), "no folder");
        for (var root : List.of("missing", "file", "file/below")) {
            var config = config(Map.of("root", root));
            var warnings = warnings(config);
            assertEquals(1, warnings.size(), root);
            assertTrue(warnings.getFirst().startsWith("root: "), warnings::toString);
            assertTrue(warnings.getFirst().contains(folder.resolve(root).toString()), root);
            store.start(config);
            var fault =
                    assertThrows(
                            Fault.class,
                            () -> store.open(store.locate(Mailbox.ALICE), new FencingToken(0, 1)));
            assertTrue(fault.getMessage().contains(folder.resolve(root).toString()), root);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{domain}/{user}/%u",
                "%u",
                "${user}",
                "~/mail",
                "{usr}",
                "{user",
                "/{user}",
                "{user}/../x",
                "all",
                ""
            })
    void aLayoutThatLeadsNowhereIsRefused(String layout) {
        var config = config(Map.of("root", ".", "layout", layout));
        var refusal = assertThrows(SettingException.class, () -> warnings(config));
        assertEquals("layout", refusal.setting());
        assertTrue(refusal.remedy().contains("{user}"), refusal::remedy);
    }

    @ParameterizedTest
    @ValueSource(strings = {"flock", "fcntl,dotlock", "fcntl fcntl", ""})
    void locksThatAreNoneAreRefused(String locks) {
        var config = config(Map.of("root", ".", "locks", locks));
        var refusal = assertThrows(SettingException.class, () -> warnings(config));
        assertEquals("locks", refusal.setting());
    }
}
