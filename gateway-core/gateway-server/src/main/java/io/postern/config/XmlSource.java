package io.postern.config;

import io.postern.config.XmlScanner.Tag;

import org.apache.commons.configuration2.XMLConfiguration;
import org.apache.commons.configuration2.ex.ConfigurationException;
import org.apache.commons.configuration2.io.FileHandler;
import org.apache.commons.configuration2.tree.ImmutableNode;
import org.xml.sax.InputSource;
import org.xml.sax.Locator;
import org.xml.sax.SAXException;
import org.xml.sax.SAXNotRecognizedException;
import org.xml.sax.SAXNotSupportedException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.DefaultHandler;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;

import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;

/**
 * Turns the octets of {@code gateway.xml} into elements with line numbers. Nothing outside the file
 * is opened on its behalf: no document type, no entity, no schema that it names.
 *
 * <p>commons-configuration2 reads the file but drops the line numbers. The JDK's parser holds it
 * against {@code gateway.xsd}, and {@link XmlScanner} notes the lines, and says what is wrong where
 * it is not well-formed.
 */
final class XmlSource {
    private static final String NAME = "gateway.xsd";
    private static final String NO_DOCTYPE = "http://apache.org/xml/features/disallow-doctype-decl";

    /**
     * What was found.
     *
     * @param violations what the schema says, in the file's order
     */
    record Read(Element root, List<Violation> violations) {}

    /** One sentence of the schema's, in its own words. */
    record Violation(int line, String words) {}

    private final Path file;
    private final Variables variables;

    XmlSource(Path file, Variables variables) {
        this.file = file;
        this.variables = variables;
    }

    /**
     * @throws BadConfiguration if the file is not there or is not XML
     */
    Read read() throws BadConfiguration {
        String text;
        List<Tag> tags;
        var notes = new Notes();
        try {
            text = XmlEncoding.decode(octets());
            parse(text, notes);
            tags = XmlScanner.scan(text);
        } catch (NotWellFormed e) {
            throw bad(e.line(), e.getMessage(), e.remedy());
        }
        var configuration = new XMLConfiguration();
        try {
            configuration.setDocumentBuilder(documentBuilder());
            new FileHandler(configuration).load(new StringReader(text));
        } catch (ConfigurationException | ParserConfigurationException e) {
            throw new IllegalStateException("read once and then not again: " + file, e);
        }
        var left = tags.iterator();
        var root = element(configuration.getNodeModel().getNodeHandler().getRootNode(), left);
        if (left.hasNext()) {
            throw new IllegalStateException("two readers of " + file + " differ");
        }
        return new Read(
                root,
                notes.violations.stream()
                        .map(one -> new Violation(firstLine(one.line, tags), one.words))
                        .toList());
    }

    /** Where the tag begins that ends on this line; the line itself where none does. */
    private static int firstLine(int line, List<Tag> tags) {
        return tags.stream()
                .filter(tag -> tag.lastLine() == line)
                .findFirst()
                .map(Tag::line)
                .orElse(line);
    }

    private byte[] octets() throws BadConfiguration {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw bad(
                    0,
                    "there is no such file",
                    "Make it, or name another with --config; an example is in the"
                            + " distribution's conf/gateway.xml.");
        } catch (IOException e) {
            throw Files.isDirectory(file)
                    ? bad(0, "it is a folder", "Name the file itself with --config.")
                    : bad(
                            0,
                            e instanceof AccessDeniedException
                                    ? "it cannot be read: the right to do so is missing"
                                    : "it cannot be read (" + e.getMessage() + ")",
                            "Give the user that runs Postern the right to read it.");
        }
    }

    private static void parse(String text, Notes notes) throws NotWellFormed {
        try {
            var factory = SAXParserFactory.newDefaultNSInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature(NO_DOCTYPE, true);
            factory.setSchema(Shipped.SCHEMA);
            factory.newSAXParser().parse(new InputSource(new StringReader(text)), notes);
        } catch (SAXNotRecognizedException
                | SAXNotSupportedException
                | ParserConfigurationException e) {
            throw new IllegalStateException("the JDK's XML parser refuses its set-up", e);
        } catch (IOException e) {
            throw new IllegalStateException("a text cannot be read", e);
        } catch (SAXException e) {
            XmlScanner.scan(text); // says it better, mostly
            throw new NotWellFormed(
                    notes.line(),
                    "this is not well-formed XML ("
                            + e.getMessage().strip().replaceFirst("\\.$", "")
                            + ")",
                    "Mend the XML at this line.");
        }
    }

    private static DocumentBuilder documentBuilder() throws ParserConfigurationException {
        var factory = DocumentBuilderFactory.newDefaultNSInstance();
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setFeature(NO_DOCTYPE, true);
        factory.setAttribute(XMLConstants.ACCESS_EXTERNAL_DTD, "");
        factory.setAttribute(XMLConstants.ACCESS_EXTERNAL_SCHEMA, "");
        var builder = factory.newDocumentBuilder();
        // The default handler prints to the standard error stream.
        builder.setErrorHandler(new Notes());
        return builder;
    }

    /** The schema, compiled once. */
    private static final class Shipped {
        private static final Schema SCHEMA = schema();

        private static Schema schema() {
            try (var schema = XmlSource.class.getResourceAsStream(NAME)) {
                var factory = SchemaFactory.newDefaultInstance();
                factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
                factory.setProperty(XMLConstants.ACCESS_EXTERNAL_DTD, "");
                factory.setProperty(XMLConstants.ACCESS_EXTERNAL_SCHEMA, "");
                return factory.newSchema(new StreamSource(schema));
            } catch (SAXException | IOException e) {
                throw new IllegalStateException(NAME + " in the server's jar is damaged", e);
            }
        }
    }

    private Element element(ImmutableNode node, Iterator<Tag> tags) {
        var tag = tags.next();
        var attributes = new LinkedHashMap<String, Element.Value>();
        node.getAttributes()
                .forEach((name, value) -> {
                    if (!name.startsWith("xmlns") && !name.startsWith("xsi:")) {
                        var line = tag.attributes().getOrDefault(name, tag.line());
                        attributes.put(name, variables.resolve(line, name, value.toString()));
                    }
                });
        var written = node.getValue() == null ? "" : node.getValue().toString();
        var content = variables.resolve(tag.line(), node.getNodeName(), written);
        var children = new ArrayList<Element>();
        for (var child : node.getChildren()) {
            children.add(element(child, tags));
        }
        return new Element(
                node.getNodeName(), tag.line(), tag.attributes(), attributes, content, children);
    }

    private BadConfiguration bad(int line, String what, String remedy) {
        return new BadConfiguration(List.of(new Problem(file, line, "", what, remedy)));
    }

    /** What the schema says. */
    private static final class Notes extends DefaultHandler {
        private final List<Violation> violations = new ArrayList<>();
        private Locator locator;

        @Override
        public void setDocumentLocator(Locator locator) {
            this.locator = locator;
        }

        /** How far the parser has come; 0 where it does not say. */
        int line() {
            return locator == null ? 0 : Math.max(0, locator.getLineNumber());
        }

        @Override
        public InputSource resolveEntity(String publicId, String systemId) {
            return new InputSource(new StringReader(""));
        }

        @Override
        public void error(SAXParseException e) {
            // The code in front, such as cvc-complex-type.4, means nothing to an operator.
            var words = e.getMessage().replaceFirst("^cvc-[^:]*: ", "").replaceFirst("\\.$", "");
            violations.add(new Violation(e.getLineNumber(), words));
        }

        @Override
        public void fatalError(SAXParseException e) throws SAXException {
            throw e;
        }
    }
}
