package io.postern.store.maildir;

/**
 * The characters that may stand between a message's unique name and its info, which holds the flags
 * ({@code :2,S}; Maildir's own definition knows the colon only). Systems that allow no colon in a
 * file name have another one there.
 *
 * <p>A colon ends the unique name wherever it stands. Any other character may be part of one, so it
 * counts only before {@code 2,} and nothing but flags behind that. Immutable.
 *
 * @param characters at least one; the first is used where a name gets its info here
 */
record InfoDelimiters(String characters) {
    /** As the definition of Maildir has it. */
    static final InfoDelimiters STANDARD = new InfoDelimiters(":");

    private static final char COLON = ':';

    /** Of the info that has flags. */
    private static final String FLAGS = "2,";

    /** The part of a name that is the message's for ever, whatever its flags. */
    String unique(String name) {
        return name.substring(0, uniqueLength(name));
    }

    /** How long that part is; asked for every file of every scan. */
    int uniqueLength(String name) {
        if (characters.indexOf(COLON) >= 0) {
            var colon = name.indexOf(COLON);
            if (colon >= 0) {
                return colon;
            }
        }
        var flags = name.length();
        while (flags > 0 && letter(name.charAt(flags - 1))) {
            flags--;
        }
        var at = flags - FLAGS.length() - 1;
        return at > 0 && name.startsWith(FLAGS, at + 1) && characters.indexOf(name.charAt(at)) >= 0
                ? at
                : name.length();
    }

    /** Whether a name has this flag. */
    boolean flagged(String name, char flag) {
        var at = uniqueLength(name);
        return name.startsWith(FLAGS, at + 1) && name.indexOf(flag, at + 1 + FLAGS.length()) >= 0;
    }

    /**
     * The name with the flag S (seen) among its flags; the same name where it is there or where the
     * info is not of the kind {@code 2,}.
     */
    String seen(String name) {
        var info = uniqueLength(name);
        if (info == name.length()) {
            return name + characters.charAt(0) + FLAGS + 'S';
        }
        if (!name.startsWith(FLAGS, info + 1) || flagged(name, 'S')) {
            return name;
        }
        var at = info + 1 + FLAGS.length();
        while (at < name.length() && name.charAt(at) < 'S') {
            at++;
        }
        return name.substring(0, at) + 'S' + name.substring(at);
    }

    private static boolean letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
}
