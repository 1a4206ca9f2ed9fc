package io.postern.spi.wire;

import java.util.Arrays;

/**
 * Cuts a stored message's header into fields, each with the lines that continue it (RFC 5322 §2.2).
 * How the octets are split makes no difference. A header of ASCII that comes in one piece is read
 * and not copied. One thread at a time.
 */
final class HeaderFields {
    /** Longest field that is looked at as a whole, octets, line ends included. */
    static final int LIMIT = 64 * 1024;

    /** Takes the octets of a header in their order, and none twice. */
    interface Sink {

        /**
         * One whole field, or the empty line.
         *
         * @param ascii whether it has no octet above 0x7F
         */
        void field(byte[] octets, int from, int to, boolean ascii);

        /** The first {@link #LIMIT} octets of a field that is longer. */
        void overlong(byte[] octets, int from, int to);

        /** More of that field. */
        void rest(byte[] octets, int from, int to);

        /** That field is at its end. */
        void overlongEnded();
    }

    private byte[] kept = {};
    private int keptOctets;
    private boolean passing;
    private boolean atLineStart = true;
    private boolean over;

    /** Negative once the field has an octet above 0x7F. */
    private int seen;

    /** Makes it as new, for another message. */
    void restart() {
        keptOctets = 0;
        passing = false;
        atLineStart = true;
        over = false;
        seen = 0;
    }

    /** Whether the empty line has come: no more octets are taken. */
    boolean over() {
        return over;
    }

    /**
     * Takes octets of the header.
     *
     * @return where the body begins, or {@code to}
     */
    int take(byte[] octets, int from, int to, Sink sink) {
        var start = from;
        var at = from;
        while (at < to && !over) {
            if (atLineStart) {
                atLineStart = false;
                var continued = octets[at] == ' ' || octets[at] == '\t';
                if (!continued && (passing || keptOctets + at - start > 0)) {
                    end(octets, start, at, sink);
                    start = at;
                }
            }
            var any = seen;
            while (at < to && octets[at] != '\n') {
                any |= octets[at++];
            }
            seen = any;
            if (at < to) {
                at++;
                atLineStart = true;
                if (isEmptyLine(octets, start, at)) {
                    over = true;
                    end(octets, start, at, sink);
                    start = at;
                }
            }
        }
        if (start < at) {
            keep(octets, start, at, sink);
        }
        return at;
    }

    /** The message is at its end: so is its last field. */
    void finish(Sink sink) {
        if (passing || keptOctets > 0) {
            end(kept, 0, 0, sink);
        }
    }

    private boolean isEmptyLine(byte[] octets, int from, int to) {
        var length = keptOctets + to - from;
        return !passing
                && (length == 1
                        || (length == 2 && (keptOctets > 0 ? kept[0] : octets[from]) == '\r'));
    }

    private void end(byte[] octets, int from, int to, Sink sink) {
        if (keptOctets > 0) {
            keep(octets, from, to, sink);
        } else if (passing) {
            sink.rest(octets, from, to);
        } else if (to - from > LIMIT) {
            sink.overlong(octets, from, from + LIMIT);
            sink.rest(octets, from + LIMIT, to);
            passing = true;
        } else {
            sink.field(octets, from, to, seen >= 0);
        }
        if (keptOctets > 0) {
            sink.field(kept, 0, keptOctets, seen >= 0);
        } else if (passing) {
            sink.overlongEnded();
        }
        keptOctets = 0;
        passing = false;
        seen = 0;
    }

    private void keep(byte[] octets, int from, int to, Sink sink) {
        if (passing) {
            sink.rest(octets, from, to);
            return;
        }
        var part = Math.min(LIMIT - keptOctets, to - from);
        if (kept.length - keptOctets < part) {
            kept = Arrays.copyOf(kept, Math.max(2 * kept.length, keptOctets + part));
        }
        System.arraycopy(octets, from, kept, keptOctets, part);
        keptOctets += part;
        if (part < to - from) {
            sink.overlong(kept, 0, keptOctets);
            sink.rest(octets, from + part, to);
            keptOctets = 0;
            passing = true;
        }
    }
}
