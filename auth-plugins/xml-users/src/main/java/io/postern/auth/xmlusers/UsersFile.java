package io.postern.auth.xmlusers;

import io.postern.auth.stored.Account;
import io.postern.auth.stored.BrokenFile;
import io.postern.auth.stored.SeveralPasswords;
import io.postern.auth.stored.StoredPassword;
import io.postern.auth.stored.Users;
import io.postern.spi.User;

import org.xml.sax.Attributes;
import org.xml.sax.Locator;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.DefaultHandler;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

import javax.xml.XMLConstants;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParser;
import javax.xml.parsers.SAXParserFactory;

/**
 * One reading of a file of users, on one thread. It goes on after a mistake, so that the operator
 * sees all of them at once.
 */
final class UsersFile extends DefaultHandler {
    private static final String PASSWD = "Make one with \"postern passwd\".";

    /** Where elements stand, and mistakes are told. */
    private static final List<String> KNOWN =
            List.of("", "users", "users/user", "users/user/attribute", "users/user/device");

    /** What the session's line can show. */
    private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9._-]{1,63}");

    /** Most devices of a user: a login is compared with all of them. */
    private static final int MAX_DEVICES = 10;

    private final List<String> problems = new ArrayList<>();
    private final Map<String, Account> accounts = new LinkedHashMap<>();
    private final Map<String, Integer> lines = new HashMap<>();
    private final Deque<String> open = new ArrayDeque<>();
    private final Map<String, String> facts = new HashMap<>();
    private Locator locator;
    private String name = "";
    private final Map<String, StoredPassword> devices = new LinkedHashMap<>();
    private StoredPassword password;
    private boolean passwordGiven;
    private boolean deviceGiven;
    private boolean enabled;

    private UsersFile() {}

    /** All users of the file, no two of one folded name. */
    static Collection<Account> read(Path file) throws BrokenFile {
        var reading = new UsersFile();
        try (var in = Files.newInputStream(file)) {
            parser().parse(in, reading);
        } catch (SAXException e) {
            reading.unreadable(e);
        } catch (NoSuchFileException e) {
            reading.problems.add("there is no such file. Create it, or name another.");
        } catch (IOException e) {
            reading.problems.add("it cannot be read (" + e + "). Mend that, or name another file.");
        }
        if (!reading.problems.isEmpty()) {
            throw new BrokenFile(reading.problems);
        }
        return reading.accounts.values();
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
    public void startElement(String uri, String local, String element, Attributes attributes) {
        var inside = String.join("/", open);
        open.addLast(element);
        switch (String.join("/", open)) {
            case "users" -> only(attributes, List.of());
            case "users/user" -> user(attributes);
            case "users/user/attribute" -> fact(attributes);
            case "users/user/device" -> device(attributes);
            default -> {
                if (KNOWN.contains(inside)) {
                    problem(
                            "<" + element + "> is not known here",
                            "The file is <users> with <user> in it, and in that <attribute> and"
                                    + " <device>.");
                }
            }
        }
    }

    @Override
    public void endElement(String uri, String local, String element) {
        if (String.join("/", open).equals("users/user")) {
            if (!passwordGiven && !deviceGiven) {
                problem(who() + " has no password", PASSWD);
            }
            if (devices.size() > MAX_DEVICES) {
                problem(
                        who() + " has more than " + MAX_DEVICES + " devices",
                        "Each login is compared with all of them: keep fewer.");
            }
            if (!name.isEmpty() && (password != null || !devices.isEmpty())) {
                var kept =
                        devices.isEmpty()
                                ? password
                                : new SeveralPasswords(Optional.ofNullable(password), devices);
                accounts.put(Users.fold(name), new Account(new User(name, facts), kept, enabled));
            }
        }
        open.removeLast();
    }

    @Override
    public void characters(char[] text, int from, int length) {
        // Not shown: it may be a password that lost its place.
        if (!new String(text, from, length).isBlank()) {
            problem("there is text between the elements", "Remove it, or make it a comment.");
        }
    }

    @Override
    public void fatalError(SAXParseException e) throws SAXParseException {
        throw e;
    }

    private void user(Attributes attributes) {
        only(attributes, List.of("name", "password", "enabled"));
        facts.clear();
        name = name(attributes.getValue("name"));
        devices.clear();
        deviceGiven = false;
        passwordGiven = attributes.getValue("password") != null;
        password = passwordGiven ? password(attributes, who()) : null;
        var flag = attributes.getValue("enabled");
        if (flag != null && !flag.equals("true") && !flag.equals("false")) {
            problem(
                    "enabled=\"" + flag + "\" of " + who() + " is neither true nor false",
                    "Write one of them.");
        }
        enabled = !"false".equals(flag);
    }

    private void device(Attributes attributes) {
        only(attributes, List.of("label", "password"));
        deviceGiven = true;
        var label = attributes.getValue("label");
        if (label == null || !LABEL.matcher(label).matches()) {
            problem(
                    "a device of "
                            + who()
                            + " has no label, or not one of letters, digits, dots,"
                            + " hyphens and underscores",
                    "Write <device label=\"phone\" password=\"...\"/>.");
            return;
        }
        if (attributes.getValue("password") == null) {
            problem("the device \"" + label + "\" of " + who() + " has no password", PASSWD);
            return;
        }
        var kept = password(attributes, "the device \"" + label + "\" of " + who());
        if (devices.containsKey(label)) {
            problem("the device \"" + label + "\" of " + who() + " stands twice", "Keep one.");
        } else if (kept != null) {
            devices.put(label, kept);
        }
    }

    /** Null where it cannot be used. */
    private StoredPassword password(Attributes attributes, String whose) {
        try {
            return StoredPassword.parse(attributes.getValue("password"));
        } catch (IllegalArgumentException e) {
            problem("the password of " + whose + " " + e.getMessage(), PASSWD);
            return null;
        }
    }

    /** Empty where it cannot be one. */
    private String name(String given) {
        if (given == null || given.isEmpty()) {
            problem("a user has no name", "Write <user name=\"...\" password=\"...\"/>.");
            return "";
        }
        if (given.length() > User.MAX_NAME || given.chars().anyMatch(Character::isISOControl)) {
            problem(
                    "a user's name is longer than "
                            + User.MAX_NAME
                            + " characters, or holds a control character",
                    "Give another.");
            return "";
        }
        if (!given.equals(given.strip())) {
            problem("the name \"" + given + "\" begins or ends with a space", "Remove the space.");
        }
        var before = lines.putIfAbsent(Users.fold(given), locator.getLineNumber());
        if (before != null) {
            problem(
                    "the user \"" + given + "\" stands in line " + before + " already",
                    "Keep one; names that differ in upper and lower case only are the same.");
        }
        return given;
    }

    private void fact(Attributes attributes) {
        only(attributes, List.of("name", "value"));
        var key = attributes.getValue("name");
        var value = attributes.getValue("value");
        if (key == null || key.isEmpty() || value == null) {
            problem(
                    "an attribute of " + who() + " lacks its name or value",
                    "Write <attribute name=\"...\" value=\"...\"/>.");
        } else if (facts.putIfAbsent(key, value) != null) {
            problem("the attribute \"" + key + "\" of " + who() + " stands twice", "Keep one.");
        }
    }

    private void only(Attributes attributes, List<String> known) {
        for (int i = 0; i < attributes.getLength(); i++) {
            if (!known.contains(attributes.getQName(i))) {
                problem(
                        "<" + open.getLast() + "> takes no " + attributes.getQName(i),
                        known.isEmpty()
                                ? "Remove it."
                                : "Remove it, or use one of: " + String.join(", ", known) + ".");
            }
        }
    }

    private String who() {
        return name.isEmpty() ? "a user without a name" : "\"" + name + "\"";
    }

    private void problem(String what, String remedy) {
        // A value can hold line ends, and each problem is one line.
        var words = what.replaceAll("\\p{Cntrl}", "?");
        var problem = "line " + locator.getLineNumber() + ": " + words + ". " + remedy;
        // The parser may hand over one text in pieces.
        if (problems.isEmpty() || !problems.getLast().equals(problem)) {
            problems.add(problem);
        }
    }

    /** The parser's own words are not shown: they can quote from a password. */
    private void unreadable(SAXException e) {
        var parsed = e instanceof SAXParseException at ? at : new SAXParseException("", locator);
        // At the beginning of the file, the parser may not know where it is.
        var where =
                "line "
                        + Math.max(1, parsed.getLineNumber())
                        + ", column "
                        + Math.max(1, parsed.getColumnNumber())
                        + ": ";
        problems.add(
                String.valueOf(e.getMessage()).contains("DOCTYPE")
                        ? where + "a DOCTYPE is refused here. Remove it."
                        : where
                                + "this is not well-formed XML. Mend it; inside an attribute,"
                                + " write &amp; &lt; and &quot; for & < and \".");
    }
}
