package io.postern.store.mbox;

import java.util.List;

/**
 * The header fields by which mail programs keep their own state in an mbox. They change while the
 * message does not, so no client sees them and no unique-id depends on them.
 */
final class HiddenFields {
    /** Only in the pseudo-message that holds a mail program's own data. */
    static final String PSEUDO = "x-imap";

    static final String CONTENT_LENGTH = "content-length";

    private static final List<String> NAMES =
            List.of(
                    "status",
                    "x-status",
                    "x-keywords",
                    "x-uid",
                    "x-imapbase",
                    PSEUDO,
                    // mutt writes it beside Content-Length whenever it saves a flag.
                    "lines",
                    CONTENT_LENGTH);

    /** Longest of the names with its colon, octets. */
    static final int MAX_OCTETS = NAMES.stream().mapToInt(String::length).max().orElseThrow() + 1;

    private HiddenFields() {}

    /** All of them, for people. */
    static String names() {
        return String.join(", ", NAMES);
    }

    /** Whether a header line, of which at least the first {@link #MAX_OCTETS} are here, is one. */
    static boolean holds(byte[] line, int length) {
        for (var name : NAMES) {
            if (isField(line, length, name)) {
                return true;
            }
        }
        return false;
    }

    static boolean isField(byte[] line, int length, String name) {
        if (length <= name.length() || line[name.length()] != ':') {
            return false;
        }
        for (var at = 0; at < name.length(); at++) {
            var octet = line[at];
            var lower = octet >= 'A' && octet <= 'Z' ? octet + 32 : octet;
            if (lower != name.charAt(at)) {
                return false;
            }
        }
        return true;
    }
}
