package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import javax.xml.parsers.DocumentBuilderFactory;

/**
 * The first build of the quick start ({@code -Dquick}) fetches nothing large that only tests use.
 */
class QuickBuildIT {
    /** Of tests, and fetched all the same: they are small, or ship with something else. */
    private static final Set<String> SMALL =
            Set.of("junit-jupiter", "slf4j-simple", "awaitility", "h2");

    @Test
    void whatOnlyTestsNeedIsInAProfileThatTheQuickBuildLeavesOut() throws Exception {
        var seen = new ArrayList<String>();
        var wrong = new ArrayList<String>();
        for (var module : modules(Installation.ROOT)) {
            seen.add(module.getFileName().toString());
            for (var dependency : below(pom(module), "dependencies", "dependency")) {
                var own = text(dependency, "groupId").equals("io.postern");
                var name = text(dependency, "artifactId");
                if (text(dependency, "scope").equals("test") && !own && !SMALL.contains(name)) {
                    wrong.add(module + ": " + name);
                }
            }
        }
        assertEquals(
                List.of(), wrong, "belongs into <profile> \"tests\", which -Dquick leaves out");
        assertTrue(seen.containsAll(List.of("gateway-server", "jdbc", "distribution")), seen + "");
    }

    /** All that the distribution is made of. The fuzz targets are for tests as a whole. */
    private static List<Path> modules(Path folder) throws Exception {
        var all = new ArrayList<Path>();
        all.add(folder);
        for (var module : below(pom(folder), "modules", "module")) {
            if (!module.getTextContent().equals("fuzz")) {
                all.addAll(modules(folder.resolve(module.getTextContent())));
            }
        }
        return all;
    }

    private static Element pom(Path folder) throws Exception {
        return DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(folder.resolve("pom.xml").toFile())
                .getDocumentElement();
    }

    /** The elements of this name in the child of that one. */
    private static List<Element> below(Element parent, String child, String name) {
        return children(parent, child).stream().flatMap(it -> children(it, name).stream()).toList();
    }

    private static List<Element> children(Element parent, String name) {
        var nodes = parent.getChildNodes();
        return IntStream.range(0, nodes.getLength())
                .mapToObj(nodes::item)
                .filter(it -> it.getNodeName().equals(name))
                .map(Element.class::cast)
                .toList();
    }

    private static String text(Element parent, String name) {
        return children(parent, name).stream().map(Element::getTextContent).findFirst().orElse("");
    }
}
