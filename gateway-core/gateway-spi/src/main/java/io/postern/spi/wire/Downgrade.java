package io.postern.spi.wire;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Turns one internationalised header field (RFC 6532) into one that every client reads, after the
 * manner of RFC 6857 and RFC 6858. A function of the field's octets and nothing else. What it makes
 * is ASCII, and always longer than what it was made of.
 *
 * <ul>
 *   <li>Free text becomes encoded-words (RFC 2047), and so do the names that stand before
 *       addresses.
 *   <li>An address that is not ASCII becomes {@code invalid@internationalized-address.invalid}, and
 *       what it was can be read before it (RFC 6858 §2.1).
 *   <li>A parameter of Content-Type and Content-Disposition is encoded by RFC 2231.
 *   <li>A field that programs read, such as Message-ID, gets {@code Downgraded-} before its name
 *       (RFC 6857 §3) unless a comment at its end is all that is not ASCII, and so does one whose
 *       syntax is broken.
 * </ul>
 *
 * <p>Of a field longer than {@link HeaderFields#LIMIT} only the name is made here; {@link
 * OverlongField} makes the rest.
 *
 * <p>A field is internationalised if it has a name, all of it is UTF-8, and not all of it ASCII.
 * Any other stays as it is: raw Latin-1 was never legal, and no charset can be named for it.
 */
final class Downgrade {
    private static final String PREFIX = "Downgraded-";
    private static final String NOWHERE = "<invalid@internationalized-address.invalid>";

    /** Octets of a parameter's value in one section (RFC 2231 §3). */
    private static final int SECTION = 48;

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private static final Set<String> ADDRESSES =
            Set.of(
                    "from",
                    "sender",
                    "reply-to",
                    "to",
                    "cc",
                    "bcc",
                    "resent-from",
                    "resent-sender",
                    "resent-reply-to",
                    "resent-to",
                    "resent-cc",
                    "resent-bcc",
                    "return-path",
                    "delivered-to",
                    "x-original-to",
                    "mail-followup-to",
                    "mail-reply-to",
                    "return-receipt-to",
                    "disposition-notification-to",
                    "errors-to");

    private static final Set<String> PARAMETERS = Set.of("content-type", "content-disposition");

    private static final Set<String> FOR_PROGRAMS =
            Set.of(
                    "message-id",
                    "resent-message-id",
                    "in-reply-to",
                    "references",
                    "content-id",
                    "date",
                    "resent-date",
                    "received",
                    "mime-version",
                    "content-transfer-encoding",
                    "dkim-signature",
                    "authentication-results");

    private Downgrade() {}

    /**
     * @param octets a whole field, its line ends included
     * @return the field to send in its place, or null where it stays as it is
     */
    static byte[] of(byte[] octets, int from, int to) {
        var decoded = decoded(octets, from, to, true);
        if (decoded == null) {
            return null;
        }
        var colon = decoded.indexOf(':');
        var name = decoded.substring(0, colon);
        var end = decoded.length() - lineEndAtEnd(decoded);
        var value = decoded.substring(colon + 1, end);
        var kind = kind(name);
        Optional<String> made = Optional.empty();
        if (ADDRESSES.contains(kind)) {
            made = addresses(name, unfolded(value));
        } else if (PARAMETERS.contains(kind)) {
            made = parameters(name, unfolded(value));
        } else if (FOR_PROGRAMS.contains(kind)) {
            made = comment(name, unfolded(value));
        } else {
            made = Optional.of(freeText(name, value));
        }
        var tail = decoded.substring(end);
        var result = made.map(it -> (it + tail).getBytes(StandardCharsets.US_ASCII)).orElse(null);
        if (result == null || wire(result, 0, result.length) <= wire(octets, from, to)) {
            // Free text only grows. Syntax may shrink: quotes, backslashes and folds go.
            result = (freeText(PREFIX + name, value) + tail).getBytes(StandardCharsets.US_ASCII);
        }
        return result;
    }

    /**
     * The name under which a field is sent whose value becomes free text whatever it is, because it
     * is too long for {@link #of}.
     *
     * @param octets the beginning of the field
     * @return an empty text where that is not internationalised
     */
    static String nameOfFreeText(byte[] octets, int from, int to) {
        var decoded = decoded(octets, from, to, false);
        if (decoded == null) {
            return "";
        }
        var name = decoded.substring(0, decoded.indexOf(':'));
        return isFreeText(kind(name)) ? name : PREFIX + name;
    }

    private static String kind(String name) {
        return name.strip().toLowerCase(Locale.ROOT);
    }

    private static boolean isFreeText(String kind) {
        return !ADDRESSES.contains(kind)
                && !PARAMETERS.contains(kind)
                && !FOR_PROGRAMS.contains(kind);
    }

    /** How many octets that is on the wire, where each line end is two. */
    static int wire(byte[] octets, int from, int to) {
        var count = to - from;
        for (var at = from; at < to; at++) {
            if (octets[at] == '\n' && (at == from || octets[at - 1] != '\r')) {
                count++;
            }
        }
        return count;
    }

    /** The text of an internationalised field; null where it is none. */
    private static String decoded(byte[] octets, int from, int to, boolean whole) {
        var high = false;
        var colon = -1;
        for (var at = from; at < to; at++) {
            if (octets[at] < 0) {
                high = true;
            } else if (colon < 0 && octets[at] == ':') {
                colon = at;
            }
            if (colon < 0 && (octets[at] < '!' || octets[at] > '~')) {
                // Space between name and colon is old syntax (RFC 5322 §4.5).
                if (at == from || (octets[at] != ' ' && octets[at] != '\t')) {
                    return null;
                }
            } else if (colon < 0
                    && at > from
                    && (octets[at - 1] == ' ' || octets[at - 1] == '\t')) {
                return null;
            }
        }
        if (!high || colon <= from) {
            return null;
        }
        var text = CharBuffer.allocate(to - from);
        var outcome =
                StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(octets, from, to - from), text, whole);
        return outcome.isError() ? null : text.flip().toString();
    }

    private static int lineEndAtEnd(String text) {
        if (text.endsWith("\r\n")) {
            return 2;
        }
        return text.endsWith("\n") || text.endsWith("\r") ? 1 : 0;
    }

    static String unfolded(String value) {
        return value.replace("\r\n", "").replace("\n", "");
    }

    private static boolean ascii(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }

    // Free text (RFC 5322 §3.6.5)

    private static String freeText(String name, String value) {
        var line = new FoldedLine();
        line.add("", name + ":");
        var afterEncoded = false;
        for (var at = 0; at < value.length(); ) {
            var word = space(value, at);
            var space = value.substring(at, word);
            at = word(value, word);
            var text = value.substring(word, at);
            if (ascii(text)) {
                line.add(space, text);
                afterEncoded = isEncodedWord(text);
                continue;
            }
            // Words in a row are one text: the space between two encoded-words is not shown.
            for (int next, end; ; at = end) {
                next = space(value, at);
                end = word(value, next);
                if (value.substring(at, next).indexOf('\n') >= 0
                        || ascii(value.substring(next, end))) {
                    break;
                }
            }
            text = value.substring(word, at);
            var next = space(value, at);
            var before = afterEncoded ? " " : "";
            var after = isEncodedWord(value.substring(next, word(value, next))) ? " " : "";
            line.addEncoded(space, before + text + after);
            afterEncoded = true;
        }
        return line.toString();
    }

    /** Where the white space ends that begins there, line ends included. */
    private static int space(String value, int from) {
        var at = from;
        while (at < value.length() && (isBlank(value.charAt(at)) || lineEnd(value, at) > 0)) {
            at += Math.max(1, lineEnd(value, at));
        }
        return at;
    }

    private static int word(String value, int from) {
        var at = from;
        while (at < value.length() && !isBlank(value.charAt(at)) && lineEnd(value, at) == 0) {
            at++;
        }
        return at;
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static int lineEnd(String value, int at) {
        if (value.charAt(at) == '\n') {
            return 1;
        }
        return value.startsWith("\r\n", at) ? 2 : 0;
    }

    private static boolean isEncodedWord(String word) {
        return word.startsWith("=?") && word.endsWith("?=");
    }

    // Addresses (RFC 5322 §3.4)

    private static Optional<String> addresses(String name, String value) {
        var parts = split(value, ",;:");
        if (parts.isEmpty()) {
            return Optional.empty();
        }
        var line = new FoldedLine();
        line.add("", name + ":");
        for (var part : parts.get()) {
            var mailbox = part.text.strip();
            var space = part.text.isEmpty() || !isBlank(part.text.charAt(0)) ? "" : " ";
            if (ascii(mailbox)) {
                line.add(space, mailbox);
            } else if (!mailbox(line, space, mailbox)) {
                return Optional.empty();
            }
            line.addMark(part.delimiter);
        }
        return Optional.of(line.toString());
    }

    private static boolean mailbox(FoldedLine line, String space, String mailbox) {
        var pieces = split(mailbox, "<>");
        if (pieces.isEmpty()) {
            return false;
        }
        var all = pieces.get();
        if (all.size() == 1) {
            return bare(line, space, mailbox);
        }
        if (all.size() != 3 || !all.get(0).delimiter.equals("<")) {
            return false;
        }
        var phrase = unquoted(all.get(0).text).strip();
        var address = all.get(1).text;
        var behind = all.get(2).text.strip();
        if (!ascii(address)) {
            var shown = phrase.isEmpty() ? address : phrase + " <" + address + ">";
            line.addEncoded(space, behind.isEmpty() ? shown : shown + " " + behind);
            line.add(" ", NOWHERE);
            return true;
        }
        var before = space;
        if (ascii(phrase)) {
            line.add(before, all.get(0).text.strip());
        } else {
            line.addEncoded(before, phrase);
        }
        before = all.get(0).text.isBlank() ? "" : " ";
        line.add(before, "<" + address + ">");
        if (!behind.isEmpty()) {
            comment(line, behind);
        }
        return true;
    }

    /** An address without brackets, with a comment perhaps; or a word that is no address. */
    private static boolean bare(FoldedLine line, String space, String mailbox) {
        var comment = mailbox.indexOf('(');
        var address = comment < 0 ? mailbox : mailbox.substring(0, comment).strip();
        if (!address.contains("@")) {
            line.addEncoded(space, unquoted(mailbox));
        } else if (!ascii(address)) {
            line.addEncoded(space, mailbox);
            line.add(" ", NOWHERE);
        } else {
            line.add(space, address);
            comment(line, mailbox.substring(comment));
        }
        return true;
    }

    /** Comments become one, for nobody reads them by their number. */
    private static void comment(FoldedLine line, String comments) {
        if (ascii(comments)) {
            line.add(" ", comments);
            return;
        }
        var text = comments.strip();
        if (text.startsWith("(") && text.endsWith(")")) {
            text = text.substring(1, text.length() - 1);
        }
        line.add(" ", "(");
        line.addEncoded("", text);
        line.add("", ")");
    }

    /** What programs read, with a comment at its end that is for people (RFC 6857 §3.2). */
    private static Optional<String> comment(String name, String value) {
        var text = value.strip();
        var open = text.indexOf('(');
        var before = open < 0 ? text : text.substring(0, open);
        if (open < 0
                || !ascii(before)
                || before.indexOf('"') >= 0
                || !isOneComment(text.substring(open))) {
            return Optional.empty();
        }
        var line = new FoldedLine();
        line.add("", name + ":");
        line.add(value.startsWith(" ") ? " " : "", before.strip());
        comment(line, text.substring(open));
        return Optional.of(line.toString());
    }

    private static boolean isOneComment(String text) {
        var depth = 0;
        for (var at = 0; at < text.length(); at++) {
            switch (text.charAt(at)) {
                case '\\' -> at++;
                case '(' -> depth++;
                case ')' -> {
                    if (--depth == 0) {
                        return at == text.length() - 1;
                    }
                }
                default -> {}
            }
        }
        return false;
    }

    /** Without the quotes, and the backslashes within them. */
    private static String unquoted(String phrase) {
        var text = new StringBuilder();
        var quoted = false;
        for (var at = 0; at < phrase.length(); at++) {
            var c = phrase.charAt(at);
            if (c == '"') {
                quoted = !quoted;
            } else if (quoted && c == '\\' && at + 1 < phrase.length()) {
                text.append(phrase.charAt(++at));
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }

    // Parameters (RFC 2045 §5.1, RFC 2231)

    private static Optional<String> parameters(String name, String value) {
        var parts = split(value, ";");
        if (parts.isEmpty() || !ascii(parts.get().getFirst().text)) {
            return Optional.empty();
        }
        var line = new FoldedLine();
        line.add("", name + ":");
        for (var part : parts.get()) {
            var text = part.text.strip();
            if (ascii(text)) {
                line.add(part.text.startsWith(text) ? "" : " ", text);
            } else if (!parameter(line, text)) {
                return Optional.empty();
            }
            line.add("", part.delimiter);
        }
        return Optional.of(line.toString());
    }

    private static boolean parameter(FoldedLine line, String text) {
        var equals = text.indexOf('=');
        var name = equals < 0 ? "" : text.substring(0, equals).strip();
        if (name.isEmpty() || !ascii(name) || name.indexOf('*') >= 0 || name.indexOf('"') >= 0) {
            return false;
        }
        var sections = sections(unquoted(text.substring(equals + 1).strip()));
        for (var number = 0; number < sections.size(); number++) {
            var last = number == sections.size() - 1;
            line.add(
                    " ",
                    name
                            + (sections.size() == 1 ? "*=" : "*" + number + "*=")
                            + (number == 0 ? "utf-8''" : "")
                            + sections.get(number)
                            + (last ? "" : ";"));
        }
        return true;
    }

    private static List<String> sections(String value) {
        var sections = new ArrayList<String>();
        var section = new StringBuilder();
        for (var at = 0; at < value.length(); ) {
            var character = value.codePointAt(at);
            at += Character.charCount(character);
            var encoded = new StringBuilder();
            if (isAttributeCharacter(character)) {
                encoded.append((char) character);
            } else {
                for (var octet : Character.toString(character).getBytes(StandardCharsets.UTF_8)) {
                    HEX.toHexDigits(encoded.append('%'), octet);
                }
            }
            if (section.length() + encoded.length() > SECTION) {
                sections.add(section.toString());
                section.setLength(0);
            }
            section.append(encoded);
        }
        sections.add(section.toString());
        return sections;
    }

    private static boolean isAttributeCharacter(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '-'
                || c == '_';
    }

    // Syntax (RFC 5322 §3.2)

    record Part(String text, String delimiter) {}

    /**
     * Cuts at delimiters outside quotes and comments, and outside angle brackets where those are no
     * delimiters. Empty where a quote or comment has no end.
     */
    static Optional<List<Part>> split(String value, String delimiters) {
        var parts = new ArrayList<Part>();
        var start = 0;
        var quoted = false;
        var depth = 0;
        var angle = false;
        for (var at = 0; at < value.length(); at++) {
            var c = value.charAt(at);
            if (c == '\\' && (quoted || depth > 0)) {
                at++;
            } else if (quoted) {
                quoted = c != '"';
            } else if (depth > 0) {
                depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            } else if (c == '"') {
                quoted = true;
            } else if (c == '(') {
                depth = 1;
            } else if (!angle && delimiters.indexOf(c) >= 0) {
                parts.add(new Part(value.substring(start, at), String.valueOf(c)));
                start = at + 1;
            } else if (c == '<') {
                angle = true;
            } else if (c == '>') {
                angle = false;
            }
        }
        if (quoted || depth > 0 || angle) {
            return Optional.empty();
        }
        parts.add(new Part(value.substring(start), ""));
        return Optional.of(parts);
    }
}
