package io.postern.store.maildir;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * How a message's file name is spelled in this package, and what may be read in it.
 *
 * <p>A name of characters from 0x21 to 0x7E is spelled as it is. Any other, for example one in an
 * old 8-bit character set, is spelled with a slash in front, which no file name holds, and with its
 * odd octets as {@code %XX}. So every name is printable, no two names are spelled alike, and the
 * locale of this JVM plays no part.
 */
final class FileName {
    private static final char ODD = '/';
    private static final String SIZE = ",S=";

    private FileName() {}

    /** The spelling of the last name of a path. */
    static String of(Path file) {
        // A path that is asked for its last name looks first where all of its names begin.
        var path = file.toString();
        var text = path.substring(path.lastIndexOf('/') + 1);
        if (plain(text)) {
            return text;
        }
        var uri = file.getFileName().toAbsolutePath().toUri().getRawPath();
        if (uri.endsWith("/")) {
            uri = uri.substring(0, uri.length() - 1);
        }
        return of(decode(uri.substring(uri.lastIndexOf('/') + 1)));
    }

    /** The spelling of a name that is known by its octets. */
    static String of(byte[] octets) {
        var text = new String(octets, StandardCharsets.ISO_8859_1);
        return plain(text) ? text : ODD + encode(text, false);
    }

    /** The file of that spelling in a folder. */
    static Path in(Path folder, String name) {
        if (name.charAt(0) != ODD) {
            return folder.resolve(name);
        }
        // Only through a URI can a path be made of octets that are no text in this JVM's locale.
        var octets = new String(decode(name.substring(1)), StandardCharsets.ISO_8859_1);
        var above = folder.toAbsolutePath().toUri().toString();
        var uri = URI.create(above + (above.endsWith("/") ? "" : "/") + encode(octets, true));
        return folder.getFileSystem().provider().getPath(uri);
    }

    /**
     * The size that the deliverer noted as {@code ,S=} in the unique part of a name, octets of the
     * message as it is when unpacked; it may be wrong. Empty where there is none. Of two, the last.
     */
    static OptionalLong storedSizeHint(String unique) {
        for (var at = unique.lastIndexOf(SIZE); at >= 0; at = unique.lastIndexOf(SIZE, at - 1)) {
            var from = at + SIZE.length();
            var comma = unique.indexOf(',', from);
            var digits = unique.substring(from, comma < 0 ? unique.length() : comma);
            if (digits.matches("[0-9]{1,18}")) {
                return OptionalLong.of(Long.parseLong(digits));
            }
        }
        return OptionalLong.empty();
    }

    /** Whether it is spelled as it is; asked for every file of every scan. */
    private static boolean plain(String text) {
        for (var at = 0; at < text.length(); at++) {
            var c = text.charAt(at);
            if (c < 0x21 || c > 0x7E || c == ODD) {
                return false;
            }
        }
        return true;
    }

    private static boolean digit(char c) {
        return c >= '0' && c <= '9';
    }

    private static String encode(String octets, boolean forUri) {
        var text = new StringBuilder(octets.length() + 16);
        for (var at = 0; at < octets.length(); at++) {
            var c = octets.charAt(at);
            var letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || digit(c);
            if (letter || (!forUri && c >= 0x21 && c <= 0x7E && c != '%')) {
                text.append(c);
            } else {
                text.append('%');
                text.append(Character.toUpperCase(Character.forDigit(c >> 4, 16)));
                text.append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return text.toString();
    }

    private static byte[] decode(String text) {
        var octets = new ByteArrayOutputStream(text.length());
        for (var at = 0; at < text.length(); at++) {
            if (text.charAt(at) == '%') {
                octets.write(Integer.parseInt(text, at + 1, at + 3, 16));
                at += 2;
            } else {
                octets.write(text.charAt(at));
            }
        }
        return octets.toByteArray();
    }
}
