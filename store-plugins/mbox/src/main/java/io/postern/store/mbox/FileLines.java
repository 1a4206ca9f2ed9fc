package io.postern.store.mbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The lines of a file with their places. A line of any length costs no more than its first {@value
 * FromLine#MAX_OCTETS} octets. One thread.
 */
final class FileLines {
    private static final int CHUNK = 256 * 1024;

    private final FileChannel file;
    private final long fileEnd;
    private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
    private final byte[] head = new byte[FromLine.MAX_OCTETS + 1];
    private long chunkStart;
    private int headLength;
    private long start;
    private long end;

    /**
     * @param from where the first line begins
     * @param to where the file ends for this reader
     */
    FileLines(FileChannel file, long from, long to) {
        this.file = file;
        this.fileEnd = to;
        seek(from);
    }

    /** Goes to a place where a line begins. */
    void seek(long offset) {
        chunkStart = offset;
        chunk.position(0).limit(0);
        start = offset;
        end = offset;
    }

    /** Reads the next line; false at the end of the file. */
    boolean next() throws IOException {
        start = end;
        headLength = 0;
        while (true) {
            if (!chunk.hasRemaining() && !fill()) {
                return end > start;
            }
            var octets = chunk.array();
            var from = chunk.position();
            var limit = chunk.limit();
            var at = from;
            while (at < limit && octets[at] != '\n') {
                at++;
            }
            var stop = at < limit ? at + 1 : limit;
            var keep = Math.min(stop - from, head.length - headLength);
            System.arraycopy(octets, from, head, headLength, keep);
            headLength += keep;
            chunk.position(stop);
            end += stop - from;
            if (at < limit) {
                return true;
            }
        }
    }

    /** Where the line begins. */
    long start() {
        return start;
    }

    /** Where the next one begins. */
    long end() {
        return end;
    }

    /** Whether the line has nothing but its line end. */
    boolean blank() {
        return (headLength == 1 && head[0] == '\n')
                || (headLength == 2 && head[0] == '\r' && head[1] == '\n');
    }

    /** Whether a message may begin here, if the line before allows it. */
    boolean isFromLine() {
        return FromLine.matches(head, 0, headLength);
    }

    /** Whether the line is a field of this name, given in lower case. */
    boolean isField(String name) {
        return HiddenFields.isField(head, headLength, name);
    }

    /** The number behind the colon of a field; -1 where there is no good one. */
    long fieldNumber() {
        var at = 0;
        while (at < headLength && head[at] != ':') {
            at++;
        }
        at++;
        while (at < headLength && (head[at] == ' ' || head[at] == '\t')) {
            at++;
        }
        var digits = 0;
        var number = 0L;
        for (; at < headLength && head[at] >= '0' && head[at] <= '9'; at++, digits++) {
            number = 10 * number + head[at] - '0';
        }
        while (at < headLength && head[at] <= ' ') {
            at++;
        }
        return digits > 0 && digits <= 18 && at == headLength ? number : -1;
    }

    private boolean fill() throws IOException {
        chunkStart = end;
        var wanted = (int) Math.min(CHUNK, fileEnd - chunkStart);
        if (wanted <= 0) {
            return false;
        }
        chunk.position(0).limit(wanted);
        while (chunk.hasRemaining()) {
            if (file.read(chunk, chunkStart + chunk.position()) < 0) {
                throw new IOException("the file became shorter while it was read");
            }
        }
        chunk.flip();
        return true;
    }
}
