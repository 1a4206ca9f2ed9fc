package io.postern.store.maildir;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;

/**
 * The file {@code maildirsize} of a Maildir with a quota (Maildir++): its first line is the quota,
 * each further one a number of octets and of messages, whose sums are what is there. Whoever
 * delivers or removes appends a line, in one write; whoever finds the file too long makes it again.
 * It is only appended to here, where it is. One thread, for one commit.
 */
final class QuotaFile {
    /** In the Maildir. */
    static final String NAME = "maildirsize";

    private static final Logger LOG = LoggerFactory.getLogger(QuotaFile.class);

    private final Maildir maildir;
    private final Path file;
    private final boolean there;
    private long octets;
    private long messages;

    QuotaFile(Maildir maildir) {
        this.maildir = maildir;
        file = maildir.folder().resolve(NAME);
        there = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    }

    /** What a file counts for, octets: what its name says, or else its length. */
    long octets(Path message) throws IOException {
        if (!there) {
            return 0;
        }
        var hint = FileName.storedSizeHint(maildir.delimiters().unique(FileName.of(message)));
        if (hint.isPresent()) {
            return hint.getAsLong();
        }
        return Files.readAttributes(message, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .size();
    }

    /** Notes the removal of one file. */
    void removed(long size) {
        octets += size;
        messages++;
    }

    /** Writes down all that was removed. A failure is told to the log only: others recalculate. */
    void subtract() {
        if (!there || messages == 0) {
            return;
        }
        var line = String.format(Locale.ROOT, "%12d %12d\n", -octets, -messages);
        try (var channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.APPEND,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS)) {
            var text = ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII));
            channel.write(text);
            if (text.hasRemaining()) {
                throw new IOException("only a part of a line was written");
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} was removed to be made again", file, e);
        } catch (IOException e) {
            LOG.warn("{} does not tell what was removed: {}", file, e.toString());
        }
    }
}
