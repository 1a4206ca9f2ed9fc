package io.postern.config;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One element of the file, with what the {@code ${...}} in it came to. Remembers what was asked of
 * it: whatever the reader never asks for is unknown. One thread.
 */
final class Element {

    /**
     * An attribute's value or an element's text.
     *
     * @param written as it stands in the file
     * @param text what it comes to
     */
    record Value(String written, String text) {}

    private final String name;
    private final int line;
    private final Map<String, Integer> attributeLines;
    private final Map<String, Value> attributes;
    private final Value content;
    private final List<Element> children;
    private final Set<String> askedAttributes = new LinkedHashSet<>();
    private final Set<String> askedChildren = new LinkedHashSet<>();

    Element(
            String name,
            int line,
            Map<String, Integer> attributeLines,
            Map<String, Value> attributes,
            Value content,
            List<Element> children) {
        this.name = name;
        this.line = line;
        this.attributeLines = attributeLines;
        this.attributes = attributes;
        this.content = content;
        this.children = children;
    }

    String name() {
        return name;
    }

    /** From 1: the line on which the start tag begins. */
    int line() {
        return line;
    }

    /** The line of an attribute; of the start tag where there is no such attribute. */
    int line(String attribute) {
        return attributeLines.getOrDefault(attribute, line);
    }

    Value content() {
        return content;
    }

    Optional<Value> attribute(String attribute) {
        askedAttributes.add(attribute);
        return Optional.ofNullable(attributes.get(attribute));
    }

    List<Element> children(String child) {
        askedChildren.add(child);
        return children.stream().filter(one -> one.name.equals(child)).toList();
    }

    /** The children whatever their names, which are somebody else's to judge. */
    List<Element> anyChildren() {
        children.forEach(one -> askedChildren.add(one.name));
        return children;
    }

    List<String> unknownAttributes() {
        return attributes.keySet().stream()
                .filter(one -> !askedAttributes.contains(one))
                .sorted()
                .toList();
    }

    List<Element> unknownChildren() {
        return children.stream().filter(one -> !askedChildren.contains(one.name)).toList();
    }

    Set<String> knownAttributes() {
        return askedAttributes;
    }

    Set<String> knownChildren() {
        return askedChildren;
    }
}
