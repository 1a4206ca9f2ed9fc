package io.postern.auth.xmlusers;

import io.postern.auth.stored.Account;
import io.postern.auth.stored.BrokenFile;
import io.postern.auth.stored.Users;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.regex.Pattern;

/** A file of users is taken whole or refused with the line of each mistake. */
public final class UsersFuzz {
    private static final Pattern PROBLEM =
            Pattern.compile(
                    "line [0-9]+[:,].*|it cannot be read .*|and [0-9]+ more", Pattern.DOTALL);

    private static final Path FILE = file();

    private UsersFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Files.write(FILE, input);
        Collection<Account> accounts;
        try {
            accounts = UsersFile.read(FILE);
        } catch (BrokenFile e) {
            e.getMessage()
                    .lines()
                    .map(String::strip)
                    .forEach(line -> expect(PROBLEM.matcher(line).matches(), line));
            return;
        }
        var names = new HashSet<String>();
        for (var account : accounts) {
            expect(!account.user().name().isBlank(), "a user without a name");
            expect(names.add(Users.fold(account.user().name())), "a user who is there twice");
            expect(account.password() != null, "a user without a password");
        }
    }

    private static Path file() {
        try {
            var file = Files.createTempFile("users", ".xml");
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
