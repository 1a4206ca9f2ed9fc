package io.postern.spi.wire;

import io.postern.spi.wire.EntityHeader.Body.Leaf;
import io.postern.spi.wire.EntityHeader.Body.Message;
import io.postern.spi.wire.EntityHeader.Body.Multipart;

import java.util.ArrayList;
import java.util.List;

/**
 * Finds the header of a stored message and those of the parts within it (RFC 2046 §5), and rewrites
 * the fields that are internationalised. How the octets are split makes no difference, and memory
 * is bounded whatever the message: one field, one line and {@value #DEPTH} boundaries.
 *
 * <p>A line is a delimiter if nothing but white space stands behind the boundary or the two hyphens
 * that close (RFC 2046 §5.1.1). It ends every part within, a header without an empty line too. What
 * is nested deeper, is encoded, or can be read in two ways stays as it is, to the octet.
 *
 * <p>A message that is no multipart and holds no other has been looked at when its header ends. One
 * thread at a time.
 */
final class MessageHeaders {
    /** How many multiparts may be open within each other. */
    static final int DEPTH = 32;

    /** Longest line that can be a delimiter, octets, its line end included (RFC 5322 §2.1.1). */
    private static final int LINE = 1000;

    /** Takes the octets of a message in their order, and none twice. */
    interface Sink {

        /** Octets that stay as they are. */
        void plain(byte[] octets, int from, int to);

        /**
         * What is sent in place of a field, or of the next piece of one.
         *
         * @param growth how many octets more than that piece it takes on the wire; negative if
         *     fewer
         */
        void rewritten(byte[] made, int growth);
    }

    private final Sink sink;
    private final HeaderFields fields = new HeaderFields();
    private final EntityHeader header = new EntityHeader();
    private final List<Multipart> open = new ArrayList<>();

    /** The line so far that may be a delimiter. */
    private final byte[] line = new byte[LINE];

    /** How much of {@link #line} there is; negative if it is no delimiter. */
    private int lineOctets;

    private final OverlongField overlong = new OverlongField();
    private boolean rewritesOverlong;
    private boolean inHeader;
    private boolean inOwnHeader;
    private boolean over;

    MessageHeaders(Sink sink) {
        this.sink = sink;
        restart();
    }

    /** Makes it as new, for another message. */
    void restart() {
        open.clear();
        begin(false);
        inOwnHeader = true;
        over = false;
    }

    /** Whether no header can come any more: no more octets are taken. */
    boolean over() {
        return over;
    }

    /**
     * Takes octets of the message.
     *
     * @return where those begin that are not taken, because it is {@link #over}; or {@code to}
     */
    int take(byte[] octets, int from, int to) {
        var at = from;
        while (at < to && !over) {
            at = inHeader ? header(octets, at, to) : body(octets, at, to);
        }
        return at;
    }

    /** The message is at its end: so is its last field. */
    void finish() {
        if (inHeader) {
            fields.finish(rewriting);
        }
    }

    private int header(byte[] octets, int from, int to) {
        if (open.isEmpty()) {
            var at = fields.take(octets, from, to, rewriting);
            if (fields.over()) {
                headerEnded();
            }
            return at;
        }
        var at = MessageEncoder.lineEnd(octets, from, to);
        fields.take(octets, from, at, rewriting);
        if (!delimits(octets, from, at) && fields.over()) {
            headerEnded();
        }
        return at;
    }

    private int body(byte[] octets, int from, int to) {
        var at = from;
        for (var found = false; at < to && !found; ) {
            var end = MessageEncoder.lineEnd(octets, at, to);
            found = delimits(octets, at, end);
            at = end;
        }
        sink.plain(octets, from, at);
        return at;
    }

    private void begin(boolean inDigest) {
        inHeader = true;
        lineOctets = 0;
        fields.restart();
        header.restart(inDigest);
    }

    private void headerEnded() {
        inHeader = false;
        inOwnHeader = false;
        lineOctets = 0;
        switch (header.body()) {
            case Message _ -> begin(false);
            case Multipart parts -> {
                // With the boundary of one that is open, it is not clear whose part it begins.
                if (open.size() < DEPTH
                        && open.stream().noneMatch(it -> it.boundary().equals(parts.boundary()))) {
                    open.add(parts);
                }
            }
            case Leaf _ -> {}
        }
        over = !inHeader && open.isEmpty();
    }

    /**
     * Takes a piece of a line.
     *
     * @return whether it is the end of a delimiter; then the next octet is behind it
     */
    private boolean delimits(byte[] octets, int from, int to) {
        if (lineOctets >= 0) {
            hold(octets, from, to);
        }
        if (octets[to - 1] != '\n') {
            return false;
        }
        var length = lineOctets;
        lineOctets = 0;
        return length > 0 && delimiter(length);
    }

    private void hold(byte[] octets, int from, int to) {
        // Most lines are decided by their first octet.
        if ((lineOctets == 0 && octets[from] != '-') || to - from > LINE - lineOctets) {
            lineOctets = -1;
            return;
        }
        System.arraycopy(octets, from, line, lineOctets, to - from);
        lineOctets += to - from;
        if (lineOctets > 1 && line[1] != '-') {
            lineOctets = -1;
        }
    }

    private boolean delimiter(int length) {
        var end = length - 1;
        if (line[end - 1] == '\r') {
            end--;
        }
        while (line[end - 1] == ' ' || line[end - 1] == '\t') {
            end--;
        }
        var level = level(line, 2, end);
        if (level >= 0) {
            endsWithin(level + 1);
            begin(open.getLast().digest());
            return true;
        }
        if (end > 4 && line[end - 1] == '-' && line[end - 2] == '-') {
            level = level(line, 2, end - 2);
        }
        if (level < 0) {
            return false;
        }
        endsWithin(level);
        inHeader = false;
        over = open.isEmpty();
        return true;
    }

    /** The open multipart with that boundary; negative if there is none. */
    private int level(byte[] octets, int from, int to) {
        for (var level = open.size() - 1; level >= 0; level--) {
            if (open.get(level).isDelimitedBy(octets, from, to)) {
                return level;
            }
        }
        return -1;
    }

    private void endsWithin(int levels) {
        if (inHeader) {
            fields.finish(rewriting);
        }
        open.subList(levels, open.size()).clear();
    }

    private final HeaderFields.Sink rewriting =
            new HeaderFields.Sink() {
                @Override
                public void field(byte[] octets, int from, int to, boolean ascii) {
                    var made = ascii ? null : Downgrade.of(octets, from, to);
                    // What is sent counts: a client reads nothing else.
                    if (made == null) {
                        header.field(octets, from, to);
                        sink.plain(octets, from, to);
                    } else {
                        header.field(made, 0, made.length);
                        var growth =
                                Downgrade.wire(made, 0, made.length)
                                        - Downgrade.wire(octets, from, to);
                        sink.rewritten(made, growth);
                    }
                }

                @Override
                public void overlong(byte[] octets, int from, int to) {
                    var name = inOwnHeader ? Downgrade.nameOfFreeText(octets, from, to) : "";
                    rewritesOverlong = !name.isEmpty();
                    var value = from;
                    if (rewritesOverlong) {
                        do {
                            value++;
                        } while (octets[value - 1] != ':');
                        pieceMade(overlong.begin(name), value - from);
                    }
                    rest(octets, value, to);
                }

                @Override
                public void rest(byte[] octets, int from, int to) {
                    if (rewritesOverlong) {
                        pieceMade(overlong.take(octets, from, to), to - from);
                    } else {
                        sink.plain(octets, from, to);
                    }
                }

                @Override
                public void overlongEnded() {
                    if (rewritesOverlong) {
                        pieceMade(overlong.end(), 0);
                    }
                }

                // Its line ends are those of the field, or CRLF: both grow alike on the wire.
                private void pieceMade(byte[] made, int octets) {
                    sink.rewritten(made, made.length - octets);
                }
            };
}
