package io.postern.auth.stored;

/**
 * What a hash of scrypt (RFC 7914) or yescrypt takes, as its text says.
 *
 * @param memoryKib of one pass, KiB
 * @param passes one after the other
 */
record ScryptCost(long memoryKib, long passes) {
    /** Stands for 0 to 63 in the texts of crypt. */
    private static final String DIGITS =
            "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /** Largest that a number here can be without another being meant, and any product fits. */
    private static final long MOST = 1 << 20;

    /** The greatest value of a number of one digit; behind it, numbers have more. */
    private static final int ONE_DIGIT = 47;

    /**
     * Of scrypt's {@code $7$}: one digit for the binary logarithm of N, and five each for r and p,
     * the least digit first.
     *
     * @param text 11 digits
     */
    static ScryptCost scrypt(String text) {
        return of(DIGITS.indexOf(text.charAt(0)), fixed(text, 1), fixed(text, 6), 1);
    }

    /**
     * Of yescrypt's {@code $y$}: numbers of different length for the flavour, the binary logarithm
     * of N less 1, and r less 1; then, where they are not what is usual, a sum of 1 for p less 2
     * and of 2 for t less 1, and these.
     */
    static ScryptCost yescrypt(String text) {
        var numbers = new Numbers(text);
        numbers.next();
        long logarithm = numbers.next() + 1;
        long r = numbers.next() + 1;
        long p = 1;
        long t = 0;
        if (numbers.hasNext()) {
            long more = numbers.next() + 1;
            if (more > 3) {
                throw new IllegalArgumentException(
                        "has parameters of yescrypt that no system uses");
            }
            p = (more & 1) != 0 ? numbers.next() + 2 : 1;
            t = (more & 2) != 0 ? numbers.next() + 1 : 0;
        }
        if (numbers.hasNext()) {
            throw new IllegalArgumentException("has more parameters than yescrypt");
        }
        return of(logarithm, r, p, Math.max(1, t));
    }

    private static ScryptCost of(long logarithm, long r, long p, long t) {
        if (logarithm > 30 || r > MOST || p > MOST || t > MOST) {
            throw new IllegalArgumentException(
                    "has a cost that would hold up every login: N is 2^" + logarithm);
        }
        // RFC 7914 §2: 128 r N octets in each pass, and 128 r p between them.
        return new ScryptCost((128L * r * Math.max(1L << logarithm, p)) >> 10, p * t);
    }

    private static long fixed(String text, int from) {
        long value = 0;
        for (int i = 4; i >= 0; i--) {
            value = value << 6 | DIGITS.indexOf(text.charAt(from + i));
        }
        return value;
    }

    /** Numbers whose first digit says how many there are. */
    private static final class Numbers {
        private final String text;
        private int at;

        Numbers(String text) {
            this.text = text;
        }

        boolean hasNext() {
            return at < text.length();
        }

        private int digit() {
            if (!hasNext()) {
                throw new IllegalArgumentException("has too few parameters of yescrypt");
            }
            return DIGITS.indexOf(text.charAt(at++));
        }

        long next() {
            int first = digit();
            int start = 0;
            int end = ONE_DIGIT;
            int bits = 0;
            long value = 0;
            while (first > end) {
                value += (long) (end + 1 - start) << bits;
                start = end + 1;
                end = start + (62 - end) / 2;
                bits += 6;
            }
            value += (long) (first - start) << bits;
            while (bits > 0) {
                bits -= 6;
                value += (long) digit() << bits;
            }
            return value;
        }
    }
}
