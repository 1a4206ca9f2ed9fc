package io.postern.store.mbox;

/**
 * The line before each message: {@code From } sender, and a date. The date is one as the C
 * library's {@code asctime} writes it, perhaps with a zone or a year of two digits (RFC 4155); or
 * one as in the header of a message (RFC 5322 §3.3) with its weekday, behind which nothing stands
 * but a zone. Some programs write that, and Dovecot reads both. Names of days and months may be in
 * any case.
 *
 * <p>A line of a letter that begins with "From " has no such date, and so cannot split the letter
 * where a careless program did not quote it.
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
        // The sender may hold spaces, so the date is looked for.
        for (var at = from + FROM.length; at < to - 3; at++) {
            if ((octets[at - 1] == ' ' || octets[at - 1] == '\t') && date(octets, at, to)) {
                return true;
            }
        }
        return false;
    }

    private static boolean date(byte[] octets, int from, int to) {
        var words = new Words(octets, from, to);
        if (!words.next() || !words.isDay() || !words.next()) {
            return false;
        }
        return words.isOneOf(MONTHS) ? restOfAsctime(words) : restOfMailDate(words);
    }

    /** Behind the month: day, time, and a year with up to two zone words before it or behind it. */
    private static boolean restOfAsctime(Words words) {
        if (!words.next() || !words.isNumber(1, 2) || !words.next() || !words.isTime()) {
            return false;
        }
        for (var word = 0; word < 3 && words.next(); word++) {
            if (words.isYear()) {
                return true;
            }
        }
        return false;
    }

    /** From the day on: day, month, year, time, a zone, and that as a comment. */
    private static boolean restOfMailDate(Words words) {
        if (!words.isNumber(1, 2) || !words.next() || !words.isOneOf(MONTHS)) {
            return false;
        }
        if (!words.next() || !words.isYear() || !words.next() || !words.isTime()) {
            return false;
        }
        var more = words.next();
        if (more && words.isZone()) {
            more = words.next();
        }
        return more ? words.isCommentToLineEnd() : words.atLineEnd();
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
            while (from < end && (octets[from] == ' ' || octets[from] == '\t')) {
                from++;
            }
            to = from;
            while (to < end && octets[to] > ' ') {
                to++;
            }
            return to > from;
        }

        /** Whether nothing stands behind the words that were read. */
        boolean atLineEnd() {
            return to == end || octets[to] == '\r' || octets[to] == '\n';
        }

        /** The name of a day, with a comma behind it or not. */
        boolean isDay() {
            var last = to;
            if (to - from == 4 && octets[to - 1] == ',') {
                to--;
            }
            var day = isOneOf(DAYS);
            to = last;
            return day;
        }

        boolean isOneOf(String threeLetterNames) {
            if (to - from != 3) {
                return false;
            }
            for (var at = 0; at < threeLetterNames.length(); at += 3) {
                if (sameLetters(threeLetterNames, at)) {
                    return true;
                }
            }
            return false;
        }

        private boolean sameLetters(String names, int name) {
            for (var at = 0; at < 3; at++) {
                if ((octets[from + at] | 0x20) != (names.charAt(name + at) | 0x20)) {
                    return false;
                }
            }
            return true;
        }

        boolean isYear() {
            return isNumber(2, 2) || isNumber(4, 4);
        }

        /** An offset, or the name of a zone. */
        boolean isZone() {
            if (octets[from] == '+' || octets[from] == '-') {
                return to - from == 5 && digits(from + 1, to);
            }
            for (var at = from; at < to; at++) {
                var letter = octets[at] | 0x20;
                if (letter < 'a' || letter > 'z') {
                    return false;
                }
            }
            return to - from <= 5;
        }

        boolean isCommentToLineEnd() {
            var last = end;
            while (last > from && octets[last - 1] <= ' ') {
                last--;
            }
            return octets[from] == '(' && octets[last - 1] == ')';
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
