package io.postern.spi.wire;

import static io.postern.spi.wire.SurrogateTest.all;
import static io.postern.spi.wire.SurrogateTest.measure;
import static io.postern.spi.wire.SurrogateTest.slow;
import static io.postern.spi.wire.SurrogateTest.surrogate;
import static io.postern.spi.wire.SurrogateTest.syntax;
import static io.postern.spi.wire.SurrogateTest.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * The surrogates of messages with internationalised headers in their parts (RFC 6857, RFC 2046).
 */
@Tag("protocol-127")
class PartHeadersTest {
    private static final String RAW = "Content-Disposition: inline; filename=\"\u00fc.pdf\"\n";
    private static final String MADE = "Content-Disposition: inline; filename*=utf-8''%C3%BC.pdf\n";
    private static final String MIXED = "Content-Type: multipart/mixed; boundary=out\n\n";

    /** Where @ stands a field is rewritten, where $ stands the same field stays. */
    private static final List<String> REWRITTEN =
            List.of(
                    // A body, what is before and behind the parts, and what only looks like one.
                    MIXED
                            + "$--out\nContent-Type: text/plain\n@\nGr\u00fc\u00dfe\n$\n$--out\n@\n$"
                            + "--outer\n$--out-\n$--out --\n$--out x\n$ --out\n$--\n$--out--\n$"
                            + "--out\n$",
                    // Parts within parts, of which the inner one has no end of its own.
                    MIXED
                            + "--out\nContent-Type: multipart/alternative;\n boundary=\"in:1\"\n@\n"
                            + "$--in:1\n@\nx\n--in:1\n@\nx\n--out\n@\n--in:1\n$",
                    // The inner one has one, and the outer one goes on.
                    MIXED
                            + "--out\nContent-Type: multipart/related; boundary=out-\n\n--out-\n@\n"
                            + "--out---\n$\n--out-\n$\n--out \t\n@\n--out-- \t\n$",
                    // Messages within parts, and within messages.
                    MIXED
                            + "--out\nContent-Type: message/rfc822\n@\n@"
                            + "Content-Type: multipart/mixed; boundary=\"a b\"\n\n--a b\n@\n$--a b--"
                            + "\n$--out\nContent-Type: Message/Global\n\n@\n$",
                    "Content-Type: message/global\nContent-Transfer-Encoding: 8BIT\n@\n"
                            + "@Content-Type: message/global\n\n@\n$",
                    // Parts of a digest are messages unless they say what they are.
                    "content-type : multipart/Digest; BOUNDARY = d ; charset=x;\n\n--d\n@\n@\n$"
                            + "\n--d\nContent-Type: text/plain\n@\n$\n--d--\n",
                    // Headers without an empty line.
                    MIXED + "--out\n@--out\n@--out--\n$",
                    MIXED + "--out\n@",
                    MIXED + "--out\nContent-Type: multipart/mixed; boundary=in\n--in\n\n$--out\n@");

    @Test
    void theHeadersOfPartsAreRewrittenAndNothingElse() throws IOException {
        for (var message : REWRITTEN) {
            assertRewritten(message);
            assertRewritten("From: a\nSubject: x\nMIME-Version: 1.0\n" + message);
        }
    }

    @Test
    void everyFieldIsTreatedAsInTheMessagesOwnHeader() throws IOException {
        var fields =
                """
                Content-Type: application/pdf; name="Gr\u00fc\u00dfe.pdf"
                Content-Description: Gr\u00fc\u00dfe aus Rom
                Content-Disposition: attachment; size=1; filename="\u65e5\u672c\u8a9e.pdf"
                Content-ID: <\u00fc@example.org>
                Content-Location: \u00fc.html
                """;
        var made =
                """
                Content-Type: application/pdf; name*=utf-8''Gr%C3%BC%C3%9Fe.pdf
                Content-Description: =?utf-8?B?R3LDvMOfZQ==?= aus Rom
                Content-Disposition: attachment; size=1;\r
                 filename*=utf-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.pdf
                Downgraded-Content-ID: =?utf-8?B?PMO8QGV4YW1wbGUub3JnPg==?=
                Content-Location: =?utf-8?B?w7wuaHRtbA==?=
                """;
        assertEquals(
                MIXED + "--out\n" + made + "\n" + fields + "--out--\n",
                surrogate(MIXED + "--out\n" + fields + "\n" + fields + "--out--\n"));
    }

    @Test
    void whatCannotBeReadSafelyStaysAsItIs() throws IOException {
        var parts = "\n--out\n" + RAW + "\nx\n--out--\n";
        for (var header :
                List.of(
                        "Content-Type: multipart/mixed",
                        "Content-Type: multipart/mixed; boundary=",
                        "Content-Type: multipart/mixed; boundary=\"\"",
                        "Content-Type: multipart/mixed; boundary=\"out",
                        "Content-Type: multipart/mixed; boundary=out; boundary=out",
                        "Content-Type: multipart/mixed; boundary*=us-ascii''out",
                        "Content-Type: multipart/mixed; boundary=o\"u\"t",
                        "Content-Type: multipart/mixed; boundary=\"o\\ut\"",
                        "Content-Type: multipart/mixed; boundary=out(x)",
                        "Content-Type: multipart/mixed; boundary=\"out \"",
                        "Content-Type: multipart; boundary=out",
                        "Content-Type: text/plain; boundary=out",
                        "Content-Type multipart/mixed; boundary=out",
                        "Content-Type: multipart/mixed; boundary=out\n"
                                + "Content-Type: multipart/mixed; boundary=out",
                        "Content-Type: multipart/mixed; boundary=out\n"
                                + "Content-Transfer-Encoding: base64",
                        "Content-Transfer-Encoding: quoted-printable\n"
                                + "Content-Type: multipart/mixed; boundary=out",
                        // The signature is over the headers of the parts.
                        "Content-Type: multipart/signed; protocol=\"a/b\"; boundary=out",
                        // It does not reach the client as a type.
                        "Downgraded-Content-Type: multipart/mixed; boundary=out")) {
            var message = header + "\n" + parts;
            assertEquals(message, surrogate(message));
        }
        for (var within :
                List.of(
                        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n",
                        "Content-Type: message/partial\n\n",
                        "Content-Type: message/delivery-status\n\n",
                        // Of two with the same boundary nobody knows which has the part.
                        "Content-Type: multipart/mixed; boundary=out\n\n")) {
            assertRewritten(MIXED + "--out\n" + within + "$\n--out\n@\n--out--\n$--out\n$");
        }
    }

    @Test
    void whatIsNestedTooDeepStaysAsItIs() throws IOException {
        var message = new StringBuilder();
        for (var level = 1; level <= MessageHeaders.DEPTH + 1; level++) {
            message.append("Content-Type: multipart/mixed; boundary=b").append(level);
            message.append("\n\n--b").append(level).append('\n');
        }
        message.append("$\n--b").append(MessageHeaders.DEPTH).append("\n@\n--b1\n@\n$");
        assertRewritten(message.toString());
    }

    /** In a message's own header there is no surrogate then; a part is no reason for that. */
    @Test
    void aFieldOfAPartThatIsTooLongStaysAsItIs() throws IOException {
        var tooLong = "X: \u00fc" + "x".repeat(HeaderFields.LIMIT) + "\n";
        assertRewritten(MIXED + "--out\n@" + tooLong + "@\n$\n--out--\n");
    }

    @Test
    void theLongestBoundaryIsFound() throws IOException {
        var longest = "b".repeat(EntityHeader.LONGEST_BOUNDARY);
        var type = "Content-Type: multipart/mixed; boundary=";
        for (var padding : List.of("", " ".repeat(500))) {
            assertRewritten(
                    type + longest + "\n\n--" + longest + padding + "\n@\n--" + longest + "x\n$");
            assertRewritten(
                    type
                            + longest
                            + "\n\n--"
                            + longest
                            + "\n@\n--"
                            + longest
                            + "--\n$\n--"
                            + longest
                            + "\n$");
        }
        assertRewritten(type + longest + "b\n\n--" + longest + "b\n$");
    }

    /** TOP counts lines of the body below the message's own header (RFC 1939 §7). */
    @Test
    @Tag("protocol-92")
    void topSendsTheLinesOfTheSurrogate() throws IOException {
        var message = MIXED + "--out\n" + RAW + "\nGr\u00fc\u00dfe\n--out--\n";
        var surrogate = surrogate(message).getBytes(StandardCharsets.UTF_8);
        var out = ByteBuffer.allocate(1000);
        new MessageEncoder(2).encode(ByteBuffer.wrap(surrogate), out);
        assertEquals(
                (MIXED + "--out\n" + MADE).replace("\n", "\r\n"),
                new String(out.array(), 0, out.position(), StandardCharsets.UTF_8));
    }

    @Test
    void whereTheOctetsAreSplitMakesNoDifference() throws IOException {
        for (var template : REWRITTEN) {
            for (var ends : List.of("\n", "\r\n")) {
                var octets = octets(stored(template, RAW).replace("\n", ends));
                var expected = octets(stored(template, MADE).replace("\n", ends));
                var size = wire(expected).length;
                for (var at = 0; at <= octets.length; at++) {
                    var where = at;
                    assertArrayEquals(expected, all(Surrogate.of(cut(octets, where))), template);
                    var first = new boolean[] {true};
                    var counted =
                            measure(
                                    octets,
                                    () -> {
                                        var part = first[0] && where > 0 ? where : octets.length;
                                        first[0] = false;
                                        return part;
                                    });
                    assertEquals(size, counted.surrogateOctets(), template);
                }
                assertEquals(size, measure(octets, () -> 1).surrogateOctets(), template);
            }
        }
    }

    /** Trees of parts, whose surrogate is written down while they are made. */
    @Test
    @Tag("protocol-92")
    @Tag("protocol-146")
    void ofAnyTreeOfPartsOnlyTheHeadersAreRewritten() throws IOException {
        var random = new Random(2046);
        var changed = 0;
        for (var round = 0; round < 3000; round++) {
            var tree = new Tree(random);
            tree.entity(0, false);
            var octets = octets(tree.message.toString());
            var expected = octets(tree.expected.toString());
            assertArrayEquals(expected, all(Surrogate.of(slow(octets, random))));
            assertArrayEquals(expected, all(Surrogate.of(new ByteArrayInputStream(octets))));
            assertArrayEquals(expected, all(Surrogate.of(new ByteArrayInputStream(expected))));
            var size = measure(octets, () -> 1 + random.nextInt(random.nextBoolean() ? 9 : 5000));
            assertEquals(wire(octets).length, size.octets());
            assertEquals(wire(expected).length, size.surrogateOctets());
            assertTrue(tree.headers.chars().allMatch(c -> c < 0x80), tree.headers.toString());
            changed += Arrays.equals(octets, expected) ? 0 : 1;
        }
        assertTrue(changed > 2000, "only " + changed);
    }

    /** Whatever is broken in such a tree: what is counted is sent, and there is nothing left. */
    @Test
    @Tag("protocol-92")
    void aBrokenTreeHasTheSizeThatIsCounted() throws IOException {
        var random = new Random(2231);
        for (var round = 0; round < 1500; round++) {
            var tree = new Tree(random);
            tree.entity(0, false);
            var octets = broken(octets(tree.message.toString()), random);
            var surrogate = all(Surrogate.of(slow(octets, random)));
            var size = measure(octets, () -> 1 + random.nextInt(random.nextBoolean() ? 9 : 5000));
            assertEquals(wire(surrogate).length, size.surrogateOctets());
            assertEquals(size, measure(octets, () -> 1 << 20));
            assertArrayEquals(surrogate, all(Surrogate.of(new ByteArrayInputStream(octets))));
            assertArrayEquals(surrogate, all(Surrogate.of(new ByteArrayInputStream(surrogate))));
            assertTrue(size.surrogateOctets() > size.octets() || Arrays.equals(surrogate, octets));
        }
    }

    @Test
    void aMessageOfManyPartsIsReadToItsEnd() {
        var part = "--out\n" + RAW + "Content-Type: multipart/mixed; boundary=in\n\n--in\n" + RAW;
        var parts = 50_000;
        var counter = new MessageCounter();
        counter.count(ByteBuffer.wrap(octets(MIXED)));
        for (var i = 0; i < parts; i++) {
            counter.count(ByteBuffer.wrap(octets(part)));
        }
        var size = counter.finish();
        var added = 2L * (MADE.length() - octets(RAW).length) * parts;
        assertEquals(size.octets() + added, size.surrogateOctets());
    }

    private static byte[] broken(byte[] octets, Random random) {
        var copy = octets.clone();
        for (var breaks = random.nextInt(4); breaks > 0 && copy.length > 0; breaks--) {
            var at = random.nextInt(copy.length);
            switch (random.nextInt(4)) {
                case 0 -> copy[at] = (byte) random.nextInt(256);
                case 1 -> copy[at] = (byte) "\n\r-; :\"=".charAt(random.nextInt(8));
                case 2 -> copy = Arrays.copyOf(copy, at);
                default -> {
                    var from = random.nextInt(copy.length);
                    var length = Math.min(100, copy.length - Math.max(at, from));
                    System.arraycopy(copy, from, copy, at, length);
                }
            }
        }
        return copy;
    }

    private static InputStream cut(byte[] octets, int at) {
        return new java.io.SequenceInputStream(
                new ByteArrayInputStream(octets, 0, at),
                new ByteArrayInputStream(octets, at, octets.length - at));
    }

    private static void assertRewritten(String template) throws IOException {
        for (var ends : List.of("\n", "\r\n")) {
            var message = stored(template, RAW).replace("\n", ends);
            var expected = stored(template, MADE).replace("\n", ends);
            assertEquals(expected, surrogate(message));
            assertEquals(
                    wire(octets(expected)).length,
                    measure(octets(message), () -> 1 << 20).surrogateOctets());
        }
    }

    private static String stored(String template, String field) {
        return template.replace("@", field).replace("$", RAW);
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A message that is made at random, and its surrogate. */
    private static final class Tree {
        private final Random random;
        private final String lineEnd;
        private final StringBuilder message = new StringBuilder();
        private final StringBuilder expected = new StringBuilder();

        /** All headers of the surrogate. */
        private final StringBuilder headers = new StringBuilder();

        private int boundaries;

        Tree(Random random) {
            this.random = random;
            this.lineEnd = random.nextBoolean() ? "\r\n" : "\n";
        }

        void entity(int depth, boolean inDigest) {
            for (var fields = random.nextInt(4); fields > 0; fields--) {
                field();
            }
            switch (depth > 4 ? 4 : random.nextInt(6)) {
                case 0, 1, 2 -> multipart(depth);
                case 3 -> {
                    if (!inDigest || random.nextBoolean()) {
                        header(
                                "Content-Type: message/"
                                        + (random.nextBoolean() ? "rfc822" : "global"));
                    }
                    header("");
                    entity(depth + 1, false);
                }
                default -> {
                    header("Content-Type: text/plain; charset=utf-8; name=\"" + word() + '"');
                    header("");
                    text();
                }
            }
        }

        private void multipart(int depth) {
            var digest = random.nextInt(4) == 0;
            var boundary = "=_" + "'()+_,-./:=?".repeat(random.nextInt(10)) + boundaries++ + "b";
            header(
                    "Content-Type: multipart/"
                            + (digest ? "digest" : "mixed")
                            + "; x="
                            + word()
                            + ";"
                            + (random.nextBoolean() ? lineEnd + "\t" : " ")
                            + "boundary=\""
                            + boundary
                            + "\"");
            header("");
            text();
            for (var parts = random.nextInt(4); parts > 0; parts--) {
                body("--" + boundary + " ".repeat(random.nextInt(2)));
                entity(depth + 1, digest);
            }
            if (random.nextInt(3) > 0) {
                body("--" + boundary + "--");
                text();
            }
        }

        private void field() {
            var names = List.of("Content-Disposition", "Content-Description", "Subject", "From");
            header(
                    names.get(random.nextInt(names.size()))
                            + ": "
                            + syntax(random).replace("\r\n", lineEnd)
                            + word());
        }

        private String word() {
            return random.nextBoolean() ? "\u00fc\u65e5".repeat(1 + random.nextInt(9)) : "ascii";
        }

        private void text() {
            for (var lines = random.nextInt(4); lines > 0; lines--) {
                body(random.nextBoolean() ? "--" + word() : "Subject: " + word());
            }
        }

        private void header(String line) {
            var field = octets(line + lineEnd);
            message.append(line).append(lineEnd);
            var made = Downgrade.of(field, 0, field.length);
            var sent = made == null ? line + lineEnd : new String(made, StandardCharsets.US_ASCII);
            expected.append(sent);
            headers.append(sent);
        }

        private void body(String line) {
            message.append(line).append(lineEnd);
            expected.append(line).append(lineEnd);
        }
    }
}
