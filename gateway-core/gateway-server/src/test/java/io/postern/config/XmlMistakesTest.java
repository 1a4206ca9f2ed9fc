package io.postern.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

import java.io.StringReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import javax.xml.parsers.SAXParserFactory;

/** A file that is no XML is told in an operator's words, at the line where the remedy goes. */
class XmlMistakesTest {
    private static final String GOOD =
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- A comment. -->
            <gateway xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                xsi:noNamespaceSchemaLocation="gateway.xsd">
              <listeners>
                <listener
                    address="127.0.0.1"
                    port='1100'/>
              </listeners>
              <authentication>
                <mechanism plugin="user-pass"/>
              </authentication>
              <realms>
                <realm name="main">
                  <directory plugin="sql-users">
                    <query>SELECT a FROM b WHERE c = :user</query>
                  </directory>
                  <store plugin="maildir"><!-- here --></store>
                </realm>
              </realms>
            </gateway>
            """;

    @TempDir private Path home;

    private String read(byte[] octets) throws Exception {
        Files.write(home.resolve("gateway.xml"), octets);
        var draft = GatewayFile.read(home.resolve("gateway.xml"), home, _ -> null);
        var words = new StringBuilder();
        draft.problems()
                .forEach(problem ->
                        words.append(problem.toString().replace(home + "/gateway.xml:", ""))
                                .append('\n'));
        return words.toString().strip();
    }

    private String read(String text) throws Exception {
        return read(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Stream<Arguments> mistakes() {
        return Stream.of(
                of(
                        "</realm>\n",
                        "\n",
                        "14: <realm> is not closed before </realms> at line 20. Write </realm>"),
                of("</realms>", "", "13: <realms> is not closed before </gateway> at line 21. "),
                of("</gateway>", "", "3: <gateway> is not closed up to the end of the file. "),
                of(
                        "</query>",
                        "",
                        "16: <query> is not closed before </directory> at line 17. Write </query>"),
                of("</realm>", "</raelm>", "19: </raelm> ends nothing: <realm> of line 14 is open"),
                of("</realm>\n", "</realm\n", "19: the tag </realm has no \">\" at its end. "),
                of("<realms>", "<realms", "13: the tag <realms has no \">\" at its end. "),
                of("<listeners>", "", "9: </listeners> ends nothing: <gateway> of line 3 is open"),
                of("</gateway>", "</gateway></x>", "21: </x> ends nothing that is open here. "),
                of("</gateway>", "</gateway>more", "21: text stands after </gateway>. Remove it."),
                of("</gateway>", "</gateway><x/>", "21: <x> stands after </gateway>. "),
                of("<!-- A", "stray <!-- A", "2: text stands before the first element. "),
                of(":user", ":user AND a & b", "16: \"&\" stands by itself. Write \"&amp;\" in"),
                of(":user", "\n:user&", "17: \"&\" stands by itself. Write \"&amp;\" in its"),
                of("user-pass", "a&b", "11: \"&\" stands by itself. Write \"&amp;\" in its"),
                of(":user", "&uuml;", "16: \"&uuml;\" is not known. Write the character itself;"),
                of(
                        "= :user",
                        "< :user",
                        "16: \"<\" stands by itself. Write \"&lt;\" in its place."),
                of("= :user", "<5", "16: \"<\" stands by itself. Write \"&lt;\" in its place."),
                of("= :user", "<:user", "16: \"<\" stands in the text of <query>. Write \"&lt;\""),
                of("= :user", "<b AND d=2", "16: \"<\" stands in the text of <query>. Write \"&l"),
                of("= :user", "]]>", "16: \"]]>\" stands in a text. Write \"]]&gt;\" instead."),
                of(
                        "= :user",
                        "\u0001",
                        "16: there is a character that XML does not allow (U+0001)"),
                of("127.0.0.1\"", "127.0.0.1", "7: the value of address has a \"<\" in it. "),
                of("\"user-pass\"", "user-pass", "11: the value of plugin is not in quotation"),
                of("\"user-pass\"", "\u201cuser-pass\u201d", "11: the value of plugin is not in"),
                of("plugin=\"user-pass\"", "plugin", "11: plugin has no value. Write plugin=\"..."),
                of("'1100'", "'1100' port='1'", "8: port stands in one tag twice. Keep one of"),
                of("'1100'", "'1100'tls='none'", "8: in the tag <listener> \"t\" stands where a "),
                of("'1100'", "'1100' ,", "8: in the tag <listener> \",\" stands where a blank and"),
                of("= :user", "&#0;", "16: \"&#0;\" is not known. Write the character itself;"),
                of("= :user", "&#xD800;", "16: \"&#xD800;\" is not known. "),
                of(
                        "A comment",
                        "\u0007",
                        "2: there is a character that XML does not allow (U+0007)"),
                of("<listeners>", "<list,ners>", "5: in the tag <list> \",\" stands where a blank"),
                of("A comment", "A -- comment", "2: \"--\" stands in the comment that begins at"),
                of("here -->", "here ->", "18: the comment that begins here does not end. "),
                of("<?xml", "\n<?xml", "2: <?xml ...?> is not the very first thing in the file. "),
                of("version=\"1.0\" ", "", "1: the XML declaration is not right. Write <?xml "),
                of("xsi:noN", "xsd:noN", "4: the prefix of xsd:noNamespaceSchemaLocation is not"),
                of("<store", "<x:store", "18: <x:store> is not closed before </store>? "),
                of("<gateway", "<!DOCTYPE a>\n<gateway", "3: a document type declaration (<!DOC"),
                of("= :user", "<![CDATA[x", "16: the section <![CDATA[ that begins here does not"),
                of("= :user", "<?<", "16: \"<?\" begins no instruction. Remove it; "),
                of("xsi:noN", "xsi:-N", "4: xsi:-NamespaceSchemaLocation is not a name that XML"),
                of("= :user", "<?x y", "16: the instruction <? that begins here does not end. "),
                of("UTF-8", "UTF-9", "1: the encoding \"UTF-9\" is not known. Save the file as"),
                of(
                        "UTF-8",
                        "UTF-16",
                        "1: the file says that it is in UTF-16, and it is not. Save"));
    }

    private static Arguments of(String good, String bad, String said) {
        return Arguments.of(good, bad, said);
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aMistakeIsToldAtItsLineWithItsRemedy(String good, String bad, String said)
            throws Exception {
        assertEquals("", read(GOOD));
        var text = GOOD.replace(good, bad);
        assertFalse(text.equals(GOOD), "nothing is changed by " + good);
        var told = read(text);
        if (said.endsWith("? ")) {
            // Either of two tags may be meant.
            assertTrue(told.startsWith("18: "), told);
        } else {
            assertTrue(told.startsWith(said), told);
        }
        assertEquals(1, told.lines().count(), told);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " \n\t\r\n", "\uFEFF"})
    void anEmptyFileIsToldAsOne(String text) throws Exception {
        assertEquals(
                "the file is empty. Begin with the distribution's conf/gateway.xml.",
                read(text).strip());
    }

    @Test
    void aFileOfCommentsHasNoElement() throws Exception {
        assertEquals(
                "the file has no element. Begin with the distribution's conf/gateway.xml.",
                read("<?xml version=\"1.0\"?><!-- nothing -->\n").strip());
    }

    @ParameterizedTest
    @ValueSource(strings = {"ISO-8859-1", "windows-1252", "UTF-16", "UTF-16LE", "UTF-16BE"})
    void anotherEncodingIsReadWhereTheFileNamesIt(String encoding) throws Exception {
        var text =
                GOOD.replace("A comment", "\u00fcber").replace("\"UTF-8\"", '"' + encoding + '"');
        assertEquals("", read(text.getBytes(Charset.forName(encoding))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ISO-8859-1", "windows-1252", "x-MacRoman", "Shift_JIS"})
    void anotherEncodingThatTheFileDoesNotNameIsToldWithTheLine(String encoding) throws Exception {
        for (var text : List.of(GOOD, GOOD.substring(GOOD.indexOf('\n') + 1))) {
            var wrong = text.replace("= :user", encoding.startsWith("S") ? "\u30de" : "= '\u00fc'");
            var line = wrong.substring(0, wrong.indexOf("WHERE")).lines().count();
            assertEquals(
                    line
                            + ": this line is not in UTF-8: the file was saved in another encoding,"
                            + " such as Latin-1. Save the file as UTF-8.",
                    read(wrong.getBytes(Charset.forName(encoding))));
        }
    }

    @Test
    void aByteOrderMarkAndWindowsLineEndsAreNoMistake() throws Exception {
        assertEquals("", read("\uFEFF" + GOOD.replace("\n", "\r\n")));
        var told = read(GOOD.replace("\n", "\r\n").replace("'1100'", "'x'"));
        assertTrue(told.startsWith("8: port: "), told);
        told = read(GOOD.replace("\n", "\r").replace("'1100'", "'x'"));
        assertTrue(told.startsWith("8: port: "), told);
    }

    @Test
    void attributesOverSeveralLinesAreToldAtTheirOwn() throws Exception {
        for (var bad : List.of("address=\"127 0 0 1\"", "addres=\"127.0.0.1\"")) {
            var told = read(GOOD.replace("address=\"127.0.0.1\"", bad));
            assertTrue(
                    told.contains(bad.startsWith("address=") ? "7: address" : "7: addres:"), told);
        }
        assertTrue(read(GOOD.replace("'1100'", "'110000'")).startsWith("8: port: "));
        assertTrue(read(GOOD.replace("port='1100'", "")).startsWith("6: port: it is missing"));
        assertTrue(
                read(GOOD.replace("'1100'", "'${env:NO}'"))
                        .startsWith("8: port: ${env:NO} is not"));
        var twice =
                read(
                        GOOD.replace(
                                "</listeners>",
                                "<listener\naddress=\"127.0.0.1\"\nport='1100'/></listeners>"));
        assertTrue(twice.startsWith("9: listener: it is the same as at line 6"), twice);
    }

    @Test
    void childrenOfAuthenticationStandInAnyOrder() throws Exception {
        var mechanism = "<mechanism plugin=\"user-pass\"/>";
        var policy = "<policy plugin=\"mine\" on-failure=\"allow\"/>";
        for (var order :
                List.of(
                        policy + mechanism,
                        mechanism + policy,
                        mechanism + policy + mechanism.replace("user-pass", "apop"))) {
            assertEquals("", read(GOOD.replace(mechanism, order)));
        }
        assertTrue(
                read(GOOD.replace(mechanism, policy + mechanism + policy))
                        .startsWith("11: policy: it stands at line 11 already. Keep one"));
    }

    @Test
    void textWhereElementsBelongIsToldInOurWords() throws Exception {
        for (var place :
                List.of("<listeners>", "<authentication>", "<realms>", "<realm name=\"main\">")) {
            var told = read(GOOD.replace(place, place + "stray"));
            assertTrue(told.contains(", which takes none. Remove \"stray\"."), told);
            assertEquals(1, told.lines().count(), told);
        }
        var told = read(GOOD.replace("<!-- here -->", "root=mail"));
        assertTrue(told.startsWith("18: store: text stands in <store>, which takes none"), told);
    }

    /** What can be mistyped at one place: the scanner refuses what the parser does, and no more. */
    @Test
    void theScannerAndTheParserAgreeOnEveryMistypedCharacter() throws Exception {
        var differ = new TreeSet<String>();
        for (var at = 0; at <= GOOD.length(); at++) {
            var before = GOOD.substring(0, at);
            for (var typed :
                    List.of("&", "<", ">", "\"", "'", "/", "-", "=", "a", " ", "\n", "]]>")) {
                compare(before + typed + GOOD.substring(at), differ);
                if (at < GOOD.length()) {
                    compare(before + typed + GOOD.substring(at + 1), differ);
                }
            }
            if (at < GOOD.length()) {
                compare(before + GOOD.substring(at + 1), differ);
            }
            compare(before, differ);
        }
        if (!differ.isEmpty()) {
            fail(differ.size() + " differ:\n" + String.join("\n", differ));
        }
    }

    private static void compare(String text, Set<String> differ) throws Exception {
        var scanner = scanned(text);
        var parser = parsed(text);
        if (scanner.isPresent() != parser.isPresent()) {
            differ.add(
                    "scanner: "
                            + scanner.orElse("good")
                            + ", parser: "
                            + parser.orElse("good")
                            + ", first lines: "
                            + text.substring(0, Math.min(text.length(), 60)));
        }
    }

    private static Optional<String> scanned(String text) {
        try {
            XmlScanner.scan(text);
            return Optional.empty();
        } catch (NotWellFormed e) {
            return Optional.of(e.line() + ": " + e.getMessage());
        }
    }

    private static Optional<String> parsed(String text) throws Exception {
        try {
            SAXParserFactory.newDefaultNSInstance()
                    .newSAXParser()
                    .parse(new InputSource(new StringReader(text)), new DefaultHandler());
            return Optional.empty();
        } catch (SAXException e) {
            return Optional.of(e.getMessage());
        }
    }
}
