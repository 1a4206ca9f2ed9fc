package io.postern.auth.stored;

import java.io.CharConversionException;
import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file of users that is torn as a whole, so that nothing in it can be told from anything else. An
 * entry that is not understood is no reason: see {@link UserEntries}.
 */
public final class BrokenFile extends Exception {
    private static final long serialVersionUID = 1L;

    private final String remedy;

    /**
     * @param what what is wrong, with the line if there is one, without a full stop and without any
     *     password
     * @param remedy what to do, as a sentence
     */
    public BrokenFile(String what, String remedy) {
        super(what);
        this.remedy = remedy;
    }

    public String remedy() {
        return remedy;
    }

    /** A file that could not be read. */
    public static BrokenFile unreadable(Path file, IOException e) {
        if (e instanceof NoSuchFileException) {
            return new BrokenFile("there is no such file", "Create it, or name another.");
        }
        if (e instanceof AccessDeniedException) {
            return new BrokenFile(
                    "it cannot be read: the server may not",
                    "Give the user that the server runs as the right to read it.");
        }
        if (e instanceof CharConversionException || e instanceof UnsupportedEncodingException) {
            return new BrokenFile(
                    "it is not in the encoding that its first line names, or in UTF-8 if it names"
                            + " none",
                    "Save it as UTF-8.");
        }
        if (Files.isDirectory(file)) {
            return new BrokenFile("it cannot be read: it is a folder", "Name a file in it.");
        }
        return new BrokenFile(
                "it cannot be read (" + e.getMessage() + ")", "Repair that, or name another file.");
    }
}
