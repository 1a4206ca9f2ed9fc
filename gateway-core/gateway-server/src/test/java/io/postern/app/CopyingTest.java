package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.Maildrop;
import io.postern.store.memory.MemoryStore;
import io.postern.testkit.LineEndCorpus;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

class CopyingTest {
    private static final User ALICE = new User("alice");

    private final MemoryStore source = new MemoryStore();
    private final MemoryStore target = new MemoryStore();
    private final StringWriter err = new StringWriter();
    private final StringWriter out = new StringWriter();
    private int tokens;

    @Test
    void everyOctetAndUniqueIdComesOver() throws Exception {
        for (var shape : LineEndCorpus.shapes()) {
            source.deliver(ALICE, shape.stored());
        }

        assertEquals(ExitCode.OK, copy(usual(), () -> false));

        assertEquals(mail(source), mail(target));
        assertEquals(LineEndCorpus.shapes().size(), mail(target).size());
    }

    @Test
    void aCopyThatWasStoppedGoesOnAndDoesNothingTwice() throws Exception {
        for (var number = 1; number <= 5; number++) {
            source.deliver(ALICE, octets("message " + number));
        }
        var asked = new AtomicInteger();

        // Asked five times while it compares, then before each copy.
        assertEquals(ExitCode.STOPPED, copy(usual(), () -> asked.incrementAndGet() > 8));
        assertEquals(3, mail(target).size());
        assertTrue(out.toString().contains("left for the next run 2"), out::toString);

        assertEquals(ExitCode.OK, copy(usual(), () -> false));
        assertEquals(mail(source), mail(target));
        assertTrue(out.toString().contains("copied 2 messages"), out::toString);
        assertTrue(out.toString().contains("there already 3"), out::toString);
    }

    @Test
    void theSameUniqueIdWithOtherOctetsIsNamedAndTheRestGoesOn() throws Exception {
        give(source, "same-size", "one\n");
        give(target, "same-size", "two\n");
        give(source, "other", "other\n");

        assertEquals(ExitCode.NOT_ALL, copy(usual(), () -> false));

        assertEquals(Map.of("same-size", "two\n", "other", "other\n"), mail(target));
        assertTrue(err.toString().contains("message 1 and message 1 of the target"), err::toString);
        assertTrue(err.toString().contains("same-size"), err::toString);
        assertEquals(
                ExitCode.OK,
                copy(new Copying.Ways(false, true, false), () -> false),
                "sizes only: these are equal");
    }

    @Test
    void aMessageThatCannotBeReadIsNamedAndTheRestGoesOn() throws Exception {
        give(source, "first", "one\n");
        give(source, "gone", "two\n");
        give(source, "last", "three\n");
        try (var from = open(source)) {
            assertTrue(source.vanish(ALICE, octets("two\n")));
            assertEquals(ExitCode.NOT_ALL, copy(from, usual(), () -> false));
        }
        assertEquals(Map.of("first", "one\n", "last", "three\n"), mail(target));
        assertTrue(err.toString().contains("not copied: message 2 (gone)"), err::toString);
    }

    @Test
    void aDryRunCopiesNothing() throws Exception {
        give(source, "first", "one\n");

        assertEquals(ExitCode.OK, copy(new Copying.Ways(true, false, false), () -> false));

        assertEquals(Map.of(), mail(target));
        assertTrue(out.toString().contains("would copy 1 message"), out::toString);
    }

    @Test
    void quietSaysNothingOfWhatGoesWellAndNamesWhatDoesNot() throws Exception {
        var quiet = new Copying.Ways(false, false, true);
        give(source, "first", "one\n");
        assertEquals(ExitCode.OK, copy(new Copying.Ways(true, false, true), () -> false));
        assertEquals(ExitCode.OK, copy(quiet, () -> false));
        assertEquals(ExitCode.OK, copy(quiet, () -> false), "again");
        assertEquals("", out.toString());
        assertEquals("", err.toString());

        give(source, "same-size", "one\n");
        give(target, "same-size", "two\n");
        assertEquals(ExitCode.NOT_ALL, copy(quiet, () -> false));
        assertEquals("", out.toString());
        assertTrue(err.toString().contains("have the same unique-id same-size"), err::toString);
    }

    @Test
    void aTargetThatTakesNoMoreForNowEndsTheCopy() throws Exception {
        give(source, "first", "one\n");
        give(source, "second", "two\n");
        var asked = new AtomicInteger();
        Delivery full =
                (_, _, _) -> {
                    asked.incrementAndGet();
                    throw Fault.temporary("the disk is full", null);
                };
        try (var from = open(source)) {
            var copying = new Copying(from, usual(), new PrintWriter(err), () -> false);
            assertThrows(Fault.class, () -> copying.copy(full, ALICE));
        }
        assertEquals(1, asked.get());
    }

    private static Copying.Ways usual() {
        return new Copying.Ways(false, false, false);
    }

    private int copy(Copying.Ways ways, BooleanSupplier stop) throws Exception {
        try (var from = open(source)) {
            return copy(from, ways, stop);
        }
    }

    private int copy(Maildrop from, Copying.Ways ways, BooleanSupplier stop) throws Exception {
        var copying = new Copying(from, ways, new PrintWriter(err, true), stop);
        try (var to = open(target)) {
            copying.compare(to);
        }
        copying.copy(target, ALICE);
        out.getBuffer().setLength(0);
        return copying.finish(new PrintWriter(out, true));
    }

    private Maildrop open(MemoryStore store) throws Fault {
        return store.open(store.locate(ALICE), new FencingToken(1, ++tokens));
    }

    private static void give(MemoryStore store, String id, String text) throws Fault, IOException {
        var _ = store.deliver(ALICE, new ByteArrayInputStream(octets(text)), Optional.of(id));
    }

    private Map<String, String> mail(MemoryStore store) throws Exception {
        var mail = new TreeMap<String, String>();
        try (var drop = open(store)) {
            for (var number = 1; number <= drop.listing().count(); number++) {
                try (var in = drop.content(number)) {
                    mail.put(
                            drop.listing().uniqueId(number),
                            new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
                }
            }
        }
        return mail;
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
