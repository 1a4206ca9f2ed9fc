package io.postern.auth.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.ScramHash;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.AbstractCollection;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * What is done for a name that does not exist is done for one that does, or the time tells them.
 */
class StrangersTest {
    private static final StoredPassword KEPT = StoredPassword.parse("{PLAIN}secret");
    private static final Optional<Account> KNOWN =
            Optional.of(new Account(new User("anna"), KEPT, true));

    @TempDir private Path folder;

    /** A directory's passwords, and how often one was chosen among them. */
    private static final class Forms extends AbstractCollection<StoredPassword> {
        private int looks;

        @Override
        public Iterator<StoredPassword> iterator() {
            looks++;
            return List.of(KEPT).iterator();
        }

        @Override
        public int size() {
            return 1;
        }
    }

    private interface Asked {
        void of(Optional<Account> account, Collection<StoredPassword> forms) throws Exception;
    }

    private static int looks(Optional<Account> account, Asked asked) throws Exception {
        var forms = new Forms();
        asked.of(account, forms);
        return forms.looks;
    }

    private static void assertEqualWork(Asked asked) throws Exception {
        assertEquals(1, looks(Optional.empty(), asked));
        assertEquals(1, looks(KNOWN, asked));
    }

    @Test
    void aPasswordIsChosenForUsersToo() throws Exception {
        var check = new PasswordCheck();
        assertEqualWork((account, forms) -> {
            try (var guess = Secret.of("guess")) {
                check.verdict("anna", account, forms, guess);
            }
        });
    }

    @Test
    void keysAreChosenForUsersToo() throws Exception {
        var check = ScramCheck.keyedIn(folder, new PasswordCheck());
        assertEqualWork((account, forms) -> check.entry("anna", account, forms, ScramHash.SHA_256));
    }
}
