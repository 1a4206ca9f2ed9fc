package io.postern.auth.passwdfile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Entries as they are found: what is not understood bars its user and nobody else. */
class PasswdEntriesTest {
    private static final Verdict NOT_ALLOWED = new Verdict.Refused(Reason.NOT_ALLOWED);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);

    /** Of the password "tän staaf", by openssl passwd -6. */
    private static final String SHA_CRYPT =
            "$6$abcdefgh$bbAOGGNt2H0pC2TMPFsQ9P9QXyCssBNJrwCzvaJSNs8sTQ0hveqy"
                    + "/aL4E83TSIGfDfMrAWiWUICE4izgk1g6p/";

    /** Written as Latin-1; "geheim" is no part of any message. Each is about bela. */
    static final List<String> NOT_UNDERSTOOD =
            List.of(
                    // Passwords
                    "bela:geheim",
                    "bela:",
                    "bela::",
                    "bela: ",
                    "bela:x",
                    "bela:x:0:0:root:/root:/bin/bash",
                    "bela:ab1Qz0Cz2Fv5I",
                    "bela:{CRYPT}ab1Qz0Cz2Fv5I",
                    "bela:_J9..geheimgeheim",
                    "bela:$y$geheim",
                    "bela:$6$abc$geheim",
                    "bela:$99$geheim$geheim",
                    "bela:{FOO}geheim",
                    "bela:{geheim}",
                    "bela:{PLAIN",
                    "bela: {PLAIN}geheim",
                    "bela:{PLAIN}",
                    "bela:{PLAIN.rot13}geheim",
                    "bela:{SHA}geheim",
                    "bela:{CRAM-MD5}9186d855e11eba527a7a52ca82b313e180d62234f0acc9051b527243d41e2740",
                    "bela:{DIGEST-MD5}9186d855e11eba527a7a52ca82b313e1",
                    "bela:{LANMAN}9186d855e11eba527a7a52ca82b313e1",
                    "bela:$2y$15$Z9eZ7LoewucJljkXbnVDWeZtjbmdNKN9olNT/M.C2uQZd4mwlkL9S",
                    "bela:{SHA256-CRYPT}$5$rounds=999999999$q$gFQ9AqDCa2JqE7VVu/WMfYgjXxordxehOlhnwAVV7AB",
                    "bela:{ARGON2ID}$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ",
                    "bela:{PLAIN}" + "x".repeat(513),
                    // Names
                    "bela",
                    " bela:{PLAIN}geheim",
                    "bela :{PLAIN}geheim",
                    "\tbela\t:{PLAIN}geheim",
                    "bela:{PLAIN}geheim\nbela:{PLAIN}geheim",
                    "bela:{PLAIN}geheim\nBELA:" + SHA_CRYPT,
                    "bela:{PLAIN}geheim\nbela:*",
                    "bela:geheim\nBela:geheim\nbelA:{PLAIN}geheim",
                    // Other encodings
                    "bela:{PLAIN}geheim\u00e4",
                    "bela:{PLAIN}geheim::::/home/b\u00e9la",
                    "bela:{PLAIN}geheim::::::userdb_mail=\u00ff",
                    // Extra fields
                    "bela:{PLAIN}geheim::::::proxy=y host=10.0.0.1",
                    "bela:{PLAIN}geheim::::::proxy_maybe",
                    "bela:{PLAIN}geheim::::::host=10.0.0.1",
                    "bela:::::::nopassword=y",
                    "bela:{PLAIN}geheim::::::nopassword",
                    "bela:{PLAIN}geheim::::::user=geheim",
                    "bela:{PLAIN}geheim::::::userdb_mail=x unknown=geheim",
                    "bela:{PLAIN}geheim::::::userdb_",
                    "bela:{PLAIN}geheim::::::userdb_x",
                    "bela:{PLAIN}geheim::::::allow_nets=",
                    "bela:{PLAIN}geheim::::::allow_nets=local",
                    "bela:{PLAIN}geheim::::::allow_real_nets=10.0.0.0/8",
                    "bela:{PLAIN}geheim::::::NOLOGIN",
                    // Devices
                    "bela:{PLAIN}geheim::::::device_={PLAIN}geheim",
                    "bela:{PLAIN}geheim::::::device_phone",
                    "bela:{PLAIN}geheim::::::device_phone=geheim",
                    "bela:{PLAIN}geheim::::::device_ph\u00f6ne={PLAIN}geheim",
                    "bela:{PLAIN}geheim::::::device_a={PLAIN}geheim device_a={PLAIN}geheim2");

    @TempDir Path folder;
    private Fixture fixture;

    @BeforeEach
    void newFixture() {
        fixture = new Fixture(folder);
    }

    @ParameterizedTest
    @FieldSource("NOT_UNDERSTOOD")
    void itBarsItsUserAloneAndIsNamedOnceForEachChange(String entry) throws Exception {
        var anna = "anna:{PLAIN}first\n";
        var zoe = "zoe:{PLAIN}second\n";
        for (var text :
                List.of(
                        entry + "\n" + anna + zoe,
                        anna + entry + "\n" + zoe,
                        (anna + zoe + entry).replace("\n", "\r\n"))) {
            fixture.write(text.getBytes(StandardCharsets.ISO_8859_1));
            var bad = line(text, entry);
            PasswdFile[] started = new PasswdFile[1];
            var log = Fixture.logOf(() -> started[0] = fixture.start(Map.of()));
            try (var users = started[0]) {
                assertNamedOnce(log, bad);
                assertBarred(users, entry);
                Fixture.assertLetIn(users, "anna", "first");
                Fixture.assertLetIn(users, "zoe", "second");
                assertTrue(users.trouble().orElseThrow().contains("line "), entry);

                // A removal, a bar and a new user are taken all the same.
                var next = "zoe:!{PLAIN}second\n" + entry + "\nkim:{PLAIN}third\n";
                log =
                        Fixture.logOf(() -> {
                            fixture.write(next.getBytes(StandardCharsets.ISO_8859_1));
                            for (int i = 0; i < 3; i++) {
                                Fixture.assertLetIn(users, "kim", "third");
                            }
                        });
                assertNamedOnce(log, line(next, entry));
                assertEquals(UNKNOWN, Fixture.ask(users, "anna", "first"));
                assertEquals(NOT_ALLOWED, Fixture.ask(users, "zoe", "second"));
                assertBarred(users, entry);

                fixture.write("bela:{PLAIN}well\n");
                Fixture.assertLetIn(users, "bela", "well");
                assertTrue(users.trouble().isEmpty());
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NOT_UNDERSTOOD")
    void aCheckNamesItToo(String entry) throws Exception {
        var text = "anna:{PLAIN}x\n" + entry;
        fixture.write(text.getBytes(StandardCharsets.ISO_8859_1));
        var found = fixture.check();
        assertTrue(found.getLast().startsWith(fixture.file + ":" + line(text, entry) + ": "));
        assertFalse(found.toString().contains("geheim"), found.toString());
        assertFalse(found.toString().contains(".."), found.toString());
    }

    private static int line(String text, String entry) {
        var before = text.replace("\r", "").split(Pattern.quote(entry), 2)[0];
        return (int) (before + entry).lines().count();
    }

    private void assertNamedOnce(String log, int line) {
        var parts = log.split(Pattern.quote(fixture.file + ":" + line + ": "), -1);
        assertEquals(2, parts.length, log);
        assertFalse(log.contains("geheim"), log);
    }

    private static void assertBarred(PasswdFile users, String entry) throws Exception {
        for (var name : List.of("bela", "BELA")) {
            for (var password : List.of("geheim", "x", "second")) {
                assertEquals(NOT_ALLOWED, Fixture.ask(users, name, password), entry);
            }
            assertEquals(NOT_ALLOWED, users.lookUp(name), entry);
            assertTrue(users.shared(name).secret().isEmpty(), entry);
        }
    }

    @Test
    void aNameInLatin1BarsWhoWritesItInUtf8() throws Exception {
        fixture.write(
                "b\u00e9la:{PLAIN}geheim\nanna:{PLAIN}x\n".getBytes(StandardCharsets.ISO_8859_1));
        try (var users = fixture.start(Map.of())) {
            assertEquals(NOT_ALLOWED, Fixture.ask(users, "b\u00e9la", "geheim"));
            Fixture.assertLetIn(users, "anna", "x");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {":{PLAIN}geheim", "be\u0000la:{PLAIN}geheim", "  :x", "\u0007:x"})
    void anEntryThatCanBeNobodysIsNamedAndBarsNobody(String entry) throws Exception {
        fixture.write("anna:{PLAIN}x\n" + entry + "\n");
        var log =
                Fixture.logOf(() -> {
                    try (var users = fixture.start(Map.of())) {
                        Fixture.assertLetIn(users, "anna", "x");
                        assertEquals(UNKNOWN, Fixture.ask(users, "bela", "geheim"));
                    }
                });
        assertNamedOnce(log, 2);
    }

    /** Each lets anna in with "tän staaf", and is good. */
    static final List<String> UNDERSTOOD =
            List.of(
                    "anna:" + SHA_CRYPT,
                    "anna:{SHA512-CRYPT}" + SHA_CRYPT,
                    "anna:{sha512-crypt}" + SHA_CRYPT,
                    "anna:" + SHA_CRYPT + " ",
                    "anna:" + SHA_CRYPT + "\t ",
                    "anna:" + SHA_CRYPT + " :1:1:J\u00fcrgen:/h ",
                    "anna:{PLAIN.b64}dMOkbiBzdGFhZg== ",
                    "\ufeffanna:" + SHA_CRYPT,
                    "\ufeff# comment\nanna:" + SHA_CRYPT,
                    "# one\n\ufeffanna:" + SHA_CRYPT,
                    "\ufeff\nanna:" + SHA_CRYPT,
                    "\n\n  \n\t\n# c\n  # c:d\n\t#c\nanna:" + SHA_CRYPT,
                    "anna:" + SHA_CRYPT + ":5000:5000::/var/mail/anna::",
                    "anna:" + SHA_CRYPT + "::::::  userdb_mail=maildir:~/M\tnodelay=y  ",
                    "anna:" + SHA_CRYPT + "::::::event_x=y forward_z=1 k5principals=anna",
                    "anna:" + SHA_CRYPT + "::::::allow_nets=local,127.0.0.1",
                    "anna:{PLAIN}t\u00e4n staaf",
                    "anna:{PLAIN}t\u00e4n staaf:b",
                    "+nobody:*::::::\nanna:" + SHA_CRYPT,
                    "d:*\ne:!\nf:!!\ng:!$6$abc$def\nh:*LK*\nanna:" + SHA_CRYPT);

    @ParameterizedTest
    @FieldSource("UNDERSTOOD")
    void itLetsItsUserIn(String text) throws Exception {
        for (var ends : List.of(text, text + "\n", text.replace("\n", "\r\n") + "\r\n")) {
            try (var users = fixture.start(ends)) {
                assertInstanceOf(
                        Verdict.Accepted.class, Fixture.ask(users, "anna", "t\u00e4n staaf"), ends);
                assertEquals(List.of(), fixture.check(), ends);
                assertTrue(users.trouble().isEmpty(), ends);
            }
        }
    }

    @Test
    void aSpaceAtTheEndBelongsToAPlainPassword() throws Exception {
        try (var users = fixture.start("anna:{PLAIN}x \nbela:x \n", Map.of("scheme", "PLAIN"))) {
            Fixture.assertLetIn(users, "anna", "x ");
            Fixture.assertLetIn(users, "bela", "x ");
            assertEquals(new Verdict.Refused(Reason.WRONG_PROOF), Fixture.ask(users, "anna", "x"));
        }
    }

    @Test
    void whereThePasswordIsThePlainTextXIsOne() throws Exception {
        try (var users = fixture.start("anna:x\n", Map.of("scheme", "PLAIN"))) {
            Fixture.assertLetIn(users, "anna", "x");
        }
    }

    @Test
    void theGecosFieldIsNotRead() throws Exception {
        fixture.write("anna:{PLAIN}x:::J\u00fcrgen\n".getBytes(StandardCharsets.ISO_8859_1));
        try (var users = fixture.start(Map.of())) {
            Fixture.assertLetIn(users, "anna", "x");
        }
    }

    @Test
    void devicesHaveTheirPasswords() throws Exception {
        try (var users =
                fixture.start(
                        "anna:{PLAIN}own::::::device_phone={PLAIN}one userdb_box=7 device_desk-2="
                                + SHA_CRYPT
                                + "\nbela:::::::device_tab={PLAIN}t=:w\ncleo:!::::::device_a={PLAIN}x")) {
            var attributes = Map.of("box", "7");
            assertEquals(
                    new Verdict.Accepted(new User("anna", attributes)),
                    Fixture.ask(users, "anna", "own"));
            assertEquals(
                    new Verdict.Accepted(new User("anna", Map.of("box", "7", "device", "phone"))),
                    Fixture.ask(users, "anna", "one"));
            assertEquals(
                    new Verdict.Accepted(new User("anna", Map.of("box", "7", "device", "desk-2"))),
                    Fixture.ask(users, "anna", "t\u00e4n staaf"));
            assertEquals(
                    new Verdict.Accepted(new User("bela", Map.of("device", "tab"))),
                    Fixture.ask(users, "bela", "t=:w"));
            assertEquals(NOT_ALLOWED, Fixture.ask(users, "cleo", "x"));
            try (var secret = users.shared("anna").secret().orElseThrow()) {
                assertTrue(secret.matches("own".getBytes(StandardCharsets.UTF_8)));
            }
            assertTrue(users.shared("bela").secret().isEmpty());
        }
    }

    @Test
    void ofVeryManyMistakesTheFirstAreNamed() throws Exception {
        var text = new StringBuilder("anna:{PLAIN}x\n");
        for (int i = 0; i < 1_000; i++) {
            text.append("user").append(i).append(":x\n");
        }
        fixture.write(text.toString());
        var log =
                Fixture.logOf(() -> {
                    try (var users = fixture.start(Map.of())) {
                        Fixture.assertLetIn(users, "anna", "x");
                        assertEquals(NOT_ALLOWED, Fixture.ask(users, "user999", "x"));
                        assertTrue(users.trouble().orElseThrow().length() < 500);
                    }
                });
        assertEquals(21, log.lines().count(), log);
        assertTrue(log.contains("980 more"), log);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n# comment\n", "\ufeff"})
    void aFileWithoutUsersIsTold(String text) throws Exception {
        fixture.write(text);
        var log = Fixture.logOf(() -> fixture.start(Map.of()).close());
        assertTrue(log.contains(fixture.file + " has no users"), log);
        assertTrue(fixture.check().getFirst().contains(" has no users"));
    }

    @Test
    void whatIsTornAsAWholeChangesNothingAndIsToldOnce() throws Exception {
        try (var users = fixture.start("anna:{PLAIN}x\n")) {
            for (var torn : List.of("utf-16le", "utf-16be", "gone", "folder")) {
                var log =
                        Fixture.logOf(() -> {
                            Files.deleteIfExists(fixture.file);
                            switch (torn) {
                                case "gone" -> fixture.pass();
                                case "folder" -> {
                                    Files.createDirectory(fixture.file);
                                    fixture.pass();
                                }
                                default ->
                                        fixture.write(
                                                "\ufeffbela:{PLAIN}x\n"
                                                        .getBytes(Charset.forName(torn)));
                            }
                            for (int i = 0; i < 3; i++) {
                                Fixture.assertLetIn(users, "anna", "x");
                                fixture.pass();
                            }
                        });
                assertEquals(2, log.split("cannot be used", -1).length, log);
                assertFalse(log.contains("Exception"), log);
                assertTrue(users.trouble().orElseThrow().contains("cannot be used"), torn);
                assertTrue(fixture.check().getFirst().startsWith("!" + fixture.file), torn);
                assertFalse(fixture.check().getFirst().contains(".."), torn);
            }
            Files.delete(fixture.file);
            fixture.write("anna:{PLAIN}y\n");
            Fixture.assertLetIn(users, "anna", "y");
            assertTrue(users.trouble().isEmpty());
        }
    }
}
