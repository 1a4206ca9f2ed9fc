package io.postern.auth.passwdfile;

import io.postern.auth.stored.BrokenFile;
import io.postern.auth.stored.StoredPassword;
import io.postern.auth.stored.Users;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;

/** Each entry of a password file is taken, or named with its line. */
public final class PasswdFuzz {
    private static final Path FILE = file();

    private PasswdFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Files.write(FILE, input);
        Users users;
        try {
            users = PasswdLines.read(FILE, "CRYPT", Optional.empty());
        } catch (BrokenFile e) {
            expect(e.getMessage().equals("it is in UTF-16"), e.getMessage());
            return;
        }
        for (var mistake : users.mistakes()) {
            expect(mistake.line() > 0, "no line");
            expect(mistake.what().chars().noneMatch(c -> c < ' '), mistake.what());
        }
        var names = new HashSet<String>();
        for (var account : users.accounts()) {
            expect(!account.user().name().isBlank(), "a user without a name");
            expect(names.add(Users.fold(account.user().name())), "a user who is there twice");
            expect(
                    !account.enabled() || account.password() != StoredPassword.none(),
                    "a user without a password");
        }
    }

    private static Path file() {
        try {
            var file = Files.createTempFile("passwd", "");
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void expect(boolean truth, String what) {
        if (!truth) {
            throw new AssertionError(what);
        }
    }
}
