package io.postern.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.SettingException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.TreeMap;

class AccessTest {

    @TempDir private Path folder;

    static Access access(String url, String... pairs) {
        var values = new TreeMap<String, List<String>>();
        values.put("url", List.of(url));
        for (int i = 0; i < pairs.length; i += 2) {
            values.put(pairs[i], List.of(pairs[i + 1]));
        }
        var config =
                new PluginConfig(
                        List.of(
                                Setting.required("url", Setting.Kind.TEXT, "The database."),
                                Access.USER_SETTING,
                                Access.PASSWORD_SETTING),
                        values,
                        Path.of("target"),
                        Path.of("target"));
        return Access.of(url, config, AccessTest.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:mysql://localhost/mail",
                "jdbc:oracle:thin:@localhost",
                "jdbc:nothing:x",
                "postgresql://localhost/mail",
                "file:/x",
                "x"
            })
    void aUrlWithoutADriverIsRefused(String url) {
        var refused = assertThrows(SettingException.class, () -> access(url));
        assertEquals("url", refused.setting());
        assertTrue(refused.getMessage().contains("no driver"), refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:h2:mail",
                "jdbc:h2:file:mail",
                "jdbc:h2:sub/mail;CACHE_SIZE=1",
                "jdbc:h2:"
            })
    void aFileOfH2HasAFolderInFront(String url) {
        var refused = assertThrows(SettingException.class, () -> access(url));
        assertEquals("url", refused.setting());
        assertTrue(refused.remedy().contains("whole path"), refused.remedy());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:h2:./target/mail",
                "jdbc:h2:~/mail",
                "jdbc:h2:mem:x",
                "jdbc:h2:mem:x;DB_CLOSE_DELAY=-1",
                "jdbc:h2:tcp://localhost/mail",
                "jdbc:h2:ssl://localhost/mail",
                "jdbc:h2:zip:/x.zip!/mail",
                "jdbc:h2:nioMapped:mail"
            })
    void otherUrlsOfH2AreItsOwnMatter(String url) {
        assertTrue(access(url).toString().startsWith("jdbc:h2:"));
    }

    @Test
    void aFileThatCannotBeMadeIsRefused() throws Exception {
        var file = Files.writeString(folder.resolve("file"), "x");
        for (var prefix : List.of("jdbc:h2:", "jdbc:h2:file:")) {
            var refused =
                    assertThrows(
                            SettingException.class, () -> access(prefix + file + "/a/b/mail;A=1"));
            assertEquals("url", refused.setting());
            assertTrue(refused.getMessage().contains(file + " is no folder"), refused::toString);
            access(prefix + folder + "/made/by/h2/mail");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "jdbc:h2:mem:x;PASSWORD=geheim, jdbc:h2:mem:x",
        "jdbc:h2:tcp://localhost/x;USER=u;PASSWORD=geheim, jdbc:h2:tcp://localhost/x",
        "jdbc:h2:tcp://u:geheim@localhost/x, jdbc:h2:tcp://localhost/x"
    })
    void whatIsShownHasNoPassword(String url, String shown) {
        var access = access(url, "user", "anna", "password", "geheim");
        assertEquals(shown, access.where());
        assertEquals(shown, access.toString());
        assertFalse(access.explain(new SQLException("x", "28000")).getMessage().contains("geheim"));
    }

    @ParameterizedTest
    @CsvSource({
        // Of PostgreSQL, MariaDB and H2: who asks is not let in.
        "28P01, 0, password",
        "28000, 0, password",
        "28000, 1045, password",
        "28000, 28000, password",
        "42000, 1044, password",
        "42501, 0, password",
        // There is no such database, or the URL is not understood.
        "3D000, 0, url",
        "42000, 1049, url",
        "90146, 90146, url",
        "90149, 90149, url",
        "90113, 90113, url",
        "90046, 90046, url",
        // It may come later.
        "08001, 0, ",
        "08004, 0, ",
        "57P03, 0, ",
        "53300, 0, ",
        "90020, 90020, ",
        "HY000, 0, ",
        ", 0, "
    })
    void aFailureSaysWhatToMend(String state, int code, String setting) {
        var access = access("jdbc:h2:mem:x", "user", "anna", "password", "geheim");
        var said = new SQLException("what it said", state, code);
        var failure = access.explain(said);
        assertEquals(
                setting == null ? "" : setting,
                failure.mistake().map(SettingException::setting).orElse(""));
        assertTrue(failure.getMessage().contains("jdbc:h2:mem:x"), failure.getMessage());
        if (code != 90020) {
            assertTrue(failure.getMessage().contains("what it said"), failure.getMessage());
        }
        assertFalse(failure.getMessage().endsWith("."), failure.getMessage());
        assertEquals(said, failure.getCause());
    }

    @Test
    void whoAsksWithoutAPasswordIsToldOfWhatIsThere() {
        var refusal = new SQLException("x", "28000");
        assertEquals(
                "user",
                access("jdbc:h2:mem:x", "user", "anna")
                        .explain(refusal)
                        .mistake()
                        .orElseThrow()
                        .setting());
        assertEquals(
                "url", access("jdbc:h2:mem:x").explain(refusal).mistake().orElseThrow().setting());
    }
}
