package io.postern.auth.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.postern.spi.User;

import org.junit.jupiter.api.Test;

import java.util.List;

class UserEntriesTest {
    @Test
    void twoEntriesOfOneNameBarItHoweverTheyAreMixed() {
        var good = new Account(new User("anna"), StoredPassword.none(), true);
        for (var name : List.of("anna", "ANNA", " Anna ")) {
            var entries = new UserEntries();
            entries.add(1, good);
            entries.bar(2, name);
            var users = entries.users();
            assertEquals(1, users.accounts().size());
            assertFalse(users.find("anna").orElseThrow().enabled());
            assertEquals(2, users.mistakes().getFirst().line());
        }
    }
}
