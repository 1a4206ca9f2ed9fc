package io.postern.testkit;

import io.postern.spi.wire.MessageCounter;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Messages in every shape of line end, dot and octet that has made a server count wrong (RFC 1939
 * §3, §11). Immutable.
 */
public final class LineEndCorpus {
    private static final String HEAD = "From: alice@example.org\r\nSubject: shapes\r\n\r\n";

    /** UTF-8, whose octets are written as characters. */
    private static final String INTERNATIONALISED =
            String.join(
                    "\r\n",
                    "From: J\u00c3\u00bcrgen <j\u00c3\u00bcrgen@example.org>",
                    "Subject: Gr\u00c3\u00bc\u00c3\u009fe",
                    "",
                    "");

    private static final String PARTS =
            String.join(
                    "\r\n",
                    "Content-Type: multipart/mixed; boundary=\"=_1\"",
                    "",
                    "--=_1",
                    "Content-Disposition: attachment; filename=\"Gr\u00c3\u00bc\u00c3\u009fe.pdf\"",
                    "",
                    "Gr\u00c3\u00bc\u00c3\u009fe",
                    "--=_1--",
                    "");

    private LineEndCorpus() {}

    /** One message of the corpus, as a store keeps it. */
    public static final class Shape {
        private final String name;
        private final byte[] stored;

        private Shape(String name, String stored) {
            this.name = name;
            this.stored = stored.getBytes(StandardCharsets.ISO_8859_1);
        }

        /** The stored octets, a copy. */
        public byte[] stored() {
            return stored.clone();
        }

        /** Exact size on the wire, octets. */
        public long octets() {
            return LineEndCorpus.octets(stored);
        }

        /** What is special about it. */
        @Override
        public String toString() {
            return name;
        }
    }

    /** Every shape, each with octets of its own. */
    public static List<Shape> shapes() {
        return List.of(
                shape("empty", ""),
                shape("one LF", "\n"),
                shape("one CRLF", "\r\n"),
                shape("one CR", "\r"),
                shape("one dot", "."),
                shape("one octet", "x"),
                shape("all CRLF", HEAD + "one\r\ntwo\r\n"),
                shape("all LF", HEAD.replace("\r", "") + "one\ntwo\n"),
                shape("LF, no line end at the end", HEAD.replace("\r", "") + "one\ntwo"),
                shape("CRLF, no line end at the end", HEAD + "one\r\ntwo"),
                shape("a CR at the end", HEAD + "one\r\ntwo\r"),
                shape("two CR at the end", HEAD + "one\r\ntwo\r\r"),
                shape("lone CR within lines", HEAD + "one\rtwo\rthree\r\n"),
                shape("CR CR LF", HEAD + "one\r\r\ntwo\r\r\n"),
                shape("LF CR", HEAD + "one\n\rtwo\n\r"),
                shape("mixed line ends", HEAD + "one\ntwo\r\nthree\rfour\n\r\n\n"),
                shape("head CRLF, body LF", HEAD + "one\ntwo\n"),
                shape("head LF, body CRLF", HEAD.replace("\r", "") + "one\r\ntwo\r\n"),
                shape("dots at line starts", HEAD + ".one\r\n..two\r\n...\r\n"),
                shape("lines of one dot, CRLF", HEAD + ".\r\n.\r\n"),
                shape("lines of one dot, LF", HEAD.replace("\r", "") + ".\n.\n"),
                shape("a dot at the end, no line end", HEAD + "one\r\n."),
                shape("a dot after a lone CR", HEAD + "one\r.two\r\n"),
                shape("a dot at the very start", ".Subject: dot\r\n\r\nbody\r\n"),
                shape("NUL", HEAD + "one\0two\r\n\0\r\n"),
                shape("8-bit and every octet", HEAD + everyOctet() + "\r\n"),
                shape("a line of 200,000 octets", HEAD + "long ".repeat(40_000) + "\r\n"),
                shape("a long line without end", HEAD + "endless ".repeat(20_000)),
                shape("no empty line", "From: alice@example.org\r\nSubject: no body\r\n"),
                shape("no empty line, LF, no end", "From: alice@example.org\nSubject: nothing"),
                shape("an empty body", HEAD),
                shape("begins with an empty line", "\r\nbody only\r\n"),
                shape("many empty lines, LF", HEAD + "\n".repeat(10_000)),
                shape("many empty lines, CRLF", HEAD + "\r\n".repeat(10_000)),
                shape("CR at each border of 4,096", borders("\r\n", 4096)),
                shape("LF at each border of 8,192", borders("\n", 8192)),
                shape("dot at each border of 32,768", borders("\r\n.", 32_768)),
                shape("an internationalised header", INTERNATIONALISED + "one\r\n"),
                shape(
                        "an internationalised header, LF, no body",
                        INTERNATIONALISED.replace("\r", "").strip()),
                shape(
                        "an internationalised field of more than 64 KiB",
                        "X: \u00c3\u00bc" + "long ".repeat(14_000) + "\r\n" + INTERNATIONALISED),
                shape("an internationalised header of a part", PARTS),
                shape("an internationalised header of a part, LF", PARTS.replace("\r", "")),
                shape("looks like mbox", HEAD + "From alice Mon Jan  1 00:00:00 2026\r\n>From\r\n"),
                shape(
                        "a From_ line at the start",
                        "From alice Mon Jan  1 2026\nSubject: x\n\ny\n"));
    }

    /** Exact size on the wire of these stored octets. */
    public static long octets(byte[] stored) {
        return size(stored).octets();
    }

    /** Exact size on the wire of the surrogate of these stored octets (RFC 6856 §2.1). */
    public static long surrogateOctets(byte[] stored) {
        return size(stored).surrogateOctets();
    }

    private static MessageCounter.Size size(byte[] stored) {
        try {
            return MessageCounter.measure(new ByteArrayInputStream(stored));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array does not fail
        }
    }

    private static Shape shape(String name, String stored) {
        return new Shape(name, stored);
    }

    private static String everyOctet() {
        var octets = new StringBuilder();
        for (var octet = 0; octet < 256; octet++) {
            octets.append((char) octet);
        }
        return octets.toString();
    }

    /** The line end stands across the border of each block: its first octet ends the block. */
    private static String borders(String lineEnd, int block) {
        var text = new StringBuilder();
        for (var end = block; end <= 6 * block; end += block) {
            text.append("b".repeat(end - 1 - text.length())).append(lineEnd);
        }
        return text.toString();
    }
}
