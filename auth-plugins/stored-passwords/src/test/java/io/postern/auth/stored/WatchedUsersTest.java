package io.postern.auth.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.User;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

class WatchedUsersTest {
    @TempDir Path folder;

    private final AtomicLong nanos = new AtomicLong();

    /** What the next reading finds wrong. */
    private final AtomicReference<Optional<BrokenFile>> wrong =
            new AtomicReference<>(Optional.empty());

    private Users read(Path file) throws BrokenFile {
        if (wrong.get().isPresent()) {
            throw wrong.get().get();
        }
        var entries = new UserEntries();
        entries.add(1, new Account(new User("anna"), StoredPassword.none(), true));
        entries.mistake(2, "bela\u0085\u2028", "it is\nodd", "Mend it.");
        return entries.users();
    }

    @Test
    void aFileThatBecomesReadableIsReadThoughItIsTheSame() throws Exception {
        var file = Files.writeString(folder.resolve("users"), "x");
        var users = new WatchedUsers(file, this::read, new PasswordCheck(), nanos::get);
        wrong.set(Optional.of(new BrokenFile("the server may not read it", "Let it.")));
        Files.writeString(file, "longer");
        for (int i = 0; i < 2; i++) {
            nanos.addAndGet(Duration.ofSeconds(2).toNanos());
            assertEquals(1, users.now().accounts().size());
            assertTrue(users.trouble().orElseThrow().contains("may not"));
        }
        wrong.set(Optional.empty());
        nanos.addAndGet(Duration.ofSeconds(2).toNanos());
        assertTrue(users.trouble().orElseThrow().contains("line 2"));
    }

    @Test
    void aMistakeIsOneLineWhateverIsInIt() throws Exception {
        var mistake = read(folder).mistakes().getFirst();
        assertEquals("an entry is left out: it is?odd", mistake.what());
        var entries = new UserEntries();
        entries.mistake(1, "an\u2028na", "\u0085\u001b[0m", "Mend it.");
        assertEquals("\"an?na\" is barred: ??[0m", entries.users().mistakes().getFirst().what());
    }
}
