package io.postern.engine;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whole conversations, one file each. */
class TranscriptTest {

    @Test
    @Tag("protocol-1")
    @Tag("protocol-2")
    @Tag("protocol-13")
    void exampleOfRfc1939() {
        Transcript.play("rfc1939-example");
    }
}
