package io.postern.auth.xmlusers;

import io.postern.auth.stored.Account;
import io.postern.auth.stored.BrokenFile;
import io.postern.auth.stored.DevicePasswords;
import io.postern.auth.stored.StoredPassword;
import io.postern.auth.stored.UserEntries;
import io.postern.auth.stored.Users;
import io.postern.spi.User;

import org.xml.sax.Attributes;
import org.xml.sax.Locator;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.ext.DefaultHandler2;

import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

import javax.xml.XMLConstants;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParser;
import javax.xml.parsers.SAXParserFactory;

/**
 * One reading of a file of users, on one thread. What is not understood in an entry bars its user
 * and nobody else; it is another matter where this is no file of users, or not well-formed.
 */
final class UsersFile extends DefaultHandler2 {
    private static final String PASSWD = "Make one with \"postern passwd\".";

    /** Where elements stand, and mistakes are told. */
    private static final List<String> KNOWN =
            List.of("", "users", "users/user", "users/user/attribute", "users/user/device");

    private final UserEntries entries = new UserEntries();
    private final Deque<String> open = new ArrayDeque<>();
    private final Deque<Integer> openLines = new ArrayDeque<>();
    private final Map<String, String> facts = new HashMap<>();
    private Locator locator;

    /**
     * Where the parser was after the event before, which is where a tag begins: it tells itself
     * where a tag ends. 0 at the beginning.
     */
    private int line;

    // Of the entry that is being read.
    private String name = "";
    private DevicePasswords devices = new DevicePasswords("");
    private Optional<StoredPassword> password = Optional.empty();
    private boolean enabled;
    private boolean understood;

    private UsersFile() {}

    /**
     * All users of the file.
     *
     * @throws BrokenFile if it cannot be read, is not well-formed, or has another root
     */
    static Users read(Path file) throws BrokenFile {
        var reading = new UsersFile();
        try (var in = Files.newInputStream(file)) {
            var parser = parser();
            parser.setProperty("http://xml.org/sax/properties/lexical-handler", reading);
            parser.parse(in, reading);
        } catch (SAXException e) {
            throw e.getException() instanceof CharConversionException encoding
                    ? BrokenFile.unreadable(file, encoding)
                    : reading.unreadable(e);
        } catch (IOException e) {
            throw BrokenFile.unreadable(file, e);
        }
        return reading.entries.users();
    }

    private static SAXParser parser() {
        try {
            var factory = SAXParserFactory.newDefaultInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            return factory.newSAXParser();
        } catch (SAXException | ParserConfigurationException e) {
            throw new IllegalStateException("every JDK has this XML parser", e);
        }
    }

    @Override
    public void setDocumentLocator(Locator locator) {
        this.locator = locator;
    }

    @Override
    public void startElement(String uri, String local, String element, Attributes attributes)
            throws SAXException {
        var inside = String.join("/", open);
        open.addLast(element);
        openLines.addLast(line == 0 ? locator.getLineNumber() : line);
        line = openLines.getLast();
        if (inside.equals("users")) {
            begin(attributes);
        }
        switch (String.join("/", open)) {
            case "users" -> only(attributes, List.of());
            case "users/user" -> user(attributes);
            case "users/user/attribute" -> fact(attributes);
            case "users/user/device" -> device(attributes);
            default -> {
                if (open.size() == 1) {
                    throw new OtherRoot(element);
                }
                if (KNOWN.contains(inside)) {
                    mistake(
                            "<" + element + "> is not known here",
                            "The file is <users> with <user> in it, and in that <attribute> and"
                                    + " <device>.");
                }
            }
        }
        line = locator.getLineNumber();
    }

    @Override
    public void endElement(String uri, String local, String element) {
        line = openLines.getLast();
        if (open.size() == 2) {
            end();
        }
        open.removeLast();
        openLines.removeLast();
        line = locator.getLineNumber();
    }

    /** Of an entry, whatever its element. */
    private void begin(Attributes attributes) {
        understood = true;
        name = Objects.requireNonNullElse(attributes.getValue("name"), "");
        facts.clear();
        devices = new DevicePasswords("");
        password = Optional.empty();
    }

    private void end() {
        if (understood) {
            try {
                var stored = devices.with(password);
                entries.add(line, new Account(new User(name, facts), stored, enabled));
            } catch (IllegalArgumentException e) {
                mistake("the account " + e.getMessage(), PASSWD);
            }
        }
        if (!understood) {
            entries.bar(line, name);
        }
        name = "";
    }

    @Override
    public void characters(char[] text, int from, int length) {
        line = locator.getLineNumber();
        // Not shown: it may be a password that lost its place.
        if (!new String(text, from, length).isBlank()) {
            mistake("there is text between the elements", "Remove it, or make it a comment.");
        }
    }

    @Override
    public void comment(char[] text, int from, int length) {
        line = locator.getLineNumber();
    }

    @Override
    public void fatalError(SAXParseException e) throws SAXParseException {
        throw e;
    }

    private void user(Attributes attributes) {
        only(attributes, List.of("name", "password", "enabled"));
        if (!UserEntries.isFit(name)) {
            mistake(
                    "the name is missing, longer than "
                            + User.MAX_NAME
                            + " characters, has a control character, or begins or ends with a"
                            + " space",
                    "Write <user name=\"...\" password=\"...\"/>.");
        }
        var flag = attributes.getValue("enabled");
        if (flag != null && !flag.equals("true") && !flag.equals("false")) {
            mistake("enabled=\"" + flag + "\" is neither true nor false", "Write one of them.");
        }
        enabled = !"false".equals(flag);
        var text = attributes.getValue("password");
        if (text != null) {
            try {
                password = Optional.of(StoredPassword.parse(text));
            } catch (IllegalArgumentException e) {
                mistake("the password " + e.getMessage(), PASSWD);
            }
        }
    }

    private void device(Attributes attributes) {
        only(attributes, List.of("label", "password"));
        try {
            devices.add(
                    Objects.requireNonNullElse(attributes.getValue("label"), ""),
                    Objects.requireNonNullElse(attributes.getValue("password"), ""));
        } catch (IllegalArgumentException e) {
            mistake(
                    "the account " + e.getMessage(),
                    "Write <device label=\"phone\" password=\"...\"/>.");
        }
    }

    private void fact(Attributes attributes) {
        only(attributes, List.of("name", "value"));
        var key = attributes.getValue("name");
        var value = attributes.getValue("value");
        if (key == null || key.isEmpty() || value == null) {
            mistake(
                    "an attribute lacks its name or value",
                    "Write <attribute name=\"...\" value=\"...\"/>.");
        } else if (facts.putIfAbsent(key, value) != null) {
            mistake("the attribute \"" + key + "\" is there twice", "Keep one.");
        }
    }

    private void only(Attributes attributes, List<String> known) {
        for (int i = 0; i < attributes.getLength(); i++) {
            if (!known.contains(attributes.getQName(i))) {
                mistake(
                        "<" + open.getLast() + "> takes no " + attributes.getQName(i),
                        known.isEmpty()
                                ? "Remove it."
                                : "Remove it, or use one of: " + String.join(", ", known) + ".");
            }
        }
    }

    private void mistake(String what, String remedy) {
        understood = false;
        entries.mistake(line, name, what, remedy);
    }

    /** The file is about something else. */
    private static final class OtherRoot extends SAXException {
        private static final long serialVersionUID = 1L;

        OtherRoot(String element) {
            super("its root is <" + element + ">, not <users>");
        }
    }

    /** The parser's own words are not shown: they can quote from a password. */
    private BrokenFile unreadable(SAXException e) {
        if (e instanceof OtherRoot) {
            return new BrokenFile(e.getMessage(), "Name a file of users.");
        }
        var parsed = e instanceof SAXParseException at ? at : new SAXParseException("", locator);
        // At the beginning of the file, the parser may not know where it is.
        var where =
                "line "
                        + Math.max(1, parsed.getLineNumber())
                        + ", column "
                        + Math.max(1, parsed.getColumnNumber())
                        + ": ";
        return String.valueOf(e.getMessage()).contains("DOCTYPE")
                ? new BrokenFile(where + "a DOCTYPE is refused here", "Remove it.")
                : new BrokenFile(
                        where + "this is not well-formed XML" + unclosed(),
                        "Correct it; inside an attribute, write &amp; &lt; and &quot; for & < and"
                                + " \".");
    }

    /** Most often it is an end tag that is missing: the error is found far behind it. */
    private String unclosed() {
        return open.isEmpty()
                ? ""
                : "; <" + open.getLast() + "> of line " + openLines.getLast() + " is open there";
    }
}
