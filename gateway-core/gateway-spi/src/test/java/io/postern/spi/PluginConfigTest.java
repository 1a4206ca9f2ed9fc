package io.postern.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

/** What a setting promises of its value is looked at before a plugin starts. */
class PluginConfigTest {
    private static final Setting PORT =
            Setting.withDefault("port", Setting.Kind.NUMBER, "80", "A port.").between("1", "65535");

    @Test
    void aRangeHoldsItsEndsAndNothingBeyond() {
        for (var good : List.of("1", "80", "65535")) {
            assertEquals("", problems(PORT, good));
        }
        for (var bad : List.of("0", "65536", "-1")) {
            assertEquals(
                    "port: \"" + bad + "\" is not within 1 to 65535. Give one from 1 to 65535.",
                    problems(PORT, bad));
        }
        assertEquals("port: \"x\" is not a whole number. Give one, like 100.", problems(PORT, "x"));
    }

    @Test
    void sizesAndDurationsAreComparedByWhatTheyAre() {
        var size = Setting.required("size", Setting.Kind.SIZE, "How much.").between("1KiB", "1MiB");
        assertEquals("", problems(size, "1024"));
        assertEquals("", problems(size, "1024KiB"));
        assertFalse(problems(size, "1023").isEmpty());
        assertFalse(problems(size, "2MiB").isEmpty());
        var time =
                Setting.required("time", Setting.Kind.DURATION, "How long.").between("PT1S", "P1D");
        assertEquals("", problems(time, "PT24H"));
        assertFalse(problems(time, "PT0.9S").isEmpty());
    }

    @Test
    void aShapeIsToldInWordsAndShowsNoSecret() {
        var hash =
                Setting.required("hash", Setting.Kind.TEXT, "A hash.")
                        .matching("[0-9a-f]{4}", "4 hexadecimal digits");
        assertEquals("", problems(hash, "00ff"));
        assertEquals(
                "hash: \"00fg\" is not 4 hexadecimal digits. Give 4 hexadecimal digits.",
                problems(hash, "00fg"));
        var key =
                Setting.required("key", Setting.Kind.SECRET, "A key.")
                        .matching("[0-9a-f]{4}", "4 hexadecimal digits");
        assertEquals(
                "key: it is not 4 hexadecimal digits. Give 4 hexadecimal digits.",
                problems(key, "hunter2"));
    }

    @Test
    void aDeclarationThatCannotBeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> PORT.between("100", "200"));
        assertThrows(IllegalArgumentException.class, () -> PORT.between("9", "1"));
        assertThrows(IllegalArgumentException.class, () -> PORT.matching("x", "an x"));
        var text = Setting.withDefault("text", Setting.Kind.TEXT, "abc", "A text.");
        assertThrows(IllegalArgumentException.class, () -> text.between("1", "2"));
        assertThrows(IllegalArgumentException.class, () -> text.matching("x", "an x"));
    }

    private static String problems(Setting setting, String text) {
        var problems =
                PluginConfig.problems(List.of(setting), Map.of(setting.name(), List.of(text)));
        return String.join(
                "\n",
                problems.stream()
                        .map(it -> it.setting() + ": " + it.getMessage() + ". " + it.remedy())
                        .toList());
    }
}
