package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.store.Listing;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

class RetrievalTest {
    private final Scene scene = Scene.usual();

    @Test
    @Tag("protocol-95")
    @Tag("protocol-98")
    void sendsStatusMessageAndDotInOneWrite() throws InterruptedException {
        var client = scene.loggedIn();
        var writes = client.writes();
        client.says("RETR 2\r\nQUIT\r\n");

        assertEquals(
                Scene.lines(
                        "+OK 35 octets",
                        "Subject: two",
                        "",
                        "..second",
                        "...",
                        "last",
                        ".",
                        "+OK bye"),
                client.rest());
        assertEquals(writes + 2, client.writes());
    }

    @Test
    @Tag("protocol-101")
    @Tag("protocol-102")
    void topEndsAfterItsLinesAndRetrievesNothing() throws InterruptedException {
        var client = scene.loggedIn();
        client.says("TOP 2 1\r\nTOP 2 0\r\nTOP 2 99\r\nQUIT\r\n");

        assertEquals(
                Scene.lines(
                        "+OK top of message",
                        "Subject: two",
                        "",
                        "..second",
                        ".",
                        "+OK top of message",
                        "Subject: two",
                        "",
                        ".",
                        "+OK top of message",
                        "Subject: two",
                        "",
                        "..second",
                        "...",
                        "last",
                        ".",
                        "+OK bye"),
                client.rest());
        assertFalse(scene.journal.contains("commit"));
    }

    /** Sizes around the borders of the buffers: the final dot never goes out alone. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8_190, 65_000, 65_490, 65_500, 65_510, 65_530, 65_536, 200_000})
    @Tag("protocol-98")
    void theFinalDotNeverStandsAlone(int size) throws InterruptedException {
        for (var more = 0; more < 40; more++) {
            var text = "x".repeat(size + more);
            var one = new Scene(text);
            var client = one.loggedIn();
            one.journal.clear();
            client.says("RETR 1\r\nQUIT\r\n");
            var octets = size + more == 0 ? 0 : size + more + 2;
            assertEquals(
                    "+OK "
                            + octets
                            + " octets\r\n"
                            + text
                            + (octets == 0 ? "" : "\r\n")
                            + ".\r\n+OK bye\r\n",
                    client.rest());
            assertFalse(one.journal.contains("write ."), "" + (size + more));
            assertFalse(one.journal.contains("write "), "" + (size + more));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"temporary", "permanent", "null", "bug", "error", "interrupted"})
    @Tag("protocol-100")
    void aMessageThatCannotBeOpenedIsAnErrorAndTheSessionGoesOn(String how)
            throws InterruptedException {
        scene.store.beforeContent =
                number ->
                        switch (how) {
                            case "temporary" -> throw Fault.temporary("gone", null);
                            case "permanent" -> throw Fault.permanent("damaged", null);
                            case "bug" -> throw new IllegalStateException("bug");
                            case "error" -> throw new NoClassDefFoundError("gone");
                            case "interrupted" -> throw new InterruptedException("by nobody");
                            default -> null;
                        };
        if (how.equals("null")) {
            scene.store.content = it -> null;
        }
        var client = scene.loggedIn();
        client.says("RETR 1\r\nNOOP\r\n");

        var code = how.equals("permanent") ? "[SYS/PERM]" : "[SYS/TEMP]";
        assertEquals("-ERR " + code + " the message cannot be had", client.line());
        assertEquals("+OK", client.line());
    }

    @ParameterizedTest
    @ValueSource(strings = {"io", "bug", "error", "zero", "minus-two", "too-many", "short", "long"})
    @Tag("protocol-99")
    void aMessageThatCannotBeSentWholeIsCutOffWithoutItsDot(String how)
            throws InterruptedException {
        scene.store.content =
                it ->
                        switch (how) {
                            case "short" -> text("Subject: one\n\n");
                            case "long" -> text(Scene.ONE + "and more\n");
                            default ->
                                    new InputStream() {
                                        private boolean begun;

                                        @Override
                                        public int read() {
                                            throw new UnsupportedOperationException();
                                        }

                                        @Override
                                        public int read(byte[] into, int at, int length)
                                                throws IOException {
                                            if (!begun) {
                                                begun = true;
                                                into[at] = 'S';
                                                return 1;
                                            }
                                            return switch (how) {
                                                case "io" -> throw new IOException("disk");
                                                case "bug" -> throw new IllegalStateException();
                                                case "error" -> throw new StackOverflowError();
                                                case "zero" -> 0;
                                                case "minus-two" -> -2;
                                                default -> length + 1;
                                            };
                                        }
                                    };
                        };
        var client = scene.loggedIn();
        client.says("RETR 1\r\nDELE 1\r\nQUIT\r\n");

        var sent = client.rest();
        assertFalse(sent.contains("\r\n.\r\n"), sent);
        assertFalse(sent.contains("bye"), sent);
        Scene.over(client);
        assertTrue(client.aborted());
        assertTrue(scene.locks.free());
        assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
        var size = how.equals("short") || how.equals("long");
        assertEquals(size ? 1 : 0, scene.count(Violation.SIZE));
        assertEquals(size ? 0 : 1, scene.count(Violation.CONTENT));
        assertEquals(
                switch (how) {
                    case "short" -> List.of("1 16");
                    case "long" -> List.of("1 33");
                    default -> List.of();
                },
                scene.store.sizes);
    }

    @Test
    @Tag("protocol-99")
    void theStreamIsClosedAndAFailureOfThatHarmsNobody() throws InterruptedException {
        var closed = new int[1];
        scene.store.content =
                it ->
                        new ByteArrayInputStream(Scene.ONE.getBytes(StandardCharsets.US_ASCII)) {
                            @Override
                            public void close() throws IOException {
                                closed[0]++;
                                throw new IOException("late");
                            }
                        };
        var client = scene.loggedIn();
        client.says("RETR 1\r\nTOP 1 0\r\nQUIT\r\n");
        assertTrue(client.rest().endsWith(".\r\n+OK bye\r\n"));
        assertEquals(2, closed[0]);
    }

    @Test
    @Tag("protocol-85")
    void aClientThatReadsNothingOfAGibibyteCostsAWindow() throws InterruptedException {
        scene.store.listing = RetrievalTest::huge;
        scene.store.content = it -> endless();
        var client = scene.loggedIn();
        client.readsNoMore();
        client.says("RETR 1\r\n");
        Scene.until(() -> client.unsentOctets() >= Output.WINDOW - 64 * 1024);
        client.says("DELE 1\r\nQUIT\r\n");

        client.stalls();

        Scene.over(client);
        assertTrue(client.aborted());
        assertTrue(client.mostUnsent() <= Output.WINDOW, "" + client.mostUnsent());
        assertTrue(scene.locks.free());
        assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
    }

    @Test
    @Tag("protocol-26")
    void aDropInTheMiddleOfAMessageFreesTheLock() throws InterruptedException {
        scene.store.listing = RetrievalTest::huge;
        scene.store.content = it -> endless();
        var client = scene.loggedIn();
        client.readsNoMore();
        client.says("RETR 1\r\nDELE 1\r\nQUIT\r\n");
        Scene.until(() -> client.unsentOctets() >= Output.WINDOW - 64 * 1024);

        client.drops();

        Scene.over(client);
        assertTrue(scene.locks.free());
        assertEquals(List.of("u1", "u2"), scene.store.left("alice"));
    }

    private static InputStream text(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static InputStream endless() {
        return new InputStream() {
            @Override
            public int read() {
                return 'x';
            }
        };
    }

    private static Listing huge(Listing honest) {
        return new Listing() {
            @Override
            public int count() {
                return honest.count();
            }

            @Override
            public long octets(int number) {
                return 1L << 30;
            }

            @Override
            public String uniqueId(int number) {
                return honest.uniqueId(number);
            }
        };
    }
}
