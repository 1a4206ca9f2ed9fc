package io.postern.engine;

import static io.postern.engine.FakeSession.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Random;

class ReplyTest {

    @Test
    @Tag("protocol-2")
    void statusWordsStandAloneWhereThereIsNoText() {
        assertEquals("+OK\r\n", text(Reply.ok("")));
        assertEquals("+OK x\r\n", text(Reply.ok("x")));
        assertEquals("-ERR\r\n", text(Reply.err(Problem.NONE, "")));
        assertEquals("-ERR x\r\n", text(Reply.err(Problem.NONE, "x")));
        assertEquals("-ERR [SYS/TEMP]\r\n", text(Reply.err(Problem.SYS_TEMP, "")));
        assertEquals("-ERR [IN-USE] x\r\n", text(Reply.err(Problem.IN_USE, "x")));
    }

    @Test
    @Tag("protocol-4")
    void noFirstLineIsLongerThan512Octets() {
        for (var length = 490; length < 1030; length++) {
            for (var problem : Problem.values()) {
                var line = text(Reply.err(problem, "x".repeat(length)));
                assertTrue(line.length() <= 512 && line.endsWith("x\r\n"), line);
            }
        }
        assertEquals(512, text(Reply.ok("x".repeat(506))).length());
        assertEquals(512, text(Reply.ok("x".repeat(507))).length());
        assertEquals(511, text(Reply.ok("x".repeat(505))).length());
    }

    @Test
    @Tag("protocol-50")
    void aForeignTextIsNeverTakenForACode() {
        assertEquals("-ERR (AUTH] x\r\n", text(Reply.err(Problem.NONE, "[AUTH] x")));
        assertEquals("+OK (AUTH] x\r\n", text(Reply.ok("[AUTH] x")));
        assertEquals("-ERR [SYS/TEMP] (AUTH] x\r\n", text(Reply.err(Problem.SYS_TEMP, "[AUTH] x")));
        assertEquals("-ERR x [AUTH]\r\n", text(Reply.err(Problem.NONE, "x [AUTH]")));
        assertEquals("-ERR (AUTH]\r\n", text(Reply.err(Problem.NONE, "  [AUTH]")));
    }

    @Test
    @Tag("protocol-142")
    void aForeignTextNeverBreaksTheLine() {
        assertEquals("-ERR a??+OK?b\r\n", text(Reply.err(Problem.NONE, "a\r\n+OK\0b")));
        var random = new Random(1);
        for (var round = 0; round < 2_000; round++) {
            var text = new StringBuilder();
            for (var length = random.nextInt(600); length > 0; length--) {
                text.append((char) random.nextInt(random.nextBoolean() ? 128 : 65_536));
            }
            var line = text(Reply.err(Problem.NONE, text.toString()));
            assertTrue(line.matches("-ERR( [ -~]*)?\r\n") && line.length() <= 512, line);
            assertFalse(line.startsWith("-ERR ["), line);
        }
    }

    @Test
    @Tag("protocol-49")
    void codesAreTheKnownOnes() {
        assertEquals("", Problem.NONE.code());
        assertEquals("AUTH", Problem.AUTH.code());
        assertEquals("IN-USE", Problem.IN_USE.code());
        assertEquals("SYS/TEMP", Problem.SYS_TEMP.code());
        assertEquals("SYS/PERM", Problem.SYS_PERM.code());
    }

    @Test
    void anyBufferTakesIt() {
        var lines = "line one\r\nline two\r\n";
        for (var size = 1; size < 40; size++) {
            var source = Reply.ok("head", Language.ENGLISH, lines).octets();
            var buffer = ByteBuffer.allocate(size);
            var text = new StringBuilder();
            for (var last = false; !last; ) {
                last = source.fill(buffer.clear());
                for (var at = 0; at < buffer.position(); at++) {
                    text.append((char) buffer.get(at));
                }
            }
            assertEquals("+OK head\r\n" + lines + ".\r\n", text.toString());
        }
    }

    @Test
    void numbersOfEveryLength() {
        for (var value = 1L; value > 0; value *= 10) {
            assertEquals(
                    "+OK " + (value - 1) + " " + value + "\r\n", text(Reply.ok(value - 1, value)));
        }
        assertEquals("+OK 0 9223372036854775807\r\n", text(Reply.ok(0, Long.MAX_VALUE)));
    }

    @Test
    void anAnswerOfOneLineMayBeSentAgain() {
        var reply = Reply.ok("x");
        assertEquals(text(reply), text(reply));
    }
}
