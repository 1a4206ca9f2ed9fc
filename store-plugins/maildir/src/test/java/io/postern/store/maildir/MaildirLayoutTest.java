package io.postern.store.maildir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.SettingException;
import io.postern.spi.User;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

class MaildirLayoutTest {
    @TempDir Path home;
    private Mail mail;

    @BeforeEach
    void make() throws Exception {
        mail = new Mail(home).make("alice");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "..",
                ".",
                "/",
                "../alice",
                "../../etc",
                "/etc/passwd",
                "alice/../bob",
                "alice/",
                ".hidden",
                "back\\slash",
                "zero\u200Bwidth",
                "bidi\u202Eecila",
                "soft\u00ADhyphen",
                "e\u0301", // decomposed
                "\uD800",
                "\uE000"
            })
    void aNameThatIsNoFolderNameIsAFault(String name) {
        var fault = assertThrows(Fault.class, () -> mail.store().locate(new User(name)));
        assertEquals(Fault.Kind.PERMANENT, fault.kind());
    }

    @Test
    void aNameLongerThanAFileNameIsAFault() {
        assertThrows(Fault.class, () -> mail.store().locate(new User("ü".repeat(128))));
    }

    @Test
    void namesThatDifferInCaseAreDifferentMaildrops() throws Exception {
        Files.createDirectories(mail.maildir("Alice"));
        assertNotEquals(
                mail.store().locate(new User("alice")), mail.store().locate(new User("Alice")));
    }

    @Test
    void theLayoutIsFilledIn() throws Exception {
        var real = home.toRealPath();
        var user = new User("bob@example.org", Map.of("maildir", "b/bob", "shelf", "s1"));
        for (var each :
                Map.of(
                                "{user}", "bob@example.org",
                                "{domain}/{local}/Maildir", "example.org/bob/Maildir",
                                "x-{local}.{domain}", "x-bob.example.org",
                                "{attribute:maildir}", "b/bob",
                                "{attribute:shelf}-{local}", "s1-bob")
                        .entrySet()) {
            assertEquals(
                    "maildir:" + real.resolve("mail").resolve(each.getValue()),
                    mail.store("layout", each.getKey()).locate(user).value());
        }
    }

    @Test
    void attributesLeadNoFurtherThanNames() {
        for (var value : new String[] {"../x", "/etc", "a//b", "a/./b", "", ".x", "a/"}) {
            var user = new User("bob", Map.of("maildir", value));
            assertThrows(
                    Fault.class,
                    () -> mail.store("layout", "{attribute:maildir}").locate(user),
                    value);
        }
        assertThrows(
                Fault.class,
                () ->
                        mail.store("layout", "x{attribute:maildir}")
                                .locate(new User("bob", Map.of("maildir", "a/b"))));
        for (var layout : new String[] {"{attribute:maildir}", "{domain}/{local}"}) {
            assertThrows(Fault.class, () -> mail.store("layout", layout).locate(new User("bob")));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "mail",
                "/{user}",
                "../{user}",
                "{user}/..",
                "a//{user}",
                "{name}",
                "{user",
                "./{user}"
            })
    void aTemplateThatIsNoneIsRefusedAtTheStart(String layout) {
        var told = assertThrows(SettingException.class, () -> mail.store("layout", layout));
        assertEquals("layout", told.setting());
    }

    @Test
    void aLinkOutOfTheRootIsRefusedByName() throws Exception {
        Files.createDirectories(home.resolve("elsewhere/cur"));
        Files.createDirectories(home.resolve("elsewhere/new"));
        Files.createSymbolicLink(mail.maildir("bob"), home.resolve("elsewhere"));
        var fault = assertThrows(Fault.class, () -> mail.store().locate(new User("bob")));
        assertTrue(fault.getMessage().contains(mail.maildir("bob").toString()), fault.getMessage());
        assertTrue(fault.getMessage().contains("links-outside"), fault.getMessage());
        try (var drop = Mail.open(mail.store("links-outside", "true"), "bob")) {
            assertEquals(0, drop.listing().count());
        }
        Files.createSymbolicLink(mail.maildir("carol"), Path.of("nowhere"));
        assertThrows(Fault.class, () -> mail.store().locate(new User("carol")));
        Files.createSymbolicLink(mail.maildir("root"), Path.of("."));
        assertThrows(Fault.class, () -> mail.store().locate(new User("root")));
    }

    @Test
    void aLinkPutThereAfterTheLoginIsRefused() throws Exception {
        Files.createDirectories(home.resolve("elsewhere/cur"));
        Files.createDirectories(home.resolve("elsewhere/new"));
        var store = mail.store();
        var id = store.locate(new User("bob"));
        Files.createSymbolicLink(mail.maildir("bob"), home.resolve("elsewhere"));
        assertThrows(Fault.class, () -> store.open(id, Mail.token()));
        Files.delete(mail.maildir("bob"));
        Files.createSymbolicLink(mail.maildir("bob"), mail.maildir("alice"));
        assertThrows(Fault.class, () -> store.open(id, Mail.token()));
    }

    @Test
    void twoRoadsToOneMaildirHaveOneId() throws Exception {
        Files.createSymbolicLink(mail.maildir("alias"), Path.of("alice"));
        Files.createSymbolicLink(home.resolve("link"), Path.of("mail"));
        var id = mail.store().locate(new User("alice"));
        assertEquals(id, mail.store().locate(new User("alias")));
        assertEquals(id, mail.store("root", "link").locate(new User("alice")));
        assertEquals(
                id, mail.store("root", ".", "layout", "mail/{user}").locate(new User("alice")));
    }
}
