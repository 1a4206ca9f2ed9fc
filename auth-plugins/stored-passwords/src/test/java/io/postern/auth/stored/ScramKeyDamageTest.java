package io.postern.auth.stored;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.auth.ScramHash;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/** The key of made-up salts, whatever becomes of its file: logins go on. */
class ScramKeyDamageTest {
    @TempDir private Path folder;

    @Test
    void aKeyThatCannotBeUsedIsNamedAndStays() throws Exception {
        var file = folder.resolve("state/main/scram.key");
        var salt = salt(file);
        assertArrayEquals(salt, salt(file), "the key is kept");
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(
                "rwx------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())));
        for (var length : List.of(0, 1, 31, 33, 64, 1000)) {
            Files.write(file, new byte[length]);
            assertTrue(salt(file).length > 0);
            assertEquals(
                    (long) length, Files.size(file), "an operator may have a copy: it is named");
        }
        Files.delete(file);
        Files.createDirectory(file);
        assertTrue(salt(file).length > 0);
    }

    private static byte[] salt(Path file) throws Exception {
        return ScramCheck.keyedIn(file.getParent(), new PasswordCheck())
                .entry("nobody", Optional.empty(), List.of(), ScramHash.SHA_256)
                .keys()
                .salt();
    }
}
