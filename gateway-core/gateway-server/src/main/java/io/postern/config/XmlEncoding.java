package io.postern.config;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Finds the encoding of an XML file (XML 1.0, appendix F) and decodes it strictly: what does not
 * fit is told with its line instead of being replaced.
 */
final class XmlEncoding {
    /** Octets at the beginning in which the declaration is looked for. */
    private static final int HEAD = 256;

    private static final Pattern DECLARED =
            Pattern.compile("<\\?xml\\s[^>]*?encoding\\s*=\\s*[\"']([^\"'>]*)[\"']");

    private static final String SAVE = "Save the file as UTF-8.";
    private static final String SAVE_AND_SAY =
            "Save the file as UTF-8, and write encoding=\"UTF-8\" here.";

    private XmlEncoding() {}

    /** The text, without a byte order mark. */
    static String decode(byte[] octets) throws NotWellFormed {
        if (begins(octets, 0xEF, 0xBB, 0xBF)) {
            return decode(octets, 3, StandardCharsets.UTF_8);
        }
        if (begins(octets, 0xFE, 0xFF)) {
            return decode(octets, 2, StandardCharsets.UTF_16BE);
        }
        if (begins(octets, 0xFF, 0xFE)) {
            return decode(octets, 2, StandardCharsets.UTF_16LE);
        }
        if (begins(octets, 0, '<', 0, '?')) {
            return decode(octets, 0, StandardCharsets.UTF_16BE);
        }
        if (begins(octets, '<', 0, '?', 0)) {
            return decode(octets, 0, StandardCharsets.UTF_16LE);
        }
        return decode(octets, 0, declared(octets));
    }

    private static boolean begins(byte[] octets, int... with) {
        for (var at = 0; at < with.length; at++) {
            if (at >= octets.length || (octets[at] & 0xFF) != with[at]) {
                return false;
            }
        }
        return true;
    }

    private static Charset declared(byte[] octets) throws NotWellFormed {
        var head =
                new String(
                        Arrays.copyOf(octets, Math.min(octets.length, HEAD)),
                        StandardCharsets.ISO_8859_1);
        var declared = DECLARED.matcher(head);
        if (!declared.lookingAt()) {
            return StandardCharsets.UTF_8;
        }
        var name = declared.group(1);
        Charset charset;
        try {
            charset = Charset.forName(name);
        } catch (IllegalCharsetNameException | UnsupportedCharsetException _) {
            throw new NotWellFormed(1, "the encoding \"" + name + "\" is not known", SAVE_AND_SAY);
        }
        if (name.toUpperCase(Locale.ROOT).matches("(X-)?UTF-?(16|32).*")) {
            throw new NotWellFormed(
                    1, "the file says that it is in " + name + ", and it is not", SAVE_AND_SAY);
        }
        return charset;
    }

    private static String decode(byte[] octets, int from, Charset charset) throws NotWellFormed {
        var decoder =
                charset.newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT);
        var in = ByteBuffer.wrap(octets, from, octets.length - from);
        // A decoder may make up to this many characters of an octet, and no more.
        var most = (long) Math.ceil((double) decoder.maxCharsPerByte() * in.remaining());
        var out = CharBuffer.allocate(Math.toIntExact(most) + 1);
        var result = decoder.decode(in, out, true);
        if (result.isError()) {
            out.flip();
            var line = XmlScanner.lines(out);
            throw charset.equals(StandardCharsets.UTF_8)
                    ? new NotWellFormed(
                            line,
                            "this line is not in UTF-8: the file was saved in another encoding, such"
                                    + " as Latin-1",
                            SAVE)
                    : new NotWellFormed(
                            line,
                            "this line is not in " + charset + ", as the file should be",
                            SAVE);
        }
        decoder.flush(out);
        return out.flip().toString();
    }
}
