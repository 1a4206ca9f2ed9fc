package io.postern.engine;

/** Decimal numbers in ASCII octets: no sign, no locale (RFC 1939 §4). */
final class Decimal {
    /** What {@link #parse} gives for something that is not a number. */
    static final int NOT_A_NUMBER = -1;

    private Decimal() {}

    /**
     * Reads a number of one digit or more.
     *
     * @return the number, {@link Integer#MAX_VALUE} in place of a larger one, or {@link
     *     #NOT_A_NUMBER}
     */
    static int parse(byte[] octets, int from, int to) {
        if (from >= to) {
            return NOT_A_NUMBER;
        }
        var value = 0L;
        for (var at = from; at < to; at++) {
            var digit = octets[at] - '0';
            if (digit < 0 || digit > 9) {
                return NOT_A_NUMBER;
            }
            value = Math.min(value * 10 + digit, Integer.MAX_VALUE);
        }
        return (int) value;
    }

    /** How many digits a number takes that is not negative. */
    static int digits(long value) {
        var digits = 1;
        for (var rest = value; rest >= 10; rest /= 10) {
            digits++;
        }
        return digits;
    }

    /**
     * Writes a number that is not negative.
     *
     * @return where the next octet goes
     */
    static int put(byte[] into, int at, long value) {
        var end = at + digits(value);
        var rest = value;
        for (var digit = end; digit > at; rest /= 10) {
            into[--digit] = (byte) ('0' + rest % 10);
        }
        return end;
    }
}
