package io.postern.engine;

import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * The lines behind the +OK of LIST and UIDL without argument, made as they are sent: numbers from
 * 1, with gaps where messages are marked, and the final dot (RFC 1939 §5, §7).
 */
final class ScanListing implements OctetSource {
    /** Longest line, octets: a number, a space, a unique-id of 70, CRLF. */
    private static final int LONGEST_LINE = 10 + 1 + 70 + 2;

    private final MessageTable messages;
    private final BitSet marked;
    private final boolean uniqueIds;
    private final boolean surrogates;
    private final byte[] line = new byte[LONGEST_LINE];
    private int at;
    private int end;
    private int number;
    private boolean dotMade;

    /**
     * @param marked not changed by anybody any more
     * @param uniqueIds UIDL; LIST otherwise
     * @param surrogates whether LIST shows the sizes of surrogates
     */
    ScanListing(MessageTable messages, BitSet marked, boolean uniqueIds, boolean surrogates) {
        this.messages = messages;
        this.marked = marked;
        this.uniqueIds = uniqueIds;
        this.surrogates = surrogates;
    }

    @Override
    public boolean fill(ByteBuffer into) {
        while (true) {
            var part = Math.min(end - at, into.remaining());
            into.put(line, at, part);
            at += part;
            if (at < end) {
                return false;
            }
            if (dotMade) {
                return true;
            }
            makeLine();
        }
    }

    private void makeLine() {
        number = marked.nextClearBit(number + 1);
        at = 0;
        if (number > messages.count()) {
            dotMade = true;
            line[0] = '.';
            end = 1;
        } else {
            end = Decimal.put(line, 0, number);
            line[end++] = ' ';
            end =
                    uniqueIds
                            ? messages.putUniqueId(number, line, end)
                            : Decimal.put(line, end, messages.octets(number, surrogates));
        }
        line[end++] = '\r';
        line[end++] = '\n';
    }
}
