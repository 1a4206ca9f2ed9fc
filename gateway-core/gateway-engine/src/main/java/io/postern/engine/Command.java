package io.postern.engine;

/** The commands of RFC 1939, 2449 (CAPA), 2595 (STLS), 5034 (AUTH) and 6856 (UTF8, LANG). */
enum Command {
    // Those that come in long pipelines stand first: they are found first.
    RETR,
    DELE,
    LIST,
    UIDL,
    TOP,
    NOOP,
    STAT,
    RSET,
    QUIT,
    CAPA,
    USER,
    PASS,
    AUTH,
    APOP,
    STLS,
    UTF8,
    LANG,
    /** Anything else. */
    UNKNOWN;

    private static final Command[] ALL = values();

    /** The keywords' octets, in the same order; the last one has none. */
    private static final int[] WORDS = new int[ALL.length - 1];

    static {
        for (var command = 0; command < WORDS.length; command++) {
            for (var letter : ALL[command].name().toCharArray()) {
                WORDS[command] = (WORDS[command] << 8) | letter;
            }
        }
    }

    /** Where the argument begins, if there is one: behind the keyword and one space. */
    int argument() {
        return this == TOP ? 4 : 5;
    }

    /** Whether it takes no argument at all. */
    boolean bare() {
        return switch (this) {
            case NOOP, STAT, RSET, QUIT, CAPA, STLS, UTF8 -> true;
            case RETR, DELE, LIST, UIDL, TOP, USER, PASS, AUTH, APOP, LANG, UNKNOWN -> false;
        };
    }

    /** The command that a line begins with. ASCII letters only are folded (RFC 1939 §3). */
    static Command of(byte[] line) {
        var word = 0;
        var at = 0;
        while (at < line.length && line[at] != ' ') {
            var letter = upper(line[at]);
            if (at == 4 || letter < '0' || letter > 'Z') {
                return UNKNOWN;
            }
            word = (word << 8) | letter;
            at++;
        }
        for (var command = 0; command < WORDS.length; command++) {
            if (WORDS[command] == word) {
                return ALL[command];
            }
        }
        return UNKNOWN;
    }

    /** An ASCII letter in upper case, any other octet as it is, from 0 to 255. */
    static int upper(byte octet) {
        return octet >= 'a' && octet <= 'z' ? octet - ('a' - 'A') : octet & 0xFF;
    }
}
