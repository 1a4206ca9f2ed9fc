package io.postern.store.mbox;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/**
 * Where the messages of a file stand: the From_ line, the message, and the blank line before the
 * next one.
 *
 * <p>A message begins with a From_ line: at the start of the file, after a blank line, and in a
 * format that quotes such lines in messages wherever one stands. Of mboxcl2 the field
 * Content-Length is believed if another message, or the end of the file, is really there.
 */
final class MessageRanges {
    private long[] fromLines = new long[16];
    private long[] bodies = new long[16];
    private long[] ends = new long[16];
    private int count;
    private boolean pseudo;
    private final long fileEnd;

    private MessageRanges(long fileEnd) {
        this.fileEnd = fileEnd;
    }

    /**
     * Reads a file through.
     *
     * @throws NotMboxException if it does not begin with a From_ line
     */
    static MessageRanges of(FileChannel file, MboxFormat format)
            throws IOException, NotMboxException {
        var ranges = new MessageRanges(file.size());
        ranges.scan(file, format);
        return ranges;
    }

    int count() {
        return count;
    }

    long fromLine(int index) {
        return fromLines[index];
    }

    /** Where the From_ line ends and the message begins. */
    long body(int index) {
        return bodies[index];
    }

    /** Where the message ends. */
    long end(int index) {
        return ends[index];
    }

    /** Where the next message begins, or the file ends. */
    long next(int index) {
        return index + 1 < count ? fromLines[index + 1] : fileEnd;
    }

    /** Whether the first one holds a mail program's own data, and is no message to anybody. */
    boolean firstIsPseudo() {
        return pseudo;
    }

    private void scan(FileChannel file, MboxFormat format) throws IOException, NotMboxException {
        var lines = new FileLines(file, 0, fileEnd);
        var blankBefore = true;
        var blankStart = 0L;
        var inHeader = false;
        var contentLength = -1L;
        while (lines.next()) {
            if ((blankBefore || format.everyFromLineSeparates()) && lines.isFromLine()) {
                endAt(blankBefore ? blankStart : lines.start());
                add(lines.start(), lines.end());
                inHeader = true;
                contentLength = -1;
                blankBefore = false;
                continue;
            }
            if (count == 0) {
                throw new NotMboxException();
            }
            if (inHeader) {
                if (lines.isField(HiddenFields.PSEUDO) && count == 1) {
                    pseudo = true;
                } else if (lines.isField(HiddenFields.CONTENT_LENGTH)) {
                    contentLength = lines.fieldNumber();
                }
            }
            blankBefore = lines.blank();
            if (blankBefore) {
                blankStart = lines.start();
                if (inHeader && format == MboxFormat.MBOXCL2 && contentLength >= 0) {
                    var body = lines.end();
                    if (follows(lines, body + contentLength)) {
                        // The message ends there, whatever stands in it.
                        blankBefore = true;
                        blankStart = body + contentLength;
                    } else {
                        lines.seek(body);
                    }
                }
                inHeader = false;
            }
        }
        endAt(blankBefore && count > 0 ? blankStart : fileEnd);
    }

    /**
     * Whether a message may begin at a place, or after one blank line there. Leaves the reader
     * there.
     */
    private boolean follows(FileLines lines, long offset) throws IOException {
        if (offset > fileEnd) {
            return false;
        }
        lines.seek(offset);
        if (!lines.next()) {
            return true;
        }
        var good = lines.isFromLine();
        if (!good && lines.blank()) {
            var afterBlank = lines.end();
            good = !lines.next() || lines.isFromLine();
            lines.seek(good ? afterBlank : offset);
        } else {
            lines.seek(offset);
        }
        return good;
    }

    private void add(long fromLine, long body) {
        if (count == fromLines.length) {
            var room = count + count / 2;
            fromLines = Arrays.copyOf(fromLines, room);
            bodies = Arrays.copyOf(bodies, room);
            ends = Arrays.copyOf(ends, room);
        }
        fromLines[count] = fromLine;
        bodies[count++] = body;
    }

    private void endAt(long offset) {
        if (count > 0) {
            // A message without a header has its From_ line's blank line only.
            ends[count - 1] = Math.max(offset, bodies[count - 1]);
        }
    }
}
