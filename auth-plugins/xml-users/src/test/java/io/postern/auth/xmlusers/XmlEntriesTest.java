package io.postern.auth.xmlusers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.auth.stored.StoredPassword;
import io.postern.spi.User;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/** What is not understood bars its user and nobody else. */
class XmlEntriesTest {
    private static final Verdict NOT_ALLOWED = new Verdict.Refused(Reason.NOT_ALLOWED);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);

    /**
     * Each is about bela and stands in a line of its own, or names in {@code @} the line, from 0,
     * of what is wrong; "geheim" is no part of any message.
     */
    static final List<String> NOT_UNDERSTOOD =
            List.of(
                    "<user name='bela' password='geheim'/>",
                    "<user name='bela' password=''/>",
                    "<user name='bela'/>",
                    "<user name='bela' password='{FOO}geheim'/>",
                    "<user name='bela' password='{CRYPT}ab1Qz0Cz2Fv5I'/>",
                    "<user name='bela' password='{CRYPT}$y$geheim'/>",
                    "<user name='bela' password='{PLAIN}'/>",
                    "<user name='bela' password='{PLAIN}geheim' enabled='no'/>",
                    "<user name='bela' password='{PLAIN}geheim' enabled='TRUE'/>",
                    "<user name='bela' pasword='{PLAIN}geheim'/>",
                    "<user name='bela' password='{PLAIN}geheim' passwd='geheim'/>",
                    "<user name=' bela' password='{PLAIN}geheim'/>",
                    "<user name='bela ' password='{PLAIN}geheim'/>",
                    "<user name='&#9;bela' password='{PLAIN}geheim'/>",
                    "<usr name='bela' password='{PLAIN}geheim'/>",
                    "<User name='bela' password='{PLAIN}geheim'/>",
                    "<user name='bela' password='{PLAIN}geheim'>geheim</user>",
                    "<user name='bela' password='{PLAIN}geheim'><quota/></user>",
                    "<user name='bela' password='{PLAIN}geheim'><user name='x'/></user>",
                    "<user name='bela' password='{PLAIN}geheim'><attribute name='a'/></user>",
                    "<user name='bela' password='{PLAIN}geheim'><attribute value='a'/></user>",
                    "<user name='bela' password='{PLAIN}geheim'><attribute name='a' value='1'/><attri"
                            + "bute name='a' value='2'/></user>",
                    "<user name='bela' password='{PLAIN}geheim'><attribute name='a' value='1'><deep/>"
                            + "</attribute></user>",
                    "<user name='bela'><device/></user>",
                    "<user name='bela'><device label='a'/></user>",
                    "<user name='bela'><device password='{PLAIN}geheim'/></user>",
                    "<user name='bela'><device label='a b' password='{PLAIN}geheim'/></user>",
                    "<user name='bela'><device label='a' password='geheim'/></user>",
                    "<user name='bela'><device label='a' password='{PLAIN}geheim' x=''/></user>",
                    "<user name='bela'><device label='a' password='{PLAIN}geheim'/><device label='a'"
                            + " password='{PLAIN}other'/></user>",
                    "<user name='bela' password='{PLAIN}geheim'/>\n<user name='bela' password='{PLAIN"
                            + "}geheim'/>@1",
                    "<user name='bela' password='{PLAIN}geheim'/>\n<user name='BELA' password='{PLAIN"
                            + "}geheim' enabled='false'/>@1",
                    "<!-- one\n two --><user\n name='bela'\n\n password='geheim'\n/>@1",
                    "<user\n name='bela'>\n <attribute\n name='a'\n/><device label='a'"
                            + " password='{PLAIN}geheim'/></user>@2",
                    "<user\n name='bela'\n>\n</user>@0");

    @TempDir Path folder;
    private Fixture fixture;

    @BeforeEach
    void newFixture() {
        fixture = new Fixture(folder);
        fixture.compare =
                (stored, password) -> stored != StoredPassword.none() && stored.matches(password);
    }

    @ParameterizedTest
    @FieldSource("NOT_UNDERSTOOD")
    void itBarsItsUserAloneAndIsNamedOnceForEachChange(String given) throws Exception {
        var parts = given.split("@", -1);
        var entry = parts[0];
        int line = parts.length == 1 ? 0 : Integer.parseInt(parts[1]);
        var anna = "<user name='anna' password='{PLAIN}first'/>\n";
        var zoe = "<user name='zoe' password='{PLAIN}second'/>\n";
        fixture.write("<users>\n" + anna + entry + "\n" + zoe + "</users>");
        var started = new XmlUsers[1];
        var log = Fixture.logOf(() -> started[0] = fixture.start());
        try (var users = started[0]) {
            assertNamedOnce(log, 3 + line);
            assertBarred(users, entry);
            assertLetIn(users, "anna", "first");
            assertLetIn(users, "zoe", "second");
            assertTrue(users.trouble().orElseThrow().endsWith("line " + (3 + line)), entry);
            assertEquals(1, fixture.check().size());
            assertTrue(
                    fixture.check().getFirst().startsWith(fixture.file + ":" + (3 + line) + ": "));

            var barred = zoe.replace("'{", "'{").replace("/>", " enabled='false'/>");
            log =
                    Fixture.logOf(() -> {
                        change(
                                "<users>\n"
                                        + entry
                                        + "\n"
                                        + barred
                                        + "<user name='kim' password='{PLAIN}third'/></users>");
                        for (int i = 0; i < 3; i++) {
                            assertLetIn(users, "kim", "third");
                        }
                    });
            assertNamedOnce(log, 2 + line);
            assertEquals(UNKNOWN, Fixture.ask(users, "anna", "first"));
            assertEquals(NOT_ALLOWED, Fixture.ask(users, "zoe", "second"));
            assertBarred(users, entry);

            change("<users><user name='bela' password='{PLAIN}well'/></users>");
            assertLetIn(users, "bela", "well");
            assertTrue(users.trouble().isEmpty());
        }
    }

    private void change(String text) throws Exception {
        fixture.write(text);
        fixture.nanos.addAndGet(Duration.ofSeconds(2).toNanos());
    }

    private void assertNamedOnce(String log, int line) {
        var parts = log.split(Pattern.quote(fixture.file + ":" + line + ": "), -1);
        assertEquals(2, parts.length, log);
        assertFalse(log.contains("geheim"), log);
    }

    private static void assertBarred(XmlUsers users, String entry) throws Exception {
        for (var name : List.of("bela", "BELA")) {
            for (var password : List.of("geheim", "second")) {
                assertEquals(NOT_ALLOWED, Fixture.ask(users, name, password), entry);
            }
            assertEquals(NOT_ALLOWED, users.lookUp(name), entry);
            assertTrue(users.shared(name).secret().isEmpty(), entry);
            assertEquals(NOT_ALLOWED, users.scram(name, ScramHash.SHA_256).verdict(), entry);
        }
    }

    private static void assertLetIn(XmlUsers users, String name, String password)
            throws InterruptedException {
        assertEquals(new Verdict.Accepted(new User(name)), Fixture.ask(users, name, password));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<user password='{PLAIN}geheim'/>",
                "<user name='' password='{PLAIN}geheim'/>",
                "<user name='a&#9;b' password='{PLAIN}geheim'/>",
                "<group/>",
                "geheim",
                "<user/>"
            })
    void whatCanBeNobodysIsNamedAndBarsNobody(String entry) throws Exception {
        fixture.write("<users>\n<user name='anna' password='{PLAIN}x'/>\n" + entry + "</users>");
        var log =
                Fixture.logOf(() -> {
                    try (var users = fixture.start()) {
                        assertLetIn(users, "anna", "x");
                        assertEquals(UNKNOWN, Fixture.ask(users, "bela", "geheim"));
                    }
                });
        assertTrue(log.contains(fixture.file + ":3: an entry is left out: "), log);
        assertFalse(log.contains("geheim"), log);
    }

    @Test
    void everythingThatIsWrongWithAnEntryIsTold() throws Exception {
        fixture.write(
                """
                <users>
                  <user name="anna" passwd="geheim" enabled="no">
                    <attribute name="a"/>
                    <device label="x"/>
                  </user>
                </users>
                """);
        var found = String.join("\n", fixture.check());
        for (var part :
                List.of(
                        "users.xml:2: \"anna\" is barred: <user> takes no passwd. Remove it, or",
                        "users.xml:2: \"anna\" is barred: enabled=\"no\" is neither",
                        "users.xml:3: \"anna\" is barred: an attribute lacks its name or value.",
                        "users.xml:4: \"anna\" is barred: the account has a device \"x\" whose")) {
            assertTrue(found.contains(part), part + "\n" + found);
        }
        assertFalse(found.contains("geheim"), found);
    }

    @Test
    void ofVeryManyMistakesTheFirstAreNamed() throws Exception {
        fixture.write("<users>\n" + "<user/>\n".repeat(100) + "</users>");
        var log = Fixture.logOf(() -> fixture.start().close());
        assertTrue(log.contains(":2: "), log);
        assertTrue(log.contains("80 more mistakes"), log);
    }

    @Test
    void aFileWithoutUsersIsTold() throws Exception {
        fixture.write("<users/>");
        var log = Fixture.logOf(() -> fixture.start().close());
        assertTrue(log.contains(fixture.file + " has no users"), log);
        assertTrue(fixture.check().getFirst().contains(" has no users"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"iso-8859-1", "windows-1252"})
    void anotherEncodingThanItsOwnIsTold(String encoding) throws Exception {
        fixture.write("<users><user name='b\u00e4r' password='{PLAIN}geheim'/></users>", encoding);
        var found = fixture.check().getFirst();
        assertTrue(found.startsWith("!" + fixture.file + " cannot be used: "), found);
        assertTrue(found.contains("UTF-8"), found);
        assertFalse(found.contains("geheim"), found);
    }

    @Test
    void anEncodingThatIsNoneIsTold() throws Exception {
        fixture.write("<?xml version='1.0' encoding='geheim'?><users/>");
        var found = fixture.check().getFirst();
        assertTrue(found.contains(" cannot be used: it is not in the encoding"), found);
        assertFalse(found.contains("geheim"), found);
    }

    @Test
    void aByteOrderMarkAndAnotherEncodingThatIsNamedAreTaken() throws Exception {
        var text = "<users><user name='b\u00e4r' password='{PLAIN}x'/></users>";
        for (var encoding : List.of("utf-8", "utf-16le", "iso-8859-1")) {
            fixture.write(
                    encoding.startsWith("iso")
                            ? "<?xml version='1.0' encoding='iso-8859-1'?>" + text
                            : "\ufeff" + text,
                    encoding);
            try (var users = fixture.start()) {
                assertLetIn(users, "b\u00e4r", "x");
            }
        }
    }

    @Test
    void anElementThatIsNotClosedIsNamedWhereItBegins() throws Exception {
        fixture.write("<users>\n<user name='anna' password='{PLAIN}x'>\n<!-- c -->\n</users>");
        var found = fixture.check().getFirst();
        assertTrue(found.contains("line 4, column "), found);
        assertTrue(found.contains("<user> of line 2 is open there"), found);
        assertFalse(found.contains(".."), found);
    }

    @Test
    void octetsAreReadAsUtf8() throws Exception {
        fixture.write("<users><user name='b\u00e4r' password='{PLAIN}x'/></users>");
        try (var users = fixture.start()) {
            assertLetIn(users, "b\u00e4r", "x");
            assertTrue(
                    users.shared("b\u00e4r")
                            .secret()
                            .orElseThrow()
                            .matches("x".getBytes(StandardCharsets.UTF_8)));
        }
    }
}
