package io.postern.spi.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Rewrites an internationalised field that is too long to be looked at as a whole, piece by piece,
 * in memory of one word. All of its value becomes encoded-words (RFC 2047), ASCII too, so nothing
 * is lost and every line that is made is short. Its folds stay where they are, and the white space
 * behind each is within the next encoded-word as well, for between two of them it is not shown.
 *
 * <p>An octet that is not UTF-8, behind the part that was looked at, is encoded like any other.
 *
 * <p>How the octets are split makes no difference to what is made in the end, and that is always
 * longer than the field. One thread at a time.
 */
final class OverlongField {
    /** What an encoded-word has around its text, octets. */
    private static final int FRAME = FoldedLine.encodedWord(new byte[0]).length();

    /** Longest character of UTF-8, octets. */
    private static final int CHARACTER = 4;

    /** What the encoded-word holds that is not made yet. */
    private final byte[] word = new byte[FoldedLine.WORD_OCTETS];

    private int wordOctets;

    /** How many octets fit into it, so that its line is not too long. */
    private int room;

    private boolean lineIsFull;
    private boolean behindName;
    private boolean behindCr;
    private boolean behindFold;

    /**
     * Begins with a field.
     *
     * @param name as it is to be sent
     * @return what comes first
     */
    byte[] begin(String name) {
        wordOctets = 0;
        behindName = true;
        behindCr = false;
        behindFold = false;
        var left = FoldedLine.WIDTH - name.length() - ": ".length() - FRAME;
        room = Math.min(left / 4 * 3, word.length);
        lineIsFull = room < CHARACTER;
        return (name + ":").getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Takes octets of the value, line ends included.
     *
     * @return what can be made of the value by now
     */
    byte[] take(byte[] octets, int from, int to) {
        var made = new ByteArrayOutputStream(2 * (to - from) + FoldedLine.WIDTH);
        for (var at = from; at < to; at++) {
            take(octets[at], made);
        }
        return made.toByteArray();
    }

    /** What is left to be made once all octets are taken. */
    byte[] end() {
        var made = new ByteArrayOutputStream(FoldedLine.WIDTH);
        endWord(made);
        if (behindCr) {
            made.write('\r');
        }
        return made.toByteArray();
    }

    private void take(byte octet, ByteArrayOutputStream made) {
        if (octet == '\n') {
            endWord(made);
            if (behindCr) {
                made.write('\r');
            }
            made.write('\n');
            behindCr = false;
            behindFold = true;
            return;
        }
        if (behindCr) {
            encode((byte) '\r', made);
        }
        behindCr = octet == '\r';
        if (!behindCr) {
            encode(octet, made);
        }
    }

    private void encode(byte octet, ByteArrayOutputStream made) {
        if (behindFold) {
            // A line that continues the field begins with white space.
            behindFold = false;
            startLine(made, octet);
            if (behindName) {
                behindName = false;
                return;
            }
        } else if (behindName) {
            behindName = false;
            if (lineIsFull) {
                fold(made);
            } else {
                made.write(' ');
            }
            if (octet == ' ') {
                return;
            }
        }
        if (wordOctets == room || (wordOctets > room - CHARACTER && !continues(octet))) {
            endWord(made);
            fold(made);
        }
        word[wordOctets++] = octet;
    }

    /** Whether the octet is not the first of its character. */
    private static boolean continues(byte octet) {
        return (octet & 0xC0) == 0x80;
    }

    private void fold(ByteArrayOutputStream made) {
        made.write('\r');
        made.write('\n');
        startLine(made, (byte) ' ');
    }

    private void startLine(ByteArrayOutputStream made, byte space) {
        made.write(space);
        room = word.length;
    }

    private void endWord(ByteArrayOutputStream made) {
        if (wordOctets > 0) {
            var text = FoldedLine.encodedWord(Arrays.copyOf(word, wordOctets));
            made.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
            wordOctets = 0;
        }
    }
}
