package io.postern.store.maildir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/**
 * Reads {@code courierpop3dsizelist}, versions 1 to 3 and the one before them, and makes the
 * unique-ids that Courier's POP3 server makes of it.
 */
record CourierIds() implements IdList {
    private static final Pattern HEAD = Pattern.compile("/([1-3])( [0-9]{1,19}){1,2} *");

    /** The name, which may hold spaces, the size, and the UID with what later versions add. */
    private static final Pattern RECORD =
            Pattern.compile("(?s)(.+) [0-9]{1,19} ([0-9]{1,19})(?::([0-9]{1,19}))?(?::[0-9]+)?");

    private static final Pattern OLD_RECORD = Pattern.compile("(?s)(.+) [0-9]{1,19}");

    @Override
    public String file() {
        return "courierpop3dsizelist";
    }

    @Override
    public boolean needed() {
        return true;
    }

    @Override
    public Lines reader(InfoDelimiters delimiters, BiConsumer<String, String> taker) {
        return new Lines() {
            private boolean numbered;

            @Override
            public void line(int number, byte[] octets) throws IOException {
                var line = IdList.text(octets);
                if (number == 1 && line.startsWith("/")) {
                    if (!HEAD.matcher(line).matches()) {
                        throw new Damaged(file(), 1, "its head is not that of version 1 to 3");
                    }
                    numbered = true;
                    return;
                }
                var match = (numbered ? RECORD : OLD_RECORD).matcher(line);
                if (!match.matches()) {
                    throw new Damaged(file(), number, "it is no record of this list");
                }
                var name = delimiters.unique(match.group(1));
                var id = numbered ? id(name, match.group(2), match.group(3)) : escaped(name);
                taker.accept(IdList.unique(delimiters, name), id);
            }
        };
    }

    private static String id(String name, String uid, String validity) {
        if (Long.parseUnsignedLong(uid) == 0) {
            return escaped(name);
        }
        return validity == null || Long.parseUnsignedLong(validity) == 0
                ? "UID" + Long.parseUnsignedLong(uid)
                : "UID" + Long.parseUnsignedLong(uid) + "-" + Long.parseUnsignedLong(validity);
    }

    /** The oldest form: the name, with some characters as a plus sign and two digits. */
    private static String escaped(String name) {
        var id = new StringBuilder();
        for (var octet : name.getBytes(StandardCharsets.ISO_8859_1)) {
            var c = octet & 0xFF;
            if (c < 0x21 || c > 0x7E || c == '\'' || c == '"' || c == '+') {
                id.append(String.format("+%02X", c));
            } else {
                id.append((char) c);
            }
        }
        return id.toString();
    }
}
