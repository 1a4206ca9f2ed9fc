package io.postern.spi.wire;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What the header of a message or of a part says of the body below it, as far as there are headers
 * in that body (RFC 2046 §5). Where it can be read in two ways, there are none: nothing is
 * rewritten that could be the text of somebody. One thread at a time.
 */
final class EntityHeader {
    /**
     * Longest boundary that is looked for, octets. RFC 2046 §5.1.1 allows 70, and some programs
     * more.
     */
    static final int LONGEST_BOUNDARY = 256;

    /** With others a body has to be decoded before it shows its headers (RFC 2045 §6.4). */
    private static final Set<String> AS_IT_IS = Set.of("7bit", "8bit", "binary");

    /** How a body is built. */
    sealed interface Body {

        /** No headers, or none that could be found. */
        record Leaf() implements Body {}

        /** A message, whose header comes first (RFC 2046 §5.2.1, RFC 6532 §3.7). */
        record Message() implements Body {}

        /**
         * Parts, each with a header of its own (RFC 2046 §5.1).
         *
         * @param boundary in ASCII
         * @param digest whether a part is a message where it does not say what it is (§5.1.5)
         */
        record Multipart(String boundary, boolean digest) implements Body {

            boolean isDelimitedBy(byte[] octets, int from, int to) {
                if (to - from != boundary.length()) {
                    return false;
                }
                for (var at = 0; at < boundary.length(); at++) {
                    if (octets[from + at] != boundary.charAt(at)) {
                        return false;
                    }
                }
                return true;
            }
        }
    }

    private static final Body LEAF = new Body.Leaf();
    private static final Body MESSAGE = new Body.Message();

    private Body body = LEAF;
    private boolean typed;
    private boolean encoded;
    private boolean unclear;

    /**
     * Begins with another header.
     *
     * @param inDigest whether it is of a part of a digest
     */
    void restart(boolean inDigest) {
        body = inDigest ? MESSAGE : LEAF;
        typed = false;
        encoded = false;
        unclear = false;
    }

    /** Takes one field as it is sent, or the empty line. */
    void field(byte[] octets, int from, int to) {
        if (from == to || (octets[from] | 0x20) != 'c') {
            return;
        }
        var field = new String(octets, from, to - from, StandardCharsets.ISO_8859_1);
        var colon = field.indexOf(':');
        if (colon < 0) {
            return;
        }
        var value = Downgrade.unfolded(field.substring(colon + 1)).strip();
        switch (field.substring(0, colon).strip().toLowerCase(Locale.ROOT)) {
            case "content-type" -> {
                unclear |= typed;
                typed = true;
                body = body(value);
            }
            case "content-transfer-encoding" -> {
                unclear |= encoded || !AS_IT_IS.contains(value.toLowerCase(Locale.ROOT));
                encoded = true;
            }
            default -> {}
        }
    }

    /** What is below, once the header is at its end. */
    Body body() {
        return unclear ? LEAF : body;
    }

    private static Body body(String value) {
        // That most are text, or files, is seen at once.
        if (value.isEmpty() || (value.charAt(0) | 0x20) != 'm') {
            return LEAF;
        }
        var parts = Downgrade.split(value, ";").orElse(List.of());
        if (parts.isEmpty()) {
            return LEAF;
        }
        var type = parts.getFirst().text().strip().toLowerCase(Locale.ROOT);
        if (type.equals("message/rfc822") || type.equals("message/global")) {
            return MESSAGE;
        }
        // The signature is over the headers of the parts, too (RFC 1847 §2.1).
        if (!type.startsWith("multipart/")
                || type.equals("multipart/signed")
                || type.chars().anyMatch(c -> c <= ' ' || c == '(')) {
            return LEAF;
        }
        var boundary = "";
        for (var part : parts.subList(1, parts.size())) {
            var equals = part.text().indexOf('=');
            if (equals >= 0
                    && part.text().substring(0, equals).strip().equalsIgnoreCase("boundary")) {
                if (!boundary.isEmpty()) {
                    return LEAF;
                }
                boundary = part.text().substring(equals + 1).strip();
            }
        }
        var quoted = boundary.length() > 2 && boundary.startsWith("\"") && boundary.endsWith("\"");
        if (quoted) {
            boundary = boundary.substring(1, boundary.length() - 1);
        }
        return isBoundary(boundary, quoted)
                ? new Body.Multipart(boundary, type.equals("multipart/digest"))
                : LEAF;
    }

    /** More than RFC 2046 allows, and nothing that would have to be taken out of its quotes. */
    private static boolean isBoundary(String text, boolean quoted) {
        return !text.isEmpty()
                && text.length() <= LONGEST_BOUNDARY
                && !text.endsWith(" ")
                && text.chars()
                        .allMatch(c ->
                                (c == ' ' || c == '(' || c == ')')
                                        ? quoted
                                        : c > ' ' && c <= '~' && c != '"' && c != '\\');
    }
}
