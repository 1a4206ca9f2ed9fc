package io.postern.engine;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ResourceBundle;

/**
 * A language of the texts behind +OK and -ERR (RFC 6856 §3). English is ASCII; the others are UTF-8
 * and spoken only to a client that has asked for them with LANG. Immutable.
 */
final class Language {
    /** What a session begins with, and what {@code LANG *} selects. */
    static final Language ENGLISH = new Language("en");

    static final List<Language> ALL =
            List.of(
                    ENGLISH,
                    new Language("de"),
                    new Language("fr"),
                    new Language("es"),
                    new Language("ja"));

    /** Longest subtag of a language range, letters or digits (RFC 4647 §2.1). */
    private static final int LONGEST_SUBTAG = 8;

    private static final String BUNDLE = "io.postern.engine.texts";

    private final String tag;

    /** Read when they are first asked for, perhaps twice: most servers speak English only. */
    private Texts texts;

    private Language(String tag) {
        this.tag = tag;
    }

    /** Immutable, so that it may be passed on without a lock. */
    private static final class Texts {
        private final String name;
        private final Map<Text, String> plain = new EnumMap<>(Text.class);
        private final Map<Text, List<Effect>> ok = new EnumMap<>(Text.class);
        private final Map<Text, List<Effect>> refusals = new EnumMap<>(Text.class);

        Texts(Language language) {
            var bundle =
                    ResourceBundle.getBundle(
                            BUNDLE,
                            Locale.forLanguageTag(language.tag),
                            ResourceBundle.Control.getNoFallbackControl(
                                    ResourceBundle.Control.FORMAT_PROPERTIES));
            name = bundle.getString("NAME");
            for (var text : Text.values()) {
                var words = bundle.getString(text.name());
                plain.put(text, words);
                ok.put(text, send(Reply.ok(words, language)));
                refusals.put(text, send(Reply.toNoCommand(words, language)));
            }
        }
    }

    private Texts texts() {
        var known = texts;
        if (known == null) {
            known = new Texts(this);
            texts = known;
        }
        return known;
    }

    /** Its tag (RFC 5646). */
    String tag() {
        return tag;
    }

    /** What it calls itself. */
    String name() {
        return texts().name;
    }

    /** Whether its texts may have characters that are not ASCII. */
    boolean utf8() {
        return !tag.equals("en");
    }

    String text(Text text) {
        return texts().plain.get(text);
    }

    String text(Text text, long number) {
        return text(text).replace("{0}", Long.toString(number));
    }

    String text(Text text, long first, long second) {
        return text(text, first).replace("{1}", Long.toString(second));
    }

    /** A positive answer. */
    List<Effect> ok(Text text) {
        return texts().ok.get(text);
    }

    /** The negative answer to what no client sends that knows POP3 and where it stands. */
    List<Effect> refusal(Text text) {
        return texts().refusals.get(text);
    }

    /** Whether a text is a basic language range (RFC 4647 §2.1). */
    static boolean isRange(String text) {
        if (text.equals("*")) {
            return true;
        }
        var subtag = 0;
        for (var at = 0; at < text.length(); at++) {
            var c = text.charAt(at);
            var letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
            if (c == '-') {
                if (subtag == 0) {
                    return false;
                }
                subtag = 0;
            } else if (letter || (c >= '0' && c <= '9' && text.lastIndexOf('-', at) > 0)) {
                if (++subtag > LONGEST_SUBTAG) {
                    return false;
                }
            } else {
                return false;
            }
        }
        return subtag > 0;
    }

    /**
     * The language for a basic language range, by lookup (RFC 4647 §3.4): {@code de-AT} leads to
     * {@code de}.
     *
     * @param range one that {@link #isRange}
     * @return null where there is none
     */
    static Language lookUp(String range) {
        if (range.equals("*")) {
            return ENGLISH;
        }
        for (var left = range; !left.isEmpty(); left = shorter(left)) {
            for (var language : ALL) {
                if (language.tag.length() == left.length() && same(language.tag, left)) {
                    return language;
                }
            }
        }
        return null;
    }

    private static String shorter(String range) {
        var hyphen = range.lastIndexOf('-');
        return hyphen < 0 ? "" : range.substring(0, hyphen);
    }

    private static boolean same(String tag, String range) {
        for (var at = 0; at < tag.length(); at++) {
            if (tag.charAt(at) != (range.charAt(at) | 0x20)) {
                return false;
            }
        }
        return true;
    }

    private static List<Effect> send(Reply reply) {
        return List.of(new Effect.Send(reply));
    }
}
