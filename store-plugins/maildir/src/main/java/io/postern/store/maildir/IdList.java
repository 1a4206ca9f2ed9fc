package io.postern.store.maildir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.BiConsumer;

/**
 * Another server's list of the unique-ids that it gave to the messages of a Maildir. It is only
 * read: without a lock, as those servers replace it by a rename or append whole lines to it.
 */
interface IdList {
    /** Longest line that makes sense, octets. */
    int MAX_LINE = 8 * 1024;

    /** A list that cannot be read as one. */
    final class Damaged extends IOException {
        private static final long serialVersionUID = 1L;

        Damaged(String file, int line, String what) {
            super(file + " line " + line + ": " + what);
        }
    }

    /** The name of the list's file in the Maildir. */
    String file();

    /** Whether a message that is not listed has another unique-id than its name gives. */
    boolean needed();

    /** Takes in one line, without its line end. */
    interface Lines {
        void line(int number, byte[] line) throws IOException;
    }

    /**
     * Starts to read a list.
     *
     * @param delimiters where the names in it are cut
     * @param taker gets the name of a message, as {@link FileName} spells it, up to the colon, and
     *     its unique-id; the last word on a name holds
     */
    Lines reader(InfoDelimiters delimiters, BiConsumer<String, String> taker);

    /**
     * Reads the list of a Maildir.
     *
     * @return false if it has none
     */
    default boolean read(Path maildir, InfoDelimiters delimiters, BiConsumer<String, String> taker)
            throws IOException {
        try (var in = Files.newInputStream(maildir.resolve(file()))) {
            lines(in, reader(delimiters, taker));
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Cuts at line feeds; a last line without one is still being written and left out. */
    private void lines(InputStream in, Lines lines) throws IOException {
        var chunk = new byte[64 * 1024];
        var line = new ByteArrayOutputStream();
        var number = 0;
        for (int read; (read = in.read(chunk)) >= 0; ) {
            var from = 0;
            for (var at = 0; at < read; at++) {
                if (chunk[at] == '\n') {
                    line.write(chunk, from, at - from);
                    lines.line(++number, line.toByteArray());
                    line.reset();
                    from = at + 1;
                }
            }
            line.write(chunk, from, read - from);
            if (line.size() > MAX_LINE) {
                throw new Damaged(file(), number + 1, "it is longer than " + MAX_LINE + " octets");
            }
        }
        if (number == 0) {
            throw new Damaged(file(), 1, "it has no whole line");
        }
    }

    /** Text of a line whose file name may hold any octet. */
    static String text(byte[] line) {
        return new String(line, StandardCharsets.ISO_8859_1);
    }

    /** The unique part of a file name, as {@link #text} read it. */
    static String unique(InfoDelimiters delimiters, String name) {
        return delimiters.unique(FileName.of(name.getBytes(StandardCharsets.ISO_8859_1)));
    }
}
