package io.postern.auth.xmlusers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.auth.stored.StoredPassword;
import io.postern.spi.PluginConfig;
import io.postern.spi.Secret;
import io.postern.spi.SettingException;
import io.postern.spi.User;
import io.postern.spi.auth.SecretDirectory.Shared;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

class XmlUsersTest {
    private static final String PASSWORD = "tän staaf";
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);

    private static final String MIXED =
            """
            <users>
              <user name="plain" password="%s"/>
              <user name="crypt" password="%s"/>
              <user name="pbkdf" password="%s"/>
              <user name="other" password="%s"/>
            </users>
            """
                    .formatted(Fixture.PLAIN, Fixture.SHA_CRYPT, Fixture.PBKDF2, Fixture.PBKDF2);

    @TempDir Path folder;

    private Fixture fixture;

    @BeforeEach
    void newFixture() {
        fixture = new Fixture(folder);
    }

    @Test
    void itIsFoundUnderItsNameAndReadsTheShippedPlace() {
        var found = ServiceLoader.load(UserDirectory.class).findFirst().orElseThrow();
        assertEquals("xml-users", found.name());
        var config = new PluginConfig(found.settings(), Map.of(), folder, folder);
        assertEquals(folder.resolve("conf/users.xml").toAbsolutePath(), config.path("file"));
    }

    @Test
    void theShippedFileIsUsable() throws Exception {
        var shipped = Path.of("../../conf/users.xml");
        assertFalse(Files.readString(shipped).isBlank());
        fixture.start(Files.readString(shipped)).close();
    }

    @Test
    void attributesReachTheUser() throws Exception {
        try (var users =
                fixture.start(
                        """
                        <?xml version="1.0" encoding="UTF-8"?>
                        <users>
                          <!-- first come, first served -->
                          <user name="Alice" password="{PLAIN}a&amp;&lt;&quot;b">
                            <attribute name="maildrop" value="team/alice"/>
                            <attribute name="quota" value=""/>
                          </user>
                          <user name="bob" password="{PLAIN}b"></user>
                        </users>
                        """)) {
            assertEquals(
                    new Verdict.Accepted(
                            new User("Alice", Map.of("maildrop", "team/alice", "quota", ""))),
                    Fixture.ask(users, "aLICE", "a&<\"b"));
            assertEquals(new Verdict.Accepted(new User("bob")), Fixture.ask(users, "bob", "b"));
        }
    }

    @Test
    void onlyAsciiLettersLoseTheirCase() throws Exception {
        try (var users =
                fixture.start(
                        """
                        <users>
                          <user name="kim" password="{PLAIN}x"/>
                          <user name="ZÖE" password="{PLAIN}x"/>
                        </users>
                        """)) {
            assertEquals(new Verdict.Accepted(new User("ZÖE")), Fixture.ask(users, "zÖe", "x"));
            assertEquals(UNKNOWN, Fixture.ask(users, "zöe", "x"));
            assertEquals(UNKNOWN, Fixture.ask(users, "\u212aim", "x"), "the Kelvin sign is no K");
        }
    }

    @Test
    void onlyAPlainPasswordIsASharedSecret() throws Exception {
        try (var users = fixture.start(MIXED)) {
            assertTrue(users.shared("plain").secret().isPresent());
            assertEquals(Shared.refused(Reason.NO_SECRET), users.shared("crypt"));
            assertEquals(Shared.refused(Reason.NO_SECRET), users.shared("pbkdf"));
            assertTrue(fixture.hashed.isEmpty(), "a look-up hashes for nobody");
        }
    }

    @Test
    @Tag("protocol-40")
    void aStrangerTakesTheTimeOfOneOfTheFormsAndAlwaysOfTheSame() throws Exception {
        try (var users = fixture.start(MIXED)) {
            var forms = new HashSet<String>();
            for (int i = 0; i < 200; i++) {
                fixture.hashed.clear();
                for (var name : List.of("name" + i, "NAME" + i, "name" + i)) {
                    assertEquals(UNKNOWN, Fixture.ask(users, name, PASSWORD));
                }
                assertEquals(3, fixture.hashed.size());
                assertEquals(1, new HashSet<>(fixture.hashed).size(), "the time told them apart");
                forms.add(fixture.hashed.getFirst());
            }
            assertEquals(3, forms.size(), "all forms of the file, and no other");
            for (var name : List.of("plain", "crypt", "pbkdf")) {
                fixture.hashed.clear();
                assertEquals(WRONG, Fixture.ask(users, name, "wrong"));
                assertTrue(forms.containsAll(fixture.hashed));
            }
        }
    }

    @Test
    @Tag("protocol-40")
    void whichStrangerTakesWhichTimeIsNotForOutsidersToTell() throws Exception {
        try (var one = fixture.start(MIXED);
                var other = fixture.start()) {
            assertNotEquals(formsOfStrangers(one), formsOfStrangers(other));
        }
    }

    @Test
    @Tag("protocol-40")
    void inAFileWithoutUsersAStrangerTakesTheTimeOfANewHash() throws Exception {
        try (var users = fixture.start("<users/>");
                var password = Secret.of(PASSWORD)) {
            var usual = StoredPassword.parse(users.hash(users.schemes().getFirst(), password));
            assertEquals(UNKNOWN, users.verify("alice", password));
            assertEquals(List.of(usual.form()), fixture.hashed);
        }
    }

    @Test
    void aChangeOfTheFileIsSeenASecondLater() throws Exception {
        try (var users = fixture.start(Fixture.aliceAndBob(Fixture.PLAIN))) {
            fixture.write("<users><user name=\"carol\" password=\"{PLAIN}c\"/></users>");
            fixture.nanos.addAndGet(Duration.ofMillis(999).toNanos());
            assertEquals(UNKNOWN, Fixture.ask(users, "carol", "c"));
            fixture.nanos.addAndGet(Duration.ofMillis(1).toNanos());
            assertEquals(new Verdict.Accepted(new User("carol")), Fixture.ask(users, "carol", "c"));
            assertEquals(UNKNOWN, Fixture.ask(users, "alice", PASSWORD));
            assertTrue(users.shared("alice").secret().isEmpty());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"<users><user name=\"carol\"", "<accounts/>", "gone"})
    void aFileThatBreaksChangesNothingAndIsToldOnce(String broken) throws Exception {
        try (var users = fixture.start(Fixture.aliceAndBob(Fixture.PLAIN))) {
            if (broken.equals("gone")) {
                Files.delete(fixture.file);
            } else {
                fixture.write(broken);
            }
            var log =
                    Fixture.logOf(() -> {
                        for (int i = 0; i < 3; i++) {
                            fixture.nanos.addAndGet(Duration.ofSeconds(2).toNanos());
                            assertEquals(
                                    new Verdict.Accepted(new User("alice")),
                                    Fixture.ask(users, "alice", PASSWORD));
                        }
                    });
            assertEquals(2, log.split("cannot be used", -1).length, log);
            assertTrue(log.contains(fixture.file.toString()), log);

            fixture.write("<users><user name=\"carol\" password=\"{PLAIN}c\"/></users>");
            fixture.nanos.addAndGet(Duration.ofSeconds(2).toNanos());
            assertEquals(new Verdict.Accepted(new User("carol")), Fixture.ask(users, "carol", "c"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "geheim",
                "<users>",
                "<users></user>",
                "<?xml version=<geheim\"",
                "<users><!DOCTYPE users SYSTEMgeheim/></users>",
                "<users><user name='a' password='{PLAIN}x&geheim;'/></users>",
                "<users><user name='a' password='{PLAIN}x&geheim'/></users>",
                "<users><user name='a' password='{PLAIN}<geheim'/></users>",
                "<users><user name='a' password='{PLAIN}x' password='{PLAIN}geheim'/></users>"
            })
    void whatIsNotXmlIsRefusedWithoutShowingIt(String text) throws Exception {
        fixture.write(text);
        var message = refused().getMessage();
        assertTrue(message.contains("line 1, column "), message);
        assertFalse(message.contains("geheim"), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<!DOCTYPE users><users/>",
                "<!DOCTYPE users SYSTEM \"http://127.0.0.1:1/x.dtd\"><users/>",
                "<!DOCTYPE users [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
                        + "<users><user name='a' password='{PLAIN}&x;'/></users>",
                "<!DOCTYPE users [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
                        + "<users>&b;</users>"
            })
    void aDoctypeIsRefusedSoThatNoEntityIsRead(String text) throws Exception {
        fixture.write(text);
        assertTrue(refused().getMessage().contains("DOCTYPE is refused"));
    }

    @Test
    void aMissingFileAndAFolderAreRefused() throws Exception {
        var missing = refused();
        assertTrue(missing.getMessage().contains(fixture.file.toString()), missing.getMessage());
        assertTrue(missing.getMessage().contains("there is no such file"), missing.getMessage());
        assertEquals("file", missing.setting());
        Files.createDirectory(fixture.file);
        assertTrue(refused().getMessage().contains("cannot be read"));
    }

    @Test
    void anotherRootIsRefused() throws Exception {
        fixture.write("<accounts><user name='a' password='{PLAIN}x'/></accounts>");
        assertTrue(refused().getMessage().contains("its root is <accounts>"));
    }

    @Test
    void aFileOfManyUsersIsRead() throws Exception {
        var text = new StringBuilder("<users>\n");
        for (int i = 0; i < 20_000; i++) {
            text.append("<user name=\"user").append(i).append("\" password=\"");
            text.append(Fixture.PBKDF2).append("\"/>\n");
        }
        try (var users = fixture.start(text.append("</users>").toString())) {
            assertEquals(
                    new Verdict.Accepted(new User("user19999")),
                    Fixture.ask(users, "user19999", PASSWORD));
        }
    }

    @Test
    void whatPasswdMakesWorksInTheFile() throws Exception {
        var maker = new XmlUsers();
        assertEquals("PBKDF2-SHA512", maker.schemes().getFirst());
        try (var password = Secret.of("q<\"&>\u2603")) {
            var text = new StringBuilder("<users>");
            for (var scheme : maker.schemes()) {
                text.append("<user name=\"").append(scheme).append("\" password=\"");
                text.append(maker.hash(scheme, password)).append("\"/>");
            }
            try (var users = fixture.start(text.append("</users>").toString())) {
                for (var scheme : maker.schemes()) {
                    assertEquals(
                            new Verdict.Accepted(new User(scheme)), users.verify(scheme, password));
                }
            }
        }
    }

    private List<String> formsOfStrangers(XmlUsers users) throws InterruptedException {
        fixture.hashed.clear();
        for (int i = 0; i < 100; i++) {
            Fixture.ask(users, "name" + i, "x");
        }
        return new ArrayList<>(fixture.hashed);
    }

    private SettingException refused() {
        return assertThrows(SettingException.class, () -> fixture.start().close());
    }
}
