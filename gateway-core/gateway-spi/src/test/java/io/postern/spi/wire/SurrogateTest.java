package io.postern.spi.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

@Tag("protocol-127")
class SurrogateTest {
    private static final Pattern ENCODED = Pattern.compile("=\\?utf-8\\?B\\?([A-Za-z0-9+/=]*)\\?=");
    private static final String NOWHERE = "<invalid@internationalized-address.invalid>";

    @Test
    void aSubjectBecomesEncodedWords() {
        assertEquals("Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n", field("Subject: Grüße\r\n"));
        assertEquals("Subject:=?utf-8?B?w7w=?=\n", field("Subject:ü\n"));
        assertEquals("Subject: a =?utf-8?B?w7w=?= b\r\n", field("Subject: a ü b\r\n"));
        // One text, for the space between two encoded-words is not shown.
        assertEquals("Subject: =?utf-8?B?w7wgw7Y=?=\r\n", field("Subject: ü ö\r\n"));
        assertEquals(
                "Subject: =?utf-8?B?w7w=?=\r\n =?utf-8?B?IMO2?=\r\n",
                field("Subject: ü\r\n ö\r\n"));
        assertEquals(
                "Subject: =?utf-8?B?w7wg?= =?us-ascii?Q?x?=\r\n",
                field("Subject: ü =?us-ascii?Q?x?=\r\n"));
        assertEquals(
                "Subject: =?us-ascii?Q?x?= =?utf-8?B?IMO8?=\r\n",
                field("Subject: =?us-ascii?Q?x?= ü\r\n"));
    }

    @Test
    void anAddressOfAsciiKeepsItsPlaceAndItsNameIsEncoded() {
        assertEquals(
                "From: " + encoded("Jürgen") + " <j@example.org>\r\n",
                field("From: Jürgen <j@example.org>\r\n"));
        assertEquals(
                "To: \"a, b\" <a@b>, " + encoded("Müller, J.") + " <j@example.org>\r\n",
                field("To: \"a, b\" <a@b>, \"Müller, J.\" <j@example.org>\r\n"));
        assertEquals(
                "Cc: j@example.org (" + encoded("Jürgen") + ")\r\n",
                field("Cc: j@example.org (Jürgen)\r\n"));
        assertEquals(
                "To: " + encoded("Gruppe Ä") + " :a@b, c@d;\r\n",
                field("To: Gruppe Ä:a@b, c@d;\r\n"));
    }

    @Test
    void anAddressThatIsNotAsciiLeadsNowhereAndCanBeRead() {
        assertEquals(
                "From: " + encoded("Jürgen <jürgen@bücher.example>") + "\r\n " + NOWHERE + "\r\n",
                field("From: Jürgen <jürgen@bücher.example>\r\n"));
        assertEquals(
                "To: " + encoded("ü@x") + " " + NOWHERE + ", a@b\r\n", field("To: ü@x, a@b\r\n"));
        assertEquals(
                "Sender: " + encoded("ü@x") + " " + NOWHERE + "\r\n", field("Sender: <ü@x>\r\n"));
    }

    @Test
    void aParameterIsEncodedByRfc2231() {
        assertEquals(
                "Content-Disposition: attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf\r\n",
                field("Content-Disposition: attachment; filename=\"Grüße.pdf\"\r\n"));
        assertEquals(
                "Content-Type: text/plain; charset=utf-8; name*=utf-8''%C3%BC%20%22x%22; a=b\r\n",
                field("Content-Type: text/plain; charset=utf-8; name=\"ü \\\"x\\\"\"; a=b\r\n"));
        var longName = field("Content-Type: a/b; name=" + "ü".repeat(20) + "\r\n");
        assertEquals(
                "Content-Type: a/b;\r\n name*0*=utf-8''"
                        + "%C3%BC".repeat(8)
                        + ";\r\n name*1*="
                        + "%C3%BC".repeat(8)
                        + ";\r\n name*2*="
                        + "%C3%BC".repeat(4)
                        + "\r\n",
                longName);
    }

    @Test
    void whatProgramsReadAndWhatIsBrokenIsSetAside() {
        assertEquals(
                "Downgraded-Message-ID: " + encoded("<ü@x>") + "\r\n",
                field("Message-ID: <ü@x>\r\n"));
        assertEquals(
                "Downgraded-From: " + encoded("\"ü") + " <a@b>\r\n", field("From: \"ü <a@b>\r\n"));
        assertEquals(
                "Downgraded-Content-Type: " + encoded("täxt/plain;") + " a=b\r\n",
                field("Content-Type: täxt/plain; a=b\r\n"));
    }

    @Test
    void aCommentIsNoReasonToSetAsideWhatProgramsRead() {
        assertEquals(
                "Date: Mon, 1 Jan 2024 10:00:00 +0100 ("
                        + encoded("Mitteleurop\u00e4ische Zeit")
                        + ")\r\n",
                field("Date: Mon, 1 Jan 2024 10:00:00 +0100 (Mitteleurop\u00e4ische Zeit)\r\n"));
        assertEquals(
                "Content-Transfer-Encoding: base64 (" + encoded("a (b) \u00fc") + ")\r\n",
                field("Content-Transfer-Encoding: base64 (a (b) \u00fc)\r\n"));
        // More than one, or none, at the end is for nobody to guess at.
        for (var other :
                List.of(
                        "(\u00fc) 1.0",
                        "1.0 (x) (\u00fc)",
                        "1.0 (\u00fc",
                        "1.0\u00fc (x)",
                        "(\u00fc)(x)")) {
            assertTrue(
                    field("MIME-Version: " + other + "\r\n").startsWith("Downgraded-MIME-Version:"),
                    other);
        }
    }

    @Test
    void whatIsNotInternationalisedStaysAsItIs() {
        for (var stays :
                List.of(
                        "Subject: ascii\r\n",
                        "Sübject: name is not ascii\r\n",
                        "no colon and ü\r\n",
                        " ü: begins with a space\r\n",
                        ": ü\r\n",
                        "two words: ü\r\n")) {
            var octets = stays.getBytes(StandardCharsets.UTF_8);
            assertNull(Downgrade.of(octets, 0, octets.length), stays);
        }
        for (var raw : List.of("Subject: Gr\u00fc\u00dfe\r\n", "Subject: \u00c3\u00bc\u00fc\n")) {
            var octets = raw.getBytes(StandardCharsets.ISO_8859_1);
            assertNull(Downgrade.of(octets, 0, octets.length), raw);
        }
    }

    @Test
    @Tag("protocol-131")
    void theBodyFlowsAsItIs() throws IOException {
        var message = "Subject: x\r\n\r\nGrüße\r\nSubject: ü\r\n";
        assertEquals(message, surrogate(message));
        var other = "Subject: ü\n\nSubject: ü\n";
        assertEquals("Subject: =?utf-8?B?w7w=?=\n\nSubject: ü\n", surrogate(other));
    }

    @Test
    @Tag("protocol-92")
    @Tag("protocol-128")
    @Tag("protocol-146")
    void theSizeCountedIsTheSizeSentHoweverItIsSplit() throws IOException {
        var random = new Random(6856);
        for (var round = 0; round < 4000; round++) {
            var message = message(random);
            var octets = message.getBytes(StandardCharsets.UTF_8);
            if (random.nextInt(8) == 0 && octets.length > 0) {
                octets[random.nextInt(octets.length)] = (byte) random.nextInt(256);
            }
            var size = measure(octets, () -> 1 + random.nextInt(random.nextBoolean() ? 7 : 4000));
            var surrogate = all(Surrogate.of(slow(octets, random)));
            var wire = wire(surrogate);
            assertEquals(size, measure(octets, () -> 1 << 20), message);
            assertEquals(wire(octets).length, size.octets(), message);
            assertEquals(wire.length, size.surrogateOctets(), message);
            assertArrayEquals(surrogate, all(Surrogate.of(new ByteArrayInputStream(octets))));
            // Made of a surrogate, there is nothing left to be made.
            assertArrayEquals(surrogate, all(Surrogate.of(new ByteArrayInputStream(surrogate))));
            if (Arrays.equals(surrogate, octets)) {
                assertEquals(size.octets(), size.surrogateOctets(), message);
            } else {
                assertTrue(size.surrogateOctets() > size.octets(), message);
            }
        }
    }

    @Test
    void whatIsMadeIsAsciiAndItsLinesAreShortAndItsTextIsTheSame() {
        var random = new Random(6857);
        for (var round = 0; round < 4000; round++) {
            var text = text(random, 1 + random.nextInt(60));
            var made = field("Subject: " + text + "\r\n");
            assertTrue(made.chars().allMatch(c -> c < 0x80), made);
            for (var line : made.split("\r\n", -1)) {
                assertTrue(line.length() <= 76 || !line.strip().contains(" "), made);
                for (var match = ENCODED.matcher(line); match.find(); ) {
                    assertTrue(match.group().length() <= 75, made);
                }
            }
            assertEquals(shown(text), shown(made.substring("Subject: ".length())), made);
        }
        for (var name :
                List.of(
                        "From",
                        "To",
                        "Date",
                        "Content-Type",
                        "Content-Disposition",
                        "References",
                        "X")) {
            for (var round = 0; round < 2000; round++) {
                var made = field(name + ": " + syntax(random) + "ü" + syntax(random) + "\r\n");
                assertTrue(made.chars().allMatch(c -> c < 0x80), made);
                assertTrue(made.endsWith("\r\n"), made);
                for (var line : made.substring(0, made.length() - 2).split("\r\n", -1)) {
                    assertTrue(
                            line.startsWith(name)
                                    || line.startsWith("Downgraded-" + name)
                                    || line.startsWith(" ")
                                    || line.startsWith("\t"),
                            made);
                }
            }
        }
    }

    @Test
    void aStreamThatFailsIsNoEnd() {
        var broken =
                new FilterInputStream(
                        new ByteArrayInputStream("Subject: ü".getBytes(StandardCharsets.UTF_8))) {
                    @Override
                    public int read(byte[] into, int from, int length) throws IOException {
                        var read = super.read(into, from, length);
                        if (read < 0) {
                            throw new IOException("broken");
                        }
                        return read;
                    }
                };
        assertThrows(IOException.class, () -> all(Surrogate.of(broken)));
    }

    private static String encoded(String text) {
        var octets = text.getBytes(StandardCharsets.UTF_8);
        return "=?utf-8?B?" + Base64.getEncoder().encodeToString(octets) + "?=";
    }

    /** What a reader of RFC 2047 shows, white space in a row taken as one. */
    static String shown(String value) {
        var joined =
                value.replace("\r\n", "").strip().replaceAll("(\\?=)[ \t]+(?==\\?utf-8)", "$1");
        var text = new StringBuilder();
        var match = ENCODED.matcher(joined);
        while (match.find()) {
            var decoded = Base64.getDecoder().decode(match.group(1));
            match.appendReplacement(
                    text, Matcher.quoteReplacement(new String(decoded, StandardCharsets.UTF_8)));
        }
        return match.appendTail(text).toString().replaceAll("[ \t]+", " ").strip();
    }

    static String text(Random random, int words) {
        var text = new StringBuilder();
        for (var i = 0; i < words; i++) {
            if (i > 0) {
                text.append(random.nextInt(8) == 0 ? "\r\n\t" : " ");
            }
            text.append(word(random));
        }
        // At least one of them is the reason for all this.
        return text.append(" \u00e9").toString();
    }

    private static String word(Random random) {
        return switch (random.nextInt(5)) {
            case 0 -> "ü".repeat(1 + random.nextInt(40));
            case 1 -> "日本語メール".repeat(1 + random.nextInt(8));
            case 2 -> "\uD83D\uDCEE".repeat(1 + random.nextInt(30)) + "x";
            default -> "ascii";
        };
    }

    static String syntax(Random random) {
        var text = new StringBuilder();
        var marks = "\"\"()<>,;:@=\\*% \t?.aä日";
        for (var i = random.nextInt(30); i > 0; i--) {
            text.append(marks.charAt(random.nextInt(marks.length())));
        }
        if (random.nextInt(4) == 0) {
            text.append("\r\n ").append("\\a".repeat(random.nextInt(50)));
        }
        return text.toString();
    }

    static String message(Random random) {
        var names =
                List.of("Subject", "From", "to", "Content-Type", "Message-ID", "X-Ä", "X ", "Date");
        var message = new StringBuilder();
        var ends = List.of("\r\n", "\n");
        for (var i = random.nextInt(6); i > 0; i--) {
            message.append(names.get(random.nextInt(names.size()))).append(':');
            message.append(random.nextBoolean() ? text(random, 4) : syntax(random));
            message.append(random.nextInt(20) == 0 ? "\r" : "");
            message.append(ends.get(random.nextInt(2)));
        }
        if (random.nextInt(4) > 0) {
            message.append(ends.get(random.nextInt(2))).append(text(random, 20)).append(".\n.x");
        } else if (message.length() > 3 && random.nextBoolean()) {
            message.setLength(message.length() - 1 - random.nextInt(2));
        }
        return message.toString();
    }

    private static String field(String field) {
        var octets = field.getBytes(StandardCharsets.UTF_8);
        var made = Downgrade.of(octets, 0, octets.length);
        assertTrue(Downgrade.wire(made, 0, made.length) > Downgrade.wire(octets, 0, octets.length));
        return new String(made, StandardCharsets.UTF_8);
    }

    static String surrogate(String message) throws IOException {
        var octets = message.getBytes(StandardCharsets.UTF_8);
        return new String(
                all(Surrogate.of(new ByteArrayInputStream(octets))), StandardCharsets.UTF_8);
    }

    static MessageCounter.Size measure(byte[] octets, IntSupplier chunk) {
        var counter = new MessageCounter();
        counter.count(ByteBuffer.wrap("To: an ünfinished one".getBytes(StandardCharsets.UTF_8)));
        counter.restart();
        for (var at = 0; at < octets.length; ) {
            var part = Math.min(chunk.getAsInt(), octets.length - at);
            counter.count(ByteBuffer.wrap(octets, at, part));
            at += part;
        }
        return counter.finish();
    }

    static byte[] wire(byte[] stored) {
        var out = ByteBuffer.allocate(2 * stored.length + 2);
        var encoder = new MessageEncoder(MessageEncoder.WHOLE);
        encoder.encode(ByteBuffer.wrap(stored), out);
        encoder.finish(out);
        var stuffed = new byte[out.position()];
        out.flip().get(stuffed);
        var text = new String(stuffed, StandardCharsets.ISO_8859_1);
        return text.replaceAll("(?s)(^|(?<=\n))\\.", "").getBytes(StandardCharsets.ISO_8859_1);
    }

    static byte[] all(InputStream in) throws IOException {
        var all = new ByteArrayOutputStream();
        var piece = new byte[13];
        for (int read; (read = in.read(piece)) >= 0; ) {
            all.write(piece, 0, read);
        }
        return all.toByteArray();
    }

    static InputStream slow(byte[] octets, Random random) {
        return new FilterInputStream(new ByteArrayInputStream(octets)) {
            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                return super.read(into, from, Math.min(length, 1 + random.nextInt(200)));
            }
        };
    }
}
