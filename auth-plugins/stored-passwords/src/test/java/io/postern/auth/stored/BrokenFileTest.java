package io.postern.auth.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.CharConversionException;
import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

class BrokenFileTest {
    @TempDir Path folder;

    @Test
    void whyAFileCannotBeReadIsSaidInWords() {
        var file = folder.resolve("users");
        for (var entry :
                Map.of(
                                new NoSuchFileException(file.toString()), "there is no such file",
                                new AccessDeniedException(file.toString()), "the server may not",
                                new CharConversionException("byte 2"), "not in the encoding",
                                new UnsupportedEncodingException("x"), "not in the encoding",
                                new IOException("Input/output error"), "(Input/output error)")
                        .entrySet()) {
            var broken = BrokenFile.unreadable(file, entry.getKey());
            assertTrue(broken.getMessage().contains(entry.getValue()), broken.getMessage());
            var told = WatchedUsers.refusal("file", file, broken);
            assertEquals("file", told.setting());
            var sentence = told.getMessage() + ". " + told.remedy();
            assertTrue(sentence.startsWith(file + " cannot be used: "), sentence);
            assertTrue(sentence.endsWith(".") && !sentence.endsWith(".."), sentence);
            assertFalse(sentence.contains("Exception"), sentence);
        }
    }

    @Test
    void aFolderIsSaidToBeOne() {
        var broken = BrokenFile.unreadable(folder, new IOException("Is a directory"));
        assertTrue(broken.getMessage().endsWith("it is a folder"), broken.getMessage());
    }
}
