package io.postern.spi.wire;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** A header field as it is written anew: words, white space, and a fold where a line gets long. */
final class FoldedLine {
    /** Longest line that is made, unless one word is longer, octets (RFC 2047 §2). */
    static final int WIDTH = 76;

    /** What fits into one encoded-word of 75, octets (RFC 2047 §2). */
    static final int WORD_OCTETS = 45;

    private final StringBuilder text = new StringBuilder();
    private int column;
    private boolean blank = true;

    /**
     * Adds a word.
     *
     * @param space what stands before it, which may have line ends in it; folded if it has none and
     *     the word does not fit
     */
    void add(String space, String word) {
        var lineEnd = space.lastIndexOf('\n');
        if (lineEnd >= 0) {
            column = space.length() - lineEnd - 1;
            blank = true;
        } else if (!blank
                && !space.isEmpty()
                && !word.isEmpty()
                && column + space.length() + word.length() > WIDTH) {
            text.append("\r\n");
            column = space.length();
            blank = true;
        } else {
            column += space.length();
        }
        text.append(space).append(word);
        column += word.length();
        blank &= word.isEmpty();
    }

    /** Adds a text as encoded-words, none of which ends within a character (RFC 2047 §5). */
    void addEncoded(String space, String words) {
        var before = space;
        for (int from = 0, to; from < words.length(); from = to) {
            to = from;
            for (var octets = 0; to < words.length(); ) {
                var character = words.codePointAt(to);
                octets += octets(character);
                if (octets > WORD_OCTETS) {
                    break;
                }
                to += Character.charCount(character);
            }
            var part = words.substring(from, to).getBytes(StandardCharsets.UTF_8);
            add(before, encodedWord(part));
            before = " ";
        }
    }

    /** One encoded-word (RFC 2047 §2) of UTF-8. */
    static String encodedWord(byte[] text) {
        return "=?utf-8?B?" + Base64.getEncoder().encodeToString(text) + "?=";
    }

    /** Adds what is no word; space stands between an encoded-word and that (RFC 2047 §5). */
    void addMark(String mark) {
        if (!mark.isEmpty()) {
            var afterEncoded = text.length() >= 2 && text.indexOf("?=", text.length() - 2) >= 0;
            add(afterEncoded ? " " : "", mark);
        }
    }

    @Override
    public String toString() {
        return text.toString();
    }

    /** How many octets a character takes in UTF-8. */
    static int octets(int character) {
        if (character < 0x80) {
            return 1;
        }
        if (character < 0x800) {
            return 2;
        }
        return character < 0x10000 ? 3 : 4;
    }
}
