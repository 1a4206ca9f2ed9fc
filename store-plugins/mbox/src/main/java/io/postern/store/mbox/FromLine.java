package io.postern.store.mbox;

/**
 * The line before each message: {@code From } sender, and a date as the C library's {@code asctime}
 * writes it, perhaps with a zone or a year of two digits (RFC 4155).
 *
 * <p>A line of a letter that begins with "From " has no such date at its end, and so cannot split
 * the letter where a careless program did not quote it.
 */
final class FromLine {
    /** Longer lines are no such line, octets. */
    static final int MAX_OCTETS = 1024;

    private static final byte[] FROM = {'F', 'r', 'o', 'm', ' '};
    private static final String DAYS = "SunMonTueWedThuFriSat";
    private static final String MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

    private FromLine() {}

    /** Whether these octets begin with {@code From } and a space. */
    static boolean begins(byte[] octets, int from, int to) {
        if (to - from < FROM.length) {
            return false;
        }
        for (var at = 0; at < FROM.length; at++) {
            if (octets[from + at] != FROM[at]) {
                return false;
            }
        }
        return true;
    }

    /**
     * @param octets holds the whole line, its line end included
     */
    static boolean matches(byte[] octets, int from, int to) {
        if (to - from > MAX_OCTETS || !begins(octets, from, to)) {
            return false;
        }
        // The sender may hold spaces, so the date is looked for: day, month, day, time, then a
        // year.
        for (var at = from + FROM.length; at < to - 3; at++) {
            if (octets[at - 1] == ' ' && date(octets, at, to)) {
                return true;
            }
        }
        return false;
    }

    private static boolean date(byte[] octets, int from, int to) {
        var words = new Words(octets, from, to);
        if (!words.next() || !words.isOneOf(DAYS)) {
            return false;
        }
        if (!words.next() || !words.isOneOf(MONTHS)) {
            return false;
        }
        if (!words.next() || !words.isNumber(1, 2)) {
            return false;
        }
        if (!words.next() || !words.isTime()) {
            return false;
        }
        // Up to two zone words stand before the year or behind it.
        for (var word = 0; word < 3 && words.next(); word++) {
            if (words.isNumber(2, 2) || words.isNumber(4, 4)) {
                return true;
            }
        }
        return false;
    }

    /** The words of a line, one after the other. */
    private static final class Words {
        private final byte[] octets;
        private final int end;
        private int from;
        private int to;

        Words(byte[] octets, int from, int end) {
            this.octets = octets;
            this.end = end;
            this.to = from;
        }

        boolean next() {
            from = to;
            while (from < end && octets[from] == ' ') {
                from++;
            }
            to = from;
            while (to < end && octets[to] > ' ') {
                to++;
            }
            return to > from;
        }

        boolean isOneOf(String threeLetterNames) {
            if (to - from != 3) {
                return false;
            }
            for (var at = 0; at < threeLetterNames.length(); at += 3) {
                if (octets[from] == threeLetterNames.charAt(at)
                        && octets[from + 1] == threeLetterNames.charAt(at + 1)
                        && octets[from + 2] == threeLetterNames.charAt(at + 2)) {
                    return true;
                }
            }
            return false;
        }

        boolean isNumber(int least, int most) {
            return to - from >= least && to - from <= most && digits(from, to);
        }

        /** {@code hh:mm} or {@code hh:mm:ss}. */
        boolean isTime() {
            var length = to - from;
            return (length == 5 || (length == 8 && octets[from + 5] == ':' && digits(from + 6, to)))
                    && octets[from + 2] == ':'
                    && digits(from, from + 2)
                    && digits(from + 3, from + 5);
        }

        private boolean digits(int start, int stop) {
            for (var at = start; at < stop; at++) {
                if (octets[at] < '0' || octets[at] > '9') {
                    return false;
                }
            }
            return true;
        }
    }
}
