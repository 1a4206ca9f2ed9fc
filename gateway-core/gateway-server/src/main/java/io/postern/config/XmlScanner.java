package io.postern.config;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads XML tag by tag for what the JDK's parser does not tell: on which line each tag and
 * attribute begins, and what is wrong with a file that is not well-formed, in an operator's words.
 * That parser decides what is XML; this one is lenient about names. One object for one text.
 */
final class XmlScanner {
    private static final Pattern BLANK = Pattern.compile("[ \t\r\n]+");

    private static final Pattern NAME =
            Pattern.compile("[\\p{L}\\p{Nl}_:][\\p{L}\\p{N}\\p{M}\\p{Pc}.:\u00B7-]*");

    /** With a prefix or without. */
    private static final Pattern QUALIFIED = Pattern.compile("[^:]+(:[^:.0-9-][^:]*)?");

    private static final Pattern INSTRUCTION =
            Pattern.compile("<\\?(" + NAME.pattern() + ")([ \t\r\n]|\\?>)");

    private static final Pattern REFERENCE =
            Pattern.compile("&(#[0-9]+|#x[0-9a-fA-F]+|" + NAME.pattern() + ");");

    private static final Pattern DECLARATION =
            Pattern.compile(
                    "<\\?xml\\s+version\\s*=\\s*([\"'])1\\.[01]\\1"
                            + "(\\s+encoding\\s*=\\s*([\"'])(?s:(?!\\3).)*\\3)?"
                            + "(\\s+standalone\\s*=\\s*([\"'])(yes|no)\\5)?\\s*\\?>");

    private static final Set<String> ENTITIES = Set.of("amp", "lt", "gt", "quot", "apos");
    private static final String AMPERSAND = "Write \"&amp;\" in its place.";
    private static final String LESS = "Write \"&lt;\" in its place.";

    /**
     * A start tag.
     *
     * @param line on which it begins, from 1
     * @param lastLine on which it ends
     * @param attributes the line of each
     */
    record Tag(String name, int line, int lastLine, Map<String, Integer> attributes) {}

    /** An element that is open. */
    private static final class Open {
        private final String name;
        private final int line;

        /** Whether it has text that is not blank. */
        private boolean text;

        private Open(String name, int line) {
            this.name = name;
            this.line = line;
        }
    }

    private final String text;
    private final List<Tag> tags = new ArrayList<>();
    private final Deque<Open> open = new ArrayDeque<>();
    private final Set<String> prefixes = new HashSet<>(Set.of("xml", "xmlns"));
    private int at;

    // The line of an offset, which only grows.
    private int counted;
    private int line = 1;

    private XmlScanner(String text) {
        this.text = text;
    }

    /**
     * Scans it.
     *
     * @param text without a byte order mark
     * @return the start tags, in their order
     * @throws NotWellFormed for the first thing that is wrong
     */
    static List<Tag> scan(String text) throws NotWellFormed {
        var scanner = new XmlScanner(text);
        scanner.document();
        return scanner.tags;
    }

    /** How many lines there are; the last one need not end. */
    static int lines(CharSequence text) {
        var lines = 1;
        for (var at = 0; at < text.length(); at++) {
            if (ends(text, at)) {
                lines++;
            }
        }
        return lines;
    }

    private static boolean ends(CharSequence text, int at) {
        var character = text.charAt(at);
        return character == '\n'
                || (character == '\r' && (at + 1 == text.length() || text.charAt(at + 1) != '\n'));
    }

    private int line(int offset) {
        if (offset < counted) {
            return lines(text.subSequence(0, offset));
        }
        for (; counted < offset; counted++) {
            if (ends(text, counted)) {
                line++;
            }
        }
        return line;
    }

    private void document() throws NotWellFormed {
        allowed();
        if (text.startsWith("<?xml") && text.length() > 5 && text.charAt(5) <= ' ') {
            declaration();
        }
        while (at < text.length()) {
            if (text.charAt(at) != '<') {
                text();
            } else if (text.startsWith("<!--", at)) {
                comment();
            } else if (text.startsWith("<![CDATA[", at) && !open.isEmpty()) {
                open.peek().text = true;
                at = end("]]>", 9, "the section <![CDATA[ that begins here does not end");
            } else if (text.startsWith("<!", at)) {
                throw markup();
            } else if (text.startsWith("<?", at)) {
                instruction();
            } else if (text.startsWith("</", at)) {
                endTag();
            } else {
                startTag();
            }
        }
        if (!open.isEmpty()) {
            throw wrong(
                    open.peek().line,
                    "<" + open.peek().name + "> is not closed up to the end of the file",
                    "Write </" + open.peek().name + "> where it ends.");
        }
        if (tags.isEmpty()) {
            throw wrong(
                    0,
                    text.isBlank() ? "the file is empty" : "the file has no element",
                    "Begin with the distribution's conf/gateway.xml.");
        }
    }

    private void declaration() throws NotWellFormed {
        var match = DECLARATION.matcher(text);
        if (!match.lookingAt()) {
            throw wrong(
                    1,
                    "the XML declaration is not right",
                    "Write <?xml version=\"1.0\" encoding=\"UTF-8\"?>, or leave it out.");
        }
        at = match.end();
    }

    /** Up to the next tag. */
    private void text() throws NotWellFormed {
        var end = text.indexOf('<', at);
        end = end < 0 ? text.length() : end;
        var part = text.substring(at, end);
        if (!BLANK.matcher(part).matches()) {
            var first = at + part.length() - part.stripLeading().length();
            if (open.isEmpty()) {
                throw wrong(
                        line(first),
                        "text stands "
                                + (tags.isEmpty()
                                        ? "before the first element"
                                        : "after </" + tags.getFirst().name + ">"),
                        "Remove it.");
            }
            open.peek().text = true;
            characters(at, end);
            var bracket = part.indexOf("]]>");
            if (bracket >= 0) {
                throw wrong(
                        line(at + bracket),
                        "\"]]>\" stands in a text",
                        "Write \"]]&gt;\" instead.");
            }
        }
        at = end;
    }

    /** Looks for what XML allows nowhere. */
    private void allowed() throws NotWellFormed {
        for (var one = 0; one < text.length(); one++) {
            var character = text.charAt(one);
            if (!Character.isSurrogate(character) && !allowed(character)) {
                throw wrong(
                        line(one),
                        String.format(
                                Locale.ROOT,
                                "there is a character that XML does not allow (U+%04X)",
                                (int) character),
                        "Remove it.");
            }
        }
    }

    /** XML 1.0 §2.2. */
    private static boolean allowed(int code) {
        return code >= ' '
                ? (code <= 0xFFFD && (code < 0xD800 || code > 0xDFFF))
                        || (code >= 0x10000 && code <= Character.MAX_CODE_POINT)
                : code == '\t' || code == '\n' || code == '\r';
    }

    /** Of a reference by number; -1 where it is too large. */
    private static int code(String reference) {
        try {
            return reference.startsWith("#x")
                    ? Integer.parseInt(reference.substring(2), 16)
                    : Integer.parseInt(reference.substring(1));
        } catch (NumberFormatException _) {
            return -1;
        }
    }

    /** Looks at the references in a text or a value. */
    private void characters(int from, int to) throws NotWellFormed {
        var reference = REFERENCE.matcher(text).region(from, to);
        for (var one = from; one < to; one++) {
            var character = text.charAt(one);
            if (character == '&') {
                reference.region(one, to);
                if (!reference.lookingAt()) {
                    throw wrong(line(one), "\"&\" stands by itself", AMPERSAND);
                }
                var name = reference.group(1);
                if (name.startsWith("#") ? !allowed(code(name)) : !ENTITIES.contains(name)) {
                    throw wrong(
                            line(one),
                            "\"&" + name + ";\" is not known",
                            "Write the character itself; if \"&\" is meant, write \"&amp;\".");
                }
            }
        }
    }

    private void comment() throws NotWellFormed {
        var hyphens = text.indexOf("--", at + 4);
        if (hyphens < 0) {
            throw wrong(
                    line(at), "the comment that begins here does not end", "Write \"-->\" there.");
        }
        if (!text.startsWith("-->", hyphens)) {
            throw wrong(
                    line(hyphens),
                    "\"--\" stands in the comment that begins at line " + line(at),
                    "Write one hyphen there, or \"-->\" where the comment ends.");
        }
        at = hyphens + 3;
    }

    private NotWellFormed markup() {
        if (text.regionMatches(true, at, "<!DOCTYPE", 0, 9)) {
            return wrong(
                    line(at),
                    "a document type declaration (<!DOCTYPE ...>) is not allowed here",
                    "Remove it.");
        }
        return wrong(
                line(at),
                "\"<!\" begins neither a comment nor a section <![CDATA[",
                "A comment is <!-- ... -->; if \"<\" is meant, write \"&lt;\".");
    }

    private void instruction() throws NotWellFormed {
        var target = INSTRUCTION.matcher(text).region(at, text.length());
        if (!target.lookingAt()) {
            throw wrong(
                    line(at),
                    "\"<?\" begins no instruction",
                    "Remove it; if \"<\" is meant, write \"&lt;\".");
        }
        if (target.group(1).equalsIgnoreCase("xml")) {
            throw wrong(
                    line(at),
                    "<?xml ...?> is not the very first thing in the file",
                    "Remove what stands before it, blanks and comments, too.");
        }
        at = end("?>", 2, "the instruction <? that begins here does not end");
    }

    /** The offset behind an end that has to come. */
    private int end(String end, int after, String otherwise) throws NotWellFormed {
        var found = text.indexOf(end, at + after);
        if (found < 0) {
            throw wrong(line(at), otherwise, "Write \"" + end + "\" where it ends.");
        }
        return found + end.length();
    }

    private void endTag() throws NotWellFormed {
        var begin = at;
        at += 2;
        var name = name();
        blank();
        if (open.isEmpty()) {
            throw wrong(
                    line(begin), "</" + name + "> ends nothing that is open here", "Remove it.");
        }
        var last = open.peek();
        if (!last.name.equals(name)) {
            throw open.stream().anyMatch(one -> one.name.equals(name))
                    ? wrong(
                            last.line,
                            "<"
                                    + last.name
                                    + "> is not closed before </"
                                    + name
                                    + "> at line "
                                    + line(begin),
                            "Write </" + last.name + "> where it ends.")
                    : wrong(
                            line(begin),
                            "</"
                                    + name
                                    + "> ends nothing: <"
                                    + last.name
                                    + "> of line "
                                    + last.line
                                    + " is open here",
                            "Write </" + last.name + ">, or remove it.");
        }
        if (at == text.length() || text.charAt(at) != '>') {
            throw unended("</" + name, begin);
        }
        at++;
        open.pop();
    }

    private void startTag() throws NotWellFormed {
        var begin = at;
        at++;
        var name = name();
        var parent = open.peek();
        if (name.isEmpty()) {
            throw wrong(line(begin), "\"<\" stands by itself", LESS);
        }
        if (parent == null && !tags.isEmpty()) {
            throw wrong(
                    line(begin),
                    "<" + name + "> stands after </" + tags.getFirst().name + ">",
                    "A file has one outermost element: move it inside.");
        }
        var tag = new Tag(name, line(begin), 0, new LinkedHashMap<>());
        try {
            attributes(tag);
        } catch (NotWellFormed e) {
            // "a <b AND c": who writes this thinks of no tag.
            throw parent != null && parent.text
                    ? wrong(tag.line, "\"<\" stands in the text of <" + parent.name + ">", LESS)
                    : e;
        }
        var empty = text.charAt(at) == '/';
        at += empty ? 2 : 1;
        tags.add(new Tag(name, tag.line, line(at), tag.attributes));
        declared(tag);
        if (!empty) {
            open.push(new Open(name, tag.line));
        }
    }

    /** Reads up to the end of the tag. */
    private void attributes(Tag tag) throws NotWellFormed {
        var begin = at;
        while (true) {
            var blank = blank();
            if (at == text.length() || text.charAt(at) == '<') {
                throw unended("<" + tag.name, begin);
            }
            if (text.charAt(at) == '>' || text.startsWith("/>", at)) {
                return;
            }
            var here = at;
            var line = line(here);
            var attribute = name();
            if (attribute.isEmpty() || !blank) {
                throw wrong(
                        line,
                        "in the tag <"
                                + tag.name
                                + "> \""
                                + text.substring(here, text.offsetByCodePoints(here, 1))
                                + "\" stands where a blank and an attribute, or the end, should be",
                        "Write attributes like name=\"value\", with a blank before each.");
            }
            value(attribute, line);
            if (tag.attributes.putIfAbsent(attribute, line) != null) {
                throw wrong(line, attribute + " stands in one tag twice", "Keep one of the two.");
            }
        }
    }

    private void value(String attribute, int line) throws NotWellFormed {
        var like = "Write " + attribute + "=\"...\", with straight quotation marks.";
        blank();
        if (at == text.length() || text.charAt(at) != '=') {
            throw wrong(line, attribute + " has no value", like);
        }
        at++;
        blank();
        var quote = at < text.length() ? text.charAt(at) : ' ';
        if (quote != '"' && quote != '\'') {
            throw wrong(line, "the value of " + attribute + " is not in quotation marks", like);
        }
        var end = text.indexOf(quote, at + 1);
        var less = text.indexOf('<', at + 1);
        if (end < 0 || (less >= 0 && less < end)) {
            throw wrong(
                    line,
                    "the value of "
                            + attribute
                            + (end < 0
                                    ? " has no quotation mark at its end"
                                    : " has a \"<\" in it"),
                    end < 0
                            ? like
                            : "Write \"&lt;\" in its place, or the quotation mark that ends the"
                                    + " value.");
        }
        characters(at + 1, end);
        at = end + 1;
    }

    /** Whether the tag's prefixes are declared. */
    private void declared(Tag tag) throws NotWellFormed {
        for (var attribute : tag.attributes.keySet()) {
            if (attribute.startsWith("xmlns:")) {
                prefixes.add(attribute.substring(6));
            }
        }
        var names = new LinkedHashMap<>(Map.of(tag.name, tag.line));
        names.putAll(tag.attributes);
        for (var one : names.entrySet()) {
            if (!QUALIFIED.matcher(one.getKey()).matches()) {
                throw wrong(
                        one.getValue(),
                        one.getKey() + " is not a name that XML allows",
                        "Give the name that is meant.");
            }
            var colon = one.getKey().indexOf(':');
            if (colon >= 0 && !prefixes.contains(one.getKey().substring(0, colon))) {
                throw wrong(
                        one.getValue(),
                        "the prefix of " + one.getKey() + " is not declared",
                        "Remove it, or begin with the distribution's conf/gateway.xml.");
            }
        }
    }

    private NotWellFormed unended(String tag, int begin) {
        return wrong(line(begin), "the tag " + tag + " has no \">\" at its end", "Write it there.");
    }

    private String name() {
        return skip(NAME.matcher(text));
    }

    private boolean blank() {
        return !skip(BLANK.matcher(text)).isEmpty();
    }

    private String skip(Matcher matcher) {
        if (!matcher.region(at, text.length()).lookingAt()) {
            return "";
        }
        at = matcher.end();
        return matcher.group();
    }

    private static NotWellFormed wrong(int line, String what, String remedy) {
        return new NotWellFormed(line, what, remedy);
    }
}
