package io.postern.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The engine does no I/O, and needs nothing but the JDK and {@code io.postern.spi.wire}. */
class EngineIsPureTest {
    private static final Pattern ALLOWED =
            Pattern.compile(
                    "\\[*L?(java/lang/(invoke/|runtime/)?\\w+(\\$\\w+)?|java/util/(function/)?\\w+"
                            + "(\\$\\w+)?|java/util/stream/\\w+|java/nio/(charset/)?\\w+"
                            + "|io/postern/(engine|spi/wire)/[\\w$-]+);?|\\[+[BCIJZ]");
    private static final Pattern FORBIDDEN =
            Pattern.compile(
                    "java/lang/(Thread|Process|Runtime)\\b.*|java/util/(Timer|Date|Random).*");

    @Test
    void itsClassesNameNoOthers() throws IOException, URISyntaxException {
        var foreign = new TreeSet<String>();
        var classes = 0;
        var root = Path.of(Pop3Engine.class.getResource("Pop3Engine.class").toURI()).getParent();
        try (var files = Files.list(root)) {
            for (var file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                classes++;
                for (var entry : ClassFile.of().parse(file).constantPool()) {
                    if (entry instanceof ClassEntry type) {
                        var name = type.asInternalName();
                        if (!ALLOWED.matcher(name).matches() || FORBIDDEN.matcher(name).matches()) {
                            foreign.add(file.getFileName() + " uses " + name);
                        }
                    }
                }
            }
        }
        assertTrue(classes > 20, "only " + classes + " classes found in " + root);
        assertEquals(new TreeSet<>(), foreign);
    }
}
