package io.postern.spi.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;

@Tag("protocol-127")
class OverlongFieldTest {
    private static final String REST = "To: a@b\r\n\r\nGrüße\r\n";

    @Test
    void aFieldOfOneLineBecomesShortLines() throws IOException {
        for (var filling : List.of("ü", "日", "\uD83D\uDCEE", "ü x", "日本 ", "a ü\t")) {
            var text = filling.repeat(1 + HeaderFields.LIMIT / octets(filling).length) + "ü";
            var made = made("Subject", " " + text + "\r\n");
            assertEquals(text.replace('\t', ' '), SurrogateTest.shown(made), filling);
        }
    }

    @Test
    void theBorderIsThatOfAllFields() throws IOException {
        for (var octets = HeaderFields.LIMIT - 2; octets <= HeaderFields.LIMIT + 2; octets++) {
            var field = "Subject: ü" + "x".repeat(octets - "Subject: ü\r\n".length() - 1) + "\r\n";
            assertEquals(octets, octets(field).length);
            sameHoweverItIsSplit(octets(field + REST));
        }
    }

    @Test
    void foldsStayWhereTheyAreAndNoSpaceIsLost() throws IOException {
        for (var fold : List.of("\r\n ", "\n ", "\r\n\t", "\n \n ", "\r\n  \t")) {
            for (var word : List.of("ü", "ü".repeat(30), "ü ascii " + "日".repeat(50))) {
                var text = (word + fold).repeat(1 + HeaderFields.LIMIT / word.length()) + "end";
                var made = made("Subject", " " + text + "\r\n");
                assertEquals(
                        text.replaceAll("\r?\n", "").replaceAll("[ \t]+", " "),
                        SurrogateTest.shown(made.replaceAll("\r?\n", "")));
            }
        }
    }

    /** The sender's syntax cannot be kept in pieces. */
    @Test
    void whatHasSyntaxIsSetAside() throws IOException {
        var addresses = "\"Jürgen\" <j@example.org>,\r\n ".repeat(4000) + "a@b\r\n";
        for (var name : List.of("To", "Content-Type", "References", "DATE")) {
            assertTrue(
                    surrogate(name + ": " + addresses + REST)
                            .startsWith("Downgraded-" + name + ": =?utf-8?B?"),
                    name);
        }
    }

    @Test
    void anyNameWillDo() throws IOException {
        var value = " " + "ü".repeat(40_000) + "\r\n";
        for (var length : new int[] {1, 40, 55, 56, 57, 58, 59, 60, 70, 77, 1000}) {
            made("X".repeat(length), value);
        }
        assertTrue(surrogate("Subject :" + value + REST).startsWith("Subject : =?utf-8?B?"));
        assertTrue(
                surrogate("Subject:\r\n" + value + REST).startsWith("Subject:\r\n =?utf-8?B?w7"));
        assertTrue(surrogate("Subject:" + value.strip() + "\n" + REST).startsWith("Subject: =?"));
    }

    @Test
    void whatIsNotInternationalisedInItsFirst64KiBStaysAsItIs() throws IOException {
        var much = "x".repeat(HeaderFields.LIMIT);
        for (var field :
                List.of(
                        "Subject: " + much + "\r\n",
                        "Subject: " + much + "ü\r\n",
                        "Sübject: " + much + "\r\n",
                        "no colon ü" + much + "\r\n")) {
            assertEquals(field + REST, surrogate(field + REST));
        }
        var latin1 = ("Subject: ü" + much + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        assertArrayEquals(latin1, sameHoweverItIsSplit(latin1));
    }

    @Test
    void whatIsNotUtf8BehindTheFirst64KiBIsKeptToTheOctet() throws IOException {
        var field = octets("Subject: ü" + "x".repeat(HeaderFields.LIMIT) + "?\u00e9\r\n");
        field[field.length - 5] = (byte) 0xFC;
        var made = new String(sameHoweverItIsSplit(field), StandardCharsets.US_ASCII);
        var last = made.substring(made.lastIndexOf("?B?") + 3, made.lastIndexOf("?="));
        var decoded = Base64.getDecoder().decode(last);
        assertArrayEquals(
                Arrays.copyOfRange(field, field.length - 5, field.length - 2),
                Arrays.copyOfRange(decoded, decoded.length - 3, decoded.length));
    }

    @Test
    void inAPartItStaysAsItIs() throws IOException {
        var part = "X: " + "ü".repeat(40_000) + "\n\ntext\n--b--\n";
        var message = "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + part;
        assertEquals(message, surrogate(message));
    }

    @Test
    @Tag("protocol-92")
    @Tag("protocol-128")
    @Tag("protocol-146")
    void theSizeCountedIsTheSizeSentHoweverItIsSplit() throws IOException {
        var random = new Random(64 * 1024);
        for (var round = 0; round < 60; round++) {
            var message = new StringBuilder(SurrogateTest.message(random).replace("\n\n", "\n"));
            var ends = List.of("\r\n ", "\n\t", "\r", " ", "\n \r\n ", "");
            message.append("\nX").append("Y".repeat(random.nextInt(80))).append(": ");
            var words = 1 + random.nextInt(400);
            for (var octets = 0; octets < HeaderFields.LIMIT; octets += words) {
                message.append(SurrogateTest.text(random, random.nextInt(5)))
                        .append("ü".repeat(random.nextInt(words)))
                        .append(ends.get(random.nextInt(ends.size())));
            }
            message.append(List.of("\r\n", "\n", "", "\r").get(random.nextInt(4)));
            message.append(random.nextBoolean() ? REST : "");
            var octets = octets(message.toString());
            if (random.nextBoolean()) {
                octets[random.nextInt(octets.length)] = (byte) random.nextInt(256);
            }
            sameHoweverItIsSplit(octets);
        }
    }

    /** As it is shown after its name; the lines are checked on the way. */
    private static String made(String name, String value) throws IOException {
        var made = surrogate(name + ":" + value + REST);
        assertTrue(made.startsWith(name + ":"));
        assertTrue(made.endsWith(REST));
        var field = made.substring(0, made.length() - REST.length());
        for (var line : field.split("\r?\n", -1)) {
            assertTrue(line.length() <= Math.max(76, name.length() + 1), line);
            assertTrue(line.chars().allMatch(c -> c < 0x80), line);
        }
        return field.substring(name.length() + 1);
    }

    private static String surrogate(String message) throws IOException {
        return new String(sameHoweverItIsSplit(octets(message)), StandardCharsets.UTF_8);
    }

    private static byte[] sameHoweverItIsSplit(byte[] octets) throws IOException {
        var random = new Random(octets.length);
        var surrogate = SurrogateTest.all(Surrogate.of(new ByteArrayInputStream(octets)));
        var size = SurrogateTest.measure(octets, () -> 1 << 20);
        assertEquals(SurrogateTest.wire(octets).length, size.octets());
        assertEquals(SurrogateTest.wire(surrogate).length, size.surrogateOctets());
        assertEquals(size, SurrogateTest.measure(octets, () -> 1 + random.nextInt(7)));
        assertArrayEquals(
                surrogate, SurrogateTest.all(Surrogate.of(SurrogateTest.slow(octets, random))));
        assertArrayEquals(
                surrogate, SurrogateTest.all(Surrogate.of(new ByteArrayInputStream(surrogate))));
        assertTrue(
                size.surrogateOctets() > size.octets() || Arrays.equals(surrogate, octets),
                "cannot be told by its size");
        return surrogate;
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
