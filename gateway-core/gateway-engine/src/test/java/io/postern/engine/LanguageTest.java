package io.postern.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

class LanguageTest {
    private static final Pattern PROTOCOL_WORD = Pattern.compile("[A-Z]{3,}[0-9]*");

    @Test
    @Tag("protocol-132")
    void everyLanguageHasEveryTextAndNoOther() throws IOException {
        var wanted =
                Stream.concat(Stream.of("NAME"), Stream.of(Text.values()).map(Text::name))
                        .collect(Collectors.toCollection(TreeSet::new));
        for (var file : List.of("texts", "texts_de", "texts_fr", "texts_es", "texts_ja")) {
            var bundle = new Properties();
            try (var in =
                    new InputStreamReader(
                            Language.class.getResourceAsStream(file + ".properties"),
                            StandardCharsets.UTF_8)) {
                bundle.load(in);
            }
            assertEquals(wanted, new TreeSet<>(bundle.stringPropertyNames()), file);
            bundle.forEach((key, text) ->
                    assertTrue(!text.toString().isBlank(), file + " has nothing for " + key));
        }
        assertEquals(
                List.of("en", "de", "fr", "es", "ja"),
                Language.ALL.stream().map(Language::tag).toList());
    }

    /** Sizes, codes and the protocol's own words are the same in all (RFC 6856 §3). */
    @Test
    @Tag("protocol-133")
    void noLanguageChangesNumbersCodesOrWordsOfTheProtocol() {
        for (var text : Text.values()) {
            var english = Language.ENGLISH.text(text);
            assertTrue(english.chars().allMatch(c -> c >= ' ' && c <= '~'), english);
            for (var language : Language.ALL) {
                var other = language.text(text);
                for (var place : List.of("{0}", "{1}", "[", "]")) {
                    assertEquals(english.contains(place), other.contains(place), other);
                }
                if (language != Language.ENGLISH) {
                    PROTOCOL_WORD
                            .matcher(english)
                            .results()
                            .filter(word ->
                                    !word.group().equals("UTF") || !english.contains("UTF-8"))
                            .forEach(word -> assertTrue(other.contains(word.group()), other));
                    assertTrue(
                            EnumSet.of(Text.OCTETS, Text.INSIDE, Text.MESSAGES).contains(text)
                                    || !other.equals(english),
                            "not translated: " + other);
                }
            }
        }
    }

    @Test
    @Tag("protocol-4")
    @Tag("protocol-133")
    void everyTextFitsTheFirstLineWithEveryStatus() {
        for (var language : Language.ALL) {
            for (var text : Text.values()) {
                var words = language.text(text, Long.MAX_VALUE, Long.MAX_VALUE);
                for (var problem : Problem.values()) {
                    var line = octets(Reply.err(problem, words, language));
                    var code = problem.code().isEmpty() ? "" : "[" + problem.code() + "] ";
                    assertEquals("-ERR " + code + words + "\r\n", line);
                    assertTrue(line.getBytes(StandardCharsets.UTF_8).length <= 512, line);
                }
            }
        }
    }

    @Test
    void aTextTooLongIsNotCutWithinACharacter() {
        var japanese = Language.lookUp("ja");
        for (var length = 480; length < 520; length++) {
            var line =
                    octets(Reply.err(Problem.NONE, "x".repeat(length) + "日本語日本語日本語日本語", japanese));
            assertTrue(line.getBytes(StandardCharsets.UTF_8).length <= 512, line);
            assertTrue(line.endsWith("\r\n") && line.indexOf('\uFFFD') < 0, line);
        }
        assertEquals("+OK ?日\r\n", octets(Reply.ok("\u0085日", japanese)));
        assertEquals("+OK ?\r\n", octets(Reply.ok("日", Language.ENGLISH)));
    }

    @Test
    @Tag("protocol-132")
    void aRangeLeadsToTheNearestLanguage() {
        assertSame(Language.ENGLISH, Language.lookUp("*"));
        assertEquals("de", Language.lookUp("DE").tag());
        assertEquals("de", Language.lookUp("de-Latn-AT").tag());
        assertEquals("fr", Language.lookUp("fr-ca").tag());
        for (var none : List.of("", "-", "d", "deu", "dEE", "x-de", "\u0004e", "*-de", "sv")) {
            assertNull(Language.lookUp(none), none);
        }
        assertNotEquals("", Language.ENGLISH.name());
    }

    private static String octets(Reply reply) {
        return new String(
                FakeSession.text(reply).getBytes(StandardCharsets.ISO_8859_1),
                StandardCharsets.UTF_8);
    }
}
