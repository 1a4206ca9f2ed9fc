package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.PluginConfig;
import io.postern.spi.SettingException;
import io.postern.spi.store.CommitRequest;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Other characters than a colon before the flags. */
class InfoDelimitersTest {
    @TempDir Path home;
    private Mail mail;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
    }

    @ParameterizedTest
    @CsvSource({
        ":;!, 1.a, 1.a, '1.a:2,S'",
        ":;!, '1.a:2,', 1.a, '1.a:2,S'",
        ":;!, '1.a;2,F', 1.a, '1.a;2,FS'",
        ":;!, '1.a!2,ST', 1.a, '1.a!2,ST'",
        ":;!, '1.a;2,:2,', '1.a;2,', '1.a;2,:2,S'",
        ":;!, '1.a!b.c', '1.a!b.c', '1.a!b.c:2,S'",
        ":;!, '1.a;2,x,S=7', '1.a;2,x,S=7', '1.a;2,x,S=7:2,S'",
        ":;!, '1.a;2', '1.a;2', '1.a;2:2,S'",
        ":;!, '1.a:1,x', 1.a, '1.a:1,x'",
        ":;!, ';2,S', ';2,S', ';2,S:2,S'",
        ":, '1.a;2,S', '1.a;2,S', '1.a;2,S:2,S'",
        ";, 1.a, 1.a, '1.a;2,S'",
        ";, '1.a:2,S', '1.a:2,S', '1.a:2,S;2,S'",
        "-, 'x-y-2,R', 'x-y', 'x-y-2,RS'",
        "+!, '1.a+2,', 1.a, '1.a+2,S'",
        ":;!, '1.a;2,S;2,R', '1.a;2,S', '1.a;2,S;2,RS'"
    })
    void aNameIsCutBeforeItsFlags(String characters, String name, String unique, String seen) {
        var delimiters = new InfoDelimiters(characters);
        assertEquals(unique, delimiters.unique(name));
        assertEquals(seen, delimiters.seen(name));
        assertEquals(unique, delimiters.unique(seen));
        assertTrue(delimiters.flagged(seen, 'S') || seen.equals(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {":", ";", "!", "+", "-", "_", "#"})
    @Tag("protocol-104")
    void aUniqueIdStaysWhenFlagsChange(String delimiter) throws Exception {
        var settings = new String[] {"info-delimiter", delimiter, "mark-seen", "true"};
        mail.put("alice", "new/1700000001.M1P1.host", "one\n");
        mail.put("alice", "cur/1700000002.M1P1.host,S=4" + delimiter + "2,", "two\n");
        mail.settle("alice");
        Map<String, Long> before;
        try (var drop = Mail.open(mail.store(settings), "alice")) {
            before = Mail.list(drop);
            assertEquals(
                    List.of("1700000001.M1P1.host", "1700000002.M1P1.host,S=4"), Mail.ids(drop));
            drop.commit(
                    new CommitRequest(
                            UUID.randomUUID(),
                            Mail.token(),
                            List.of(),
                            Mail.refs(drop, 1, 2),
                            Duration.ofSeconds(60)));
        }
        for (var name : List.of("1700000001.M1P1.host", "1700000002.M1P1.host,S=4")) {
            assertTrue(
                    Files.exists(mail.maildir("alice").resolve("cur/" + name + delimiter + "2,S")),
                    name);
        }
        try (var drop = Mail.open(mail.store(settings), "alice")) {
            assertEquals(before, Mail.list(drop));
            assertEquals("two\n", Mail.read(drop, 2));
        }
    }

    /** The index was made of names that were cut elsewhere, and no folder has changed. */
    @Test
    void anotherSettingHoldsAtOnce() throws Exception {
        mail.put("alice", "cur/1.a#2,S", "one\n");
        mail.settle("alice");
        for (var times = 0; times < 2; times++) {
            assertEquals(List.of("1.a#2,S"), Mail.ids(mail.store(), "alice"));
            assertEquals(List.of("1.a"), Mail.ids(mail.store("info-delimiter", "#"), "alice"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "1", "/", ".", ",", "=", "%", ": ", "\u00a7", ":::::::::"})
    void whatCannotBeOneIsRefused(String characters) {
        var store = new MaildirStore();
        var values = Map.of("root", List.of("mail"), "info-delimiter", List.of(characters));
        var problem =
                assertThrows(
                        SettingException.class,
                        () -> new PluginConfig(store.settings(), values, home, home));
        assertEquals("info-delimiter", problem.setting());
    }
}
