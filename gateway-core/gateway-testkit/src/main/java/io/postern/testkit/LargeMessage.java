package io.postern.testkit;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A message that is made while it is read: numbered lines of 64 octets, CRLF included. */
final class LargeMessage extends InputStream {
    private static final int LINE = 64;

    private final long octets;
    private long given;
    private byte[] line = new byte[0];
    private int at;

    /**
     * @param octets at least 64; rounded down to whole lines
     */
    LargeMessage(long octets) {
        this.octets = octets / LINE * LINE;
    }

    @Override
    public int read() {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int from, int length) {
        if (given == octets) {
            return -1;
        }
        var done = 0;
        while (done < length && given < octets) {
            if (at == line.length) {
                line = line(given / LINE);
                at = 0;
            }
            var some = Math.min(length - done, line.length - at);
            System.arraycopy(line, at, into, from + done, some);
            at += some;
            done += some;
            given += some;
        }
        return done;
    }

    private static byte[] line(long number) {
        if (number == 0) {
            // One long header field, then the empty line.
            return ("Subject: " + "x".repeat(LINE - 13) + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII);
        }
        var line = new byte[LINE];
        Arrays.fill(line, (byte) '.');
        var digits = Long.toString(number).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(digits, 0, line, 0, digits.length);
        line[LINE - 2] = '\r';
        line[LINE - 1] = '\n';
        return line;
    }
}
