package io.postern.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;

class LineEndCorpusTest {

    @Test
    void itHasAtLeastTwentyFourShapesAllDifferent() {
        var names = new HashSet<String>();
        var contents = new HashSet<String>();
        for (var shape : LineEndCorpus.shapes()) {
            assertTrue(names.add(shape.toString()), "two are called " + shape);
            assertTrue(contents.add(text(shape)), shape + " has another's octets");
        }
        assertTrue(names.size() >= 24, names.size() + " shapes");
    }

    /** A second way to count, so that the encoder is not its own judge. */
    @ParameterizedTest
    @MethodSource("shapes")
    void itsSizesAreThoseOfTheRepairedText(LineEndCorpus.Shape shape) {
        var repaired = text(shape).replaceAll("(?<!\r)\n", "\r\n");
        if (repaired.endsWith("\r")) {
            repaired += "\n";
        } else if (!repaired.isEmpty() && !repaired.endsWith("\n")) {
            repaired += "\r\n";
        }
        assertEquals(repaired.length(), shape.octets());
    }

    static List<LineEndCorpus.Shape> shapes() {
        return LineEndCorpus.shapes();
    }

    private static String text(LineEndCorpus.Shape shape) {
        return new String(shape.stored(), StandardCharsets.ISO_8859_1);
    }
}
