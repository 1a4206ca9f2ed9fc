package io.postern.engine;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Cuts the octets of a client into lines, before anything becomes text (RFC 1939 §3). How the
 * octets are split makes no difference.
 *
 * <p>A line ends with CRLF. Accommodation: a line feed alone ends it too, for there are clients
 * that send no more. A carriage return elsewhere is data.
 *
 * <p>It keeps no more than the line that is not whole yet, and wipes that when the line is given
 * out, for it may be a password. One thread at a time.
 */
public final class LineFramer {
    /** Longest line that is read to its end, only to be thrown away, octets. */
    private static final int MAX_LINE = 1 << 20;

    /** What {@link #kept} holds at least; only a SASL response needs more. */
    private static final int USUAL = 256;

    private byte[] kept = new byte[USUAL];
    private int keptOctets;

    /** Octets of this line so far, kept or thrown away. */
    private long lineOctets;

    private boolean overlong;
    private boolean flooded;

    /**
     * Takes the next line out of what the client sent.
     *
     * @param in read up to the line's end, or up to its own
     * @param limit longest line, octets, line end included: {@link Pop3Engine#lineLimit()}
     * @return {@link Event.Line}; {@link Event.Overlong} once the end of a longer line has come; or
     *     null when all of {@code in} is read and the line is not whole
     */
    public Event next(ByteBuffer in, int limit) {
        if (flooded || !in.hasRemaining()) {
            in.position(in.limit());
            return null;
        }
        var start = in.position();
        var at = start;
        var end = in.limit();
        while (at < end && in.get(at) != '\n') {
            at++;
        }
        var ended = at < end;
        var octets = (ended ? at + 1 : end) - start;
        lineOctets += octets;
        if (lineOctets > MAX_LINE) {
            discard();
            flooded = true;
            in.position(end);
            return null;
        }
        in.position(start + octets);
        if (overlong || lineOctets > limit) {
            overlong = true;
            wipe();
            return ended ? endLine(new Event.Overlong()) : null;
        }
        if (!ended) {
            keep(in, start, octets);
            return null;
        }
        var line = new byte[keptOctets + octets - (endsWithCrLf(in, at) ? 2 : 1)];
        var fromKept = Math.min(keptOctets, line.length);
        System.arraycopy(kept, 0, line, 0, fromKept);
        in.get(start, line, fromKept, line.length - fromKept);
        wipe();
        return endLine(new Event.Line(line));
    }

    /**
     * Whether one line went on for more than a mebioctet. Nothing is taken any more: the connection
     * is to be closed.
     */
    public boolean flooded() {
        return flooded;
    }

    /** Forgets all that was read, as STLS demands (RFC 2595 §4). */
    public void discard() {
        wipe();
        lineOctets = 0;
        overlong = false;
        flooded = false;
    }

    private boolean endsWithCrLf(ByteBuffer in, int lineFeed) {
        if (lineOctets == 1) {
            return false;
        }
        // The last octet before the line feed came just now, or was the last of those kept.
        var before = keptOctets == lineOctets - 1 ? kept[keptOctets - 1] : in.get(lineFeed - 1);
        return before == '\r';
    }

    private Event endLine(Event event) {
        lineOctets = 0;
        overlong = false;
        return event;
    }

    private void keep(ByteBuffer in, int start, int octets) {
        if (kept.length - keptOctets < octets) {
            var smaller = kept;
            kept = Arrays.copyOf(smaller, Math.max(2 * smaller.length, keptOctets + octets));
            Arrays.fill(smaller, 0, keptOctets, (byte) 0);
        }
        in.get(start, kept, keptOctets, octets);
        keptOctets += octets;
    }

    private void wipe() {
        Arrays.fill(kept, 0, keptOctets, (byte) 0);
        if (kept.length > USUAL) {
            kept = new byte[USUAL];
        }
        keptOctets = 0;
    }
}
