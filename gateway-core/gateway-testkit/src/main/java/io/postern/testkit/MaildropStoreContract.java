package io.postern.testkit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.CommitResult.Status;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;
import io.postern.spi.store.MessageRef;
import io.postern.spi.store.WireReady;
import io.postern.spi.wire.MessageEncoder;
import io.postern.testkit.MaildropFixture.Ability;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The rules that every {@link MaildropStore} keeps. Extend it, give it a {@link MaildropFixture}:
 *
 * <pre>{@code
 * class MyStoreTest extends MaildropStoreContract {
 *     @Override
 *     protected MaildropFixture fixture(Path scratch) {
 *         return new MyFixture(scratch);
 *     }
 * }
 * }</pre>
 *
 * <p>The tags C1 to C11 name the commit rules of the plugin guide.
 */
@Timeout(120)
@ExtendWith(SkippedRules.class)
public abstract class MaildropStoreContract {
    private static final Duration TIME_LIMIT = Duration.ofSeconds(60);

    /** How long a thread of a test may take, seconds. */
    private static final int PATIENCE = 60;

    private final AtomicLong tokens = new AtomicLong();
    private Path scratch;
    private MaildropFixture fixture;
    private User alice;

    /**
     * Makes a store and its surroundings, for one test.
     *
     * @param scratch an empty folder, removed after the test
     */
    protected abstract MaildropFixture fixture(Path scratch) throws Exception;

    @BeforeEach
    final void begin(@TempDir Path folder) throws Exception {
        scratch = folder;
        fixture = fixture(folder);
        alice = fixture.user("alice");
    }

    @AfterEach
    final void end() throws Exception {
        if (fixture != null) {
            fixture.close();
        }
    }

    // What a listing says

    @Test
    void anEmptyMaildropHasNoMessages() throws Exception {
        try (var session = open(alice)) {
            assertEquals(0, session.listing().count());
        }
    }

    @Test
    void theListingHasEveryMessageOnce() throws Exception {
        var delivered = deliver(alice, "one", "two", "three");
        try (var session = open(alice)) {
            assertEquals(sorted(delivered), session.contents());
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void sizesAreThoseOnTheWire(LineEndCorpus.Shape shape) throws Exception {
        fixture.deliver(alice, shape.stored());
        var kept = fixture.kept(shape.stored());
        for (var opening = 1; opening <= 2; opening++) {
            try (var session = open(alice)) {
                assertEquals(1, session.listing().count(), "messages listed");
                assertEquals(
                        LineEndCorpus.octets(kept),
                        session.listing().octets(1),
                        "listed size of \"" + shape + "\" at opening " + opening);
                if (fixture.abilities().contains(Ability.SURROGATES)) {
                    assertEquals(
                            LineEndCorpus.surrogateOctets(kept),
                            session.listing().surrogateOctets(1),
                            "surrogate's size of \"" + shape + "\" at opening " + opening);
                }
                assertEquals(
                        text(kept),
                        text(session.read(1)),
                        "content of \"" + shape + "\" at opening " + opening);
            }
        }
    }

    static List<LineEndCorpus.Shape> shapes() {
        return LineEndCorpus.shapes();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void aRegionIsWhatTravels(LineEndCorpus.Shape shape) throws Exception {
        fixture.deliver(alice, shape.stored());
        var kept = fixture.kept(shape.stored());
        var wire = wire(kept);
        for (var opening = 1; opening <= 3; opening++) {
            try (var session = open(alice)) {
                if (!(session.drop() instanceof WireReady able)) {
                    return;
                }
                var offered = able.region(1);
                if (offered.isPresent()) {
                    try (var region = offered.get()) {
                        var octets = ByteBuffer.allocate((int) session.listing().octets(1));
                        while (octets.hasRemaining()
                                && region.channel()
                                                .read(octets, region.offset() + octets.position())
                                        >= 0) {}
                        assertEquals(text(wire), text(octets.array()), "region of " + shape);
                        assertTrue(region.unchanged(), "a message that nobody touched");
                    }
                }
                if (text(session.read(1)).equals(text(wire))) {
                    able.sentAsStored(1);
                }
            }
        }
    }

    /** What RETR sends of it, without the final dot. */
    private static byte[] wire(byte[] stored) {
        var encoder = new MessageEncoder(MessageEncoder.WHOLE);
        var out = ByteBuffer.allocate(2 * stored.length + 2);
        encoder.encode(ByteBuffer.wrap(stored), out);
        encoder.finish(out);
        return Arrays.copyOf(out.array(), out.position());
    }

    @Test
    void sizesAreThoseOfTheirOwnMessages() throws Exception {
        var delivered = deliverCorpus(alice);
        for (var restarts : oncePerLife()) {
            try (var session = open(alice)) {
                assertEquals(sorted(delivered), session.contents());
                for (var number = 1; number <= session.listing().count(); number++) {
                    assertEquals(
                            LineEndCorpus.octets(session.read(number)),
                            session.listing().octets(number),
                            "listed size of message " + number + ", restarts: " + restarts);
                }
            }
        }
    }

    @Test
    void aSizeThatTheServerDoubtsIsExactAtTheNextOpening() throws Exception {
        var one = deliver(alice, "one");
        try (var session = open(alice)) {
            session.drop().sizeDiffers(1, session.listing().octets(1) + 1);
        }
        try (var session = open(alice)) {
            assertEquals(LineEndCorpus.octets(one), session.listing().octets(1));
        }
    }

    @Test
    void theListingNeverChanges() throws Exception {
        var one = deliver(alice, "one");
        deliver(alice, "two");
        try (var session = open(alice)) {
            var listing = session.listing();
            var before = session.describe();
            deliver(alice, "three");
            assertEquals(before, session.describe(), "the listing after a delivery");
            fixture.vanish(alice, one);
            assertEquals(before, session.describe(), "the listing after a message vanished");
            session.commitAll();
            assertEquals(before, session.describe(), "the listing after the commit");
            assertSame(listing, session.drop().listing(), "listing() gives another object");
        }
    }

    @Test
    void theOrderStaysOverReopenings() throws Exception {
        deliverCorpus(alice);
        Map<Integer, String> first;
        try (var session = open(alice)) {
            first = session.describe();
        }
        for (var restarts : oncePerLife()) {
            try (var session = open(alice)) {
                assertEquals(first, session.describe(), "restarts: " + restarts);
            }
        }
    }

    // Unique-ids (RFC 1939 §7)

    @Test
    void uniqueIdsAreLegal() throws Exception {
        deliverCorpus(alice);
        try (var session = open(alice)) {
            for (var number = 1; number <= session.listing().count(); number++) {
                var id = session.listing().uniqueId(number);
                assertNotNull(id, "unique-id of message " + number);
                assertTrue(
                        id.matches("[!-~]{1,70}"),
                        "not 1 to 70 characters from 0x21 to 0x7E: \"" + id + "\"");
            }
        }
    }

    @Test
    void identicalCopiesHaveDifferentUniqueIds() throws Exception {
        var copy = message("copy");
        for (var i = 0; i < 5; i++) {
            fixture.deliver(alice, copy);
        }
        try (var session = open(alice)) {
            assertEquals(5, session.listing().count());
            assertEquals(5, session.uniqueIds().size(), "different unique-ids of five copies");
        }
    }

    @Test
    void uniqueIdsStayOverThreeReopenings() throws Exception {
        deliverCorpus(alice);
        Map<String, String> first;
        try (var session = open(alice)) {
            first = session.uniqueIdsByContent();
        }
        for (var reopening = 1; reopening <= 3; reopening++) {
            deliver(alice, "later " + reopening);
            try (var session = open(alice)) {
                assertKeeps(first, session.uniqueIdsByContent(), "reopening " + reopening);
            }
        }
    }

    @Test
    void uniqueIdsStayWhenOthersAreRemoved() throws Exception {
        deliver(alice, "one", "two", "three", "four", "five");
        Map<String, String> left;
        try (var session = open(alice)) {
            left = session.uniqueIdsByContent();
            var first = text(session.read(1));
            var third = text(session.read(3));
            session.commitOk(session.ref(1), session.ref(3));
            left.remove(first);
            left.remove(third);
        }
        try (var session = open(alice)) {
            assertEquals(left, session.uniqueIdsByContent());
        }
    }

    @Test
    void uniqueIdsStayOverARestart() throws Exception {
        needs(Ability.RESTART);
        deliverCorpus(alice);
        Map<String, String> first;
        try (var session = open(alice)) {
            first = session.uniqueIdsByContent();
        }
        for (var restart = 1; restart <= 3; restart++) {
            fixture.restart();
            deliver(alice, "later " + restart);
            try (var session = open(alice)) {
                assertKeeps(first, session.uniqueIdsByContent(), "restart " + restart);
            }
        }
    }

    @Test
    void uniqueIdsAreTheSameInASecondServer() throws Exception {
        needs(Ability.SECOND_STORE);
        deliver(alice, "one", "two", "three");
        Map<String, String> first;
        try (var session = open(alice)) {
            first = session.uniqueIdsByContent();
        }
        try (var session = open(fixture.secondStore(), alice, nextToken())) {
            assertEquals(first, session.uniqueIdsByContent());
        }
    }

    @Test
    void uniqueIdsSizesAndContentStayWhenFlagsChange() throws Exception {
        needs(Ability.CHANGE_FLAGS);
        var one = deliver(alice, "one");
        deliver(alice, "two");
        Map<String, String> first;
        try (var session = open(alice)) {
            first = session.uniqueIdsByContent();
            fixture.changeFlags(alice, one);
            assertEquals(first, session.uniqueIdsByContent(), "while it is open");
        }
        for (var restarts : oncePerLife()) {
            try (var session = open(alice)) {
                assertEquals(first, session.uniqueIdsByContent(), "restarts: " + restarts);
                for (var number = 1; number <= 2; number++) {
                    assertEquals(
                            LineEndCorpus.octets(session.read(number)),
                            session.listing().octets(number));
                }
            }
        }
    }

    @Test
    void aUniqueIdIsNeverGivenAgain() throws Exception {
        var same = message("same");
        var seen = new HashSet<String>();
        for (var round = 1; round <= 5; round++) {
            fixture.deliver(alice, same);
            try (var session = open(alice)) {
                assertTrue(
                        seen.add(session.listing().uniqueId(1)),
                        "round " + round + " gives a removed message's unique-id again");
                session.commitAll();
            }
        }
    }

    @Test
    void aUniqueIdIsNotGivenAgainAfterAMessageVanished() throws Exception {
        var same = message("same");
        var seen = new HashSet<String>();
        for (var round = 1; round <= 5; round++) {
            fixture.deliver(alice, same);
            try (var session = open(alice)) {
                assertTrue(
                        seen.add(session.listing().uniqueId(1)),
                        "round " + round + " gives a vanished message's unique-id again");
            }
            fixture.vanish(alice, fixture.kept(same));
        }
    }

    @Test
    void aUniqueIdIsNotGivenAgainAfterARestart() throws Exception {
        needs(Ability.RESTART);
        var same = message("same");
        var seen = new HashSet<String>();
        for (var round = 1; round <= 3; round++) {
            fixture.deliver(alice, same);
            try (var session = open(alice)) {
                assertTrue(
                        seen.add(session.listing().uniqueId(1)),
                        "restart " + round + " gives a removed message's unique-id again");
                session.commitAll();
            }
            fixture.restart();
        }
    }

    // Content

    @Test
    void contentMayBeReadAgainAndInAnyOrder() throws Exception {
        deliverCorpus(alice);
        try (var session = open(alice)) {
            var count = session.listing().count();
            var forward = new ArrayList<String>();
            for (var number = 1; number <= count; number++) {
                forward.add(text(session.read(number)));
            }
            for (var number = count; number >= 1; number--) {
                assertEquals(forward.get(number - 1), text(session.read(number)));
            }
        }
    }

    @Test
    void aStreamGivesAtLeastOneOctetAtATime() throws Exception {
        deliverCorpus(alice);
        try (var session = open(alice)) {
            for (var number = 1; number <= session.listing().count(); number++) {
                try (var in = session.drop().content(number)) {
                    var some = new byte[7];
                    for (int read; (read = in.read(some)) >= 0; ) {
                        assertTrue(read > 0, "read() gave no octet and no end");
                    }
                    assertEquals(-1, in.read(some), "it goes on after its end");
                }
            }
        }
    }

    @Test
    void aStreamMayBeClosedBeforeItsEnd() throws Exception {
        deliver(alice, "one", "two");
        try (var session = open(alice)) {
            var before = session.contents();
            for (var round = 0; round < 50; round++) {
                try (var in = session.drop().content(1)) {
                    assertTrue(in.read() >= 0);
                }
            }
            assertEquals(before, session.contents());
        }
    }

    @Test
    void aMessageThatVanishedIsAFaultOrWhole() throws Exception {
        var gone = deliver(alice, "gone");
        deliver(alice, "stays");
        try (var session = open(alice)) {
            var number = session.number(gone);
            fixture.vanish(alice, gone);
            assertEquals(text(gone), session.readOrFail(number).orElse(text(gone)));
            assertEquals(text(kept("stays")), text(session.read(3 - number)), "the other message");
        }
    }

    /** A server that keeps copies of what it removes needs none of such a message. */
    @Test
    void aMessageThatVanishedIsSaidToBeGoneAndNoOtherIs() throws Exception {
        var gone = deliver(alice, "gone");
        deliver(alice, "stays");
        try (var session = open(alice)) {
            var number = session.number(gone);
            fixture.vanish(alice, gone);
            try {
                assertEquals(text(gone), text(session.read(number)));
            } catch (Fault told) {
                assertTrue(told.gone(), () -> "not said to be gone: " + told.getMessage());
            }
            assertEquals(text(kept("stays")), text(session.read(3 - number)), "the other message");
        }
    }

    @Test
    void aMessageThatVanishesWhileItIsReadNeverEndsEarly() throws Exception {
        var gone = message("gone " + "x".repeat(300_000));
        fixture.deliver(alice, gone);
        var kept = text(fixture.kept(gone));
        try (var session = open(alice);
                var in = session.drop().content(1)) {
            var head = in.readNBytes(1000);
            fixture.vanish(alice, fixture.kept(gone));
            String whole;
            try {
                whole = text(head) + text(in.readAllBytes());
            } catch (IOException told) {
                return;
            }
            assertEquals(kept, whole, "a stream that ends without an exception is whole");
        }
    }

    @Test
    void aLargeMessageIsStreamed() throws Exception {
        var size = fixture.largeOctets();
        try (var large = new LargeMessage(size)) {
            fixture.deliver(alice, large);
        }
        var before = liveHeap();
        try (var session = open(alice)) {
            assertHeap(before, size, "opened");
            String digest;
            long octets;
            try (var in = session.drop().content(1)) {
                digest = wireDigest(in, size / 2, () -> assertHeap(before, size, "half read"));
            }
            try (var in = new LargeMessage(size)) {
                assertEquals(wireDigest(in, Long.MAX_VALUE, () -> {}), digest, "its octets");
            }
            try (var in = new LargeMessage(size)) {
                octets = MessageEncoder.measure(in);
            }
            assertEquals(octets, session.listing().octets(1), "listed size");
        }
    }

    // Commit: rules C1 to C11

    @Test
    @Tag("C1")
    void removesNothingWhereNothingIsMarked() throws Exception {
        deliver(alice, "one", "two");
        var before = storedTexts(alice);
        try (var session = open(alice)) {
            assertEquals(CommitResult.ok(0, 0), numbers(session.commitOk()));
        }
        assertEquals(before, storedTexts(alice));
    }

    @Test
    @Tag("C1")
    void commitsAnEmptyMaildrop() throws Exception {
        try (var session = open(alice)) {
            assertEquals(CommitResult.ok(0, 0), numbers(session.commitOk()));
        }
    }

    @Test
    @Tag("C1")
    void removesTheOneThatIsMarkedAndNoOther() throws Exception {
        for (var marked = 1; marked <= 5; marked++) {
            var user = fixture.user("user" + marked);
            deliver(user, "one", "two", "three", "four", "five");
            var left = storedTexts(user);
            try (var session = open(user)) {
                left.remove(text(session.read(marked)));
                assertEquals(CommitResult.ok(1, 0), numbers(session.commitOk(session.ref(marked))));
            }
            assertEquals(left, storedTexts(user), "what is left of five, without " + marked);
        }
    }

    @Test
    @Tag("C1")
    void removesEverySecond() throws Exception {
        deliverCorpus(alice);
        var left = storedTexts(alice);
        try (var session = open(alice)) {
            var marked = new ArrayList<MessageRef>();
            for (var number = 1; number <= session.listing().count(); number += 2) {
                left.remove(text(session.read(number)));
                marked.add(session.ref(number));
            }
            assertEquals(CommitResult.ok(marked.size(), 0), numbers(session.commitOk(marked)));
        }
        assertEquals(left, storedTexts(alice));
        try (var session = open(alice)) {
            assertEquals(left, session.contents());
        }
    }

    @Test
    @Tag("C1")
    void removesAll() throws Exception {
        var count = deliverCorpus(alice).size();
        try (var session = open(alice)) {
            assertEquals(CommitResult.ok(count, 0), numbers(session.commitAll()));
        }
        assertEquals(List.of(), storedTexts(alice));
        try (var session = open(alice)) {
            assertEquals(0, session.listing().count());
        }
    }

    @Test
    @Tag("C1")
    void removesOneOfIdenticalCopies() throws Exception {
        var copy = message("copy");
        for (var i = 0; i < 3; i++) {
            fixture.deliver(alice, copy);
        }
        try (var session = open(alice)) {
            var left = new HashSet<>(session.uniqueIds());
            left.remove(session.listing().uniqueId(2));
            session.commitOk(session.ref(2));
            try (var next = open(alice)) {
                assertEquals(left, next.uniqueIds());
            }
        }
    }

    @Test
    @Tag("C1")
    void touchesNobodyElsesMail() throws Exception {
        var bob = fixture.user("bob");
        deliver(alice, "same", "same again");
        deliver(bob, "same", "same again");
        var before = storedTexts(bob);
        try (var session = open(alice)) {
            session.commitAll();
        }
        assertEquals(before, storedTexts(bob));
    }

    @Test
    @Tag("C1")
    void theUniqueIdSaysWhichMessageIsMeant() throws Exception {
        deliver(alice, "one", "two");
        try (var session = open(alice)) {
            var numbered = text(session.read(1));
            session.commitAnyhow(List.of(new MessageRef(1, session.listing().uniqueId(2))));
            assertTrue(
                    storedTexts(alice).contains(numbered),
                    "number 1 with the unique-id of 2 removed message 1");
        }
    }

    @Test
    @Tag("C1")
    void anUnknownUniqueIdRemovesNothing() throws Exception {
        deliver(alice, "one", "two");
        var before = storedTexts(alice);
        String id;
        try (var session = open(alice)) {
            id = session.listing().uniqueId(1);
            session.commitAnyhow(List.of(new MessageRef(1, "nobody-has-this-unique-id")));
        }
        assertEquals(before, storedTexts(alice));
        try (var session = open(alice)) {
            session.commitAnyhow(List.of(new MessageRef(1, id.substring(0, id.length() - 1))));
        }
        assertEquals(before, storedTexts(alice));
    }

    @Test
    @Tag("C2")
    void aLostLockRemovesNothing() throws Exception {
        assumeTrue(
                fixture.store().fenceMode() != FenceMode.NONE,
                "not run: the store says FenceMode.NONE, so it does not look at tokens");
        deliver(alice, "one", "two");
        var before = storedTexts(alice);
        try (var old = open(alice);
                var young = open(alice)) {
            var result = old.commit(old.all(), List.of());
            assertEquals(Status.FENCED, result.status(), "commit with a token that is passed");
            assertEquals(0, result.removed());
            assertEquals(before, storedTexts(alice));
            assertEquals(CommitResult.ok(2, 0), numbers(young.commitAll()), "the holder's commit");
        }
    }

    @Test
    @Tag("C2")
    void anOpeningWithAPassedTokenTakesNothingFromTheHolder() throws Exception {
        assumeTrue(
                fixture.store().fenceMode() != FenceMode.NONE,
                "not run: the store says FenceMode.NONE, so it does not look at tokens");
        deliver(alice, "one", "two");
        var passed = nextToken();
        try (var holder = open(alice)) {
            try (var late = open(fixture.store(), alice, passed)) {
                var result = late.commit(late.all(), List.of());
                assertEquals(Status.FENCED, result.status(), "commit with a token that is passed");
            } catch (Fault refused) {
                assertNotNull(refused.getMessage());
            }
            assertEquals(2, fixture.stored(alice).size(), "messages after the late one");
            assertEquals(CommitResult.ok(2, 0), numbers(holder.commitAll()), "the holder's commit");
        }
    }

    @Test
    @Tag("C2")
    void aHigherGenerationPassesAnyCounter() throws Exception {
        assumeTrue(
                fixture.store().fenceMode() != FenceMode.NONE,
                "not run: the store says FenceMode.NONE, so it does not look at tokens");
        deliver(alice, "one");
        try (var old = open(fixture.store(), alice, new FencingToken(3, 1_000_000));
                var young = open(fixture.store(), alice, new FencingToken(4, 1))) {
            assertEquals(Status.FENCED, old.commit(old.all(), List.of()).status());
            assertEquals(1, fixture.stored(alice).size());
            assertEquals(CommitResult.ok(1, 0), numbers(young.commitAll()));
        }
    }

    @Test
    @Tag("C2")
    void aTokenRenewedSinceTheOpeningIsGood() throws Exception {
        deliver(alice, "one");
        try (var session = open(alice)) {
            var id = fixture.store().locate(alice);
            var renewed = fixture.grant(id, nextToken());
            var request = request(UUID.randomUUID(), renewed, session.all(), List.of());
            assertEquals(CommitResult.ok(1, 0), numbers(session.drop().commit(request)));
        }
        assertEquals(List.of(), storedTexts(alice));
    }

    @Test
    @Tag("C2")
    void aLockLostToAnotherServerRemovesNothing() throws Exception {
        needs(Ability.SECOND_STORE);
        assumeTrue(
                fixture.store().fenceMode() != FenceMode.NONE,
                "not run: the store says FenceMode.NONE, so it does not look at tokens");
        deliver(alice, "one", "two");
        var before = storedTexts(alice);
        try (var old = open(alice);
                var young = open(fixture.secondStore(), alice, nextToken())) {
            var result = old.commit(old.all(), List.of());
            assertEquals(Status.FENCED, result.status(), "commit with a token that is passed");
            assertEquals(before, storedTexts(alice));
            assertEquals(CommitResult.ok(2, 0), numbers(young.commitAll()), "the holder's commit");
        }
    }

    @Test
    @Tag("C2")
    void aLockLostBeforeARestartRemovesNothing() throws Exception {
        needs(Ability.RESTART);
        assumeTrue(
                fixture.store().fenceMode() != FenceMode.NONE,
                "not run: the store says FenceMode.NONE, so it does not look at tokens");
        deliver(alice, "one", "two");
        var passed = nextToken();
        open(alice).close();
        fixture.restart();
        try (var late = open(fixture.store(), alice, passed)) {
            assertEquals(Status.FENCED, late.commit(late.all(), List.of()).status());
        } catch (Fault refused) {
            assertNotNull(refused.getMessage());
        }
        assertEquals(2, fixture.stored(alice).size());
    }

    @Test
    @Tag("C3")
    void theSameCommitAgainChangesNothing() throws Exception {
        deliver(alice, "one", "two", "three");
        var commitId = UUID.randomUUID();
        CommitResult first;
        List<MessageRef> marked;
        try (var session = open(alice)) {
            marked = List.of(session.ref(1), session.ref(3));
            first = session.commit(commitId, marked, List.of());
            assertEquals(CommitResult.ok(2, 0), numbers(first));
        }
        deliver(alice, "four");
        var before = storedTexts(alice);
        for (var again = 1; again <= 2; again++) {
            try (var session = open(alice)) {
                var result = session.commit(commitId, marked, List.of());
                assertEquals(Status.OK, result.status(), "status of repetition " + again);
                assertEquals(2, result.removed() + result.alreadyGone(), "gone, by " + again);
                if (fixture.abilities().contains(Ability.KEEPS_RESULTS)) {
                    assertEquals(first, result, "result of repetition " + again);
                }
                assertEquals(before, storedTexts(alice), "mail after repetition " + again);
            }
        }
    }

    @Test
    @Tag("C3")
    void theSameCommitIdKeepsItsResultOverARestart() throws Exception {
        needs(Ability.RESTART);
        needs(Ability.KEEPS_RESULTS);
        deliver(alice, "one", "two");
        var commitId = UUID.randomUUID();
        CommitResult first;
        List<MessageRef> marked;
        try (var session = open(alice)) {
            marked = List.of(session.ref(1));
            first = session.commit(commitId, marked, List.of());
        }
        fixture.restart();
        try (var session = open(alice)) {
            assertEquals(first, session.commit(commitId, marked, List.of()));
        }
    }

    @Test
    @Tag("C4")
    void aMessageThatIsAlreadyGoneIsSuccess() throws Exception {
        var gone = deliver(alice, "gone");
        deliver(alice, "two", "three");
        try (var session = open(alice)) {
            var marked = List.of(session.ref(session.number(gone)), session.other(gone));
            fixture.vanish(alice, gone);
            assertEquals(CommitResult.ok(1, 1), numbers(session.commitOk(marked)));
        }
        assertEquals(1, fixture.stored(alice).size(), "messages left");
    }

    @Test
    @Tag("C4")
    void allAlreadyGoneIsSuccess() throws Exception {
        var one = deliver(alice, "one");
        var two = deliver(alice, "two");
        try (var session = open(alice)) {
            fixture.vanish(alice, one);
            fixture.vanish(alice, two);
            assertEquals(CommitResult.ok(0, 2), numbers(session.commitAll()));
        }
    }

    @Test
    @Tag("C4")
    void aCopyDeliveredAfterAMessageVanishedIsNotTakenForIt() throws Exception {
        var copy = message("copy");
        fixture.deliver(alice, copy);
        try (var session = open(alice)) {
            fixture.vanish(alice, fixture.kept(copy));
            fixture.deliver(alice, copy);
            assertEquals(CommitResult.ok(0, 1), numbers(session.commitAll()));
        }
        assertEquals(1, fixture.stored(alice).size(), "the copy delivered during the session");
    }

    @Test
    @Tag("C4")
    void aMessageWhoseFlagsChangedIsRemoved() throws Exception {
        needs(Ability.CHANGE_FLAGS);
        var one = deliver(alice, "one");
        var two = deliver(alice, "two");
        try (var session = open(alice)) {
            fixture.changeFlags(alice, one);
            assertEquals(text(one), text(session.read(session.number(one))));
            fixture.changeFlags(alice, one);
            assertEquals(
                    CommitResult.ok(1, 0),
                    numbers(session.commitOk(session.ref(session.number(one)))));
        }
        assertEquals(List.of(text(two)), storedTexts(alice));
    }

    @Test
    @Tag("C5")
    void whatIsRemovedStaysRemovedOverARestart() throws Exception {
        needs(Ability.RESTART);
        deliver(alice, "one", "two", "three");
        List<String> left;
        try (var session = open(alice)) {
            session.commitOk(session.ref(2));
            left = storedTexts(alice);
        }
        fixture.restart();
        try (var session = open(alice)) {
            assertEquals(left, session.contents());
        }
    }

    @Test
    @Tag("C6")
    void aStreamOpenedBeforeAnotherSessionsCommitNeverEndsEarly() throws Exception {
        var large = message("large " + "y".repeat(300_000));
        fixture.deliver(alice, large);
        try (var reader = open(alice);
                var in = reader.drop().content(1)) {
            var head = in.readNBytes(1000);
            try (var remover = open(alice)) {
                remover.commitAll();
            }
            String whole;
            try {
                whole = text(head) + text(in.readAllBytes());
            } catch (IOException told) {
                return;
            }
            assertEquals(text(fixture.kept(large)), whole, "a stream without exception is whole");
        }
    }

    @Test
    @Tag("C7")
    void aLostOutcomeIsNeverSaidToBeGood() throws Exception {
        needs(Ability.LOSE_OUTCOME);
        var one = deliver(alice, "one");
        var two = deliver(alice, "two");
        var commitId = UUID.randomUUID();
        List<MessageRef> marked;
        try (var session = open(alice)) {
            marked = List.of(session.ref(session.number(one)));
            fixture.loseOutcome(alice);
            try {
                var result = session.commit(commitId, marked, List.of());
                if (result.status() == Status.OK) {
                    assertEquals(List.of(text(two)), storedTexts(alice), "OK, so it is gone");
                }
            } catch (Fault unknown) {
                assertNotNull(unknown.getMessage());
            }
        }
        fixture.mend(alice);
        assertTrue(storedTexts(alice).contains(text(two)), "the unmarked message");
        try (var session = open(alice)) {
            var again = session.commit(commitId, marked, List.of());
            assertEquals(Status.OK, again.status(), "the same commit, once all works again");
        }
        assertEquals(List.of(text(two)), storedTexts(alice));
    }

    @Test
    @Tag("C8")
    void whatCannotBeRemovedIsNotSaidToBeGone() throws Exception {
        needs(Ability.FAIL_REMOVAL);
        var stuck = deliver(alice, "stuck");
        deliver(alice, "two");
        var unmarked = deliver(alice, "unmarked");
        try (var session = open(alice)) {
            var marked = session.allBut(unmarked);
            fixture.failRemoval(alice, stuck);
            try {
                var result = session.commit(marked, List.of());
                assertNotEquals(Status.OK, result.status(), "with a message that is still there");
                assertTrue(result.failed() >= 1, "failed is " + result.failed());
                assertEquals(3 - result.removed(), fixture.stored(alice).size(), "what is left");
            } catch (Fault cannotTell) {
                assertNotNull(cannotTell.getMessage());
            }
        }
        assertTrue(storedTexts(alice).containsAll(List.of(text(stuck), text(unmarked))));
        fixture.mend(alice);
        try (var session = open(alice)) {
            session.commitOk(session.allBut(unmarked));
        }
        assertEquals(List.of(text(unmarked)), storedTexts(alice));
    }

    @Test
    @Tag("C9")
    void seenMessagesStay() throws Exception {
        deliver(alice, "one", "two", "three");
        Map<String, String> ids;
        try (var session = open(alice)) {
            ids = session.uniqueIdsByContent();
            ids.remove(text(session.read(1)));
            var result =
                    session.commit(
                            List.of(session.ref(1)), List.of(session.ref(2), session.ref(3)));
            assertEquals(CommitResult.ok(1, 0), numbers(result));
        }
        for (var restarts : oncePerLife()) {
            try (var session = open(alice)) {
                assertEquals(ids, session.uniqueIdsByContent(), "restarts: " + restarts);
                for (var number = 1; number <= 2; number++) {
                    assertEquals(
                            LineEndCorpus.octets(session.read(number)),
                            session.listing().octets(number));
                }
            }
        }
    }

    @Test
    @Tag("C9")
    void aSeenMessageThatVanishedFailsNothing() throws Exception {
        var seen = deliver(alice, "seen");
        deliver(alice, "marked");
        try (var session = open(alice)) {
            var marked = List.of(session.other(seen));
            var noted = List.of(session.ref(session.number(seen)));
            fixture.vanish(alice, seen);
            assertEquals(CommitResult.ok(1, 0), numbers(session.commit(marked, noted)));
        }
        assertEquals(List.of(), storedTexts(alice));
    }

    @Test
    @Tag("C10")
    void mailThatArrivesDuringASessionIsNotTouched() throws Exception {
        deliver(alice, "one", "two");
        try (var session = open(alice)) {
            var three = deliver(alice, "three");
            var four = deliver(alice, "four");
            assertEquals(2, session.listing().count());
            assertEquals(CommitResult.ok(2, 0), numbers(session.commitAll()));
            assertEquals(sorted(List.of(three, four)), storedTexts(alice));
        }
        try (var session = open(alice)) {
            assertEquals(sorted(List.of(kept("three"), kept("four"))), session.contents());
        }
    }

    @Test
    @Tag("C10")
    void nothingIsLostWhileMailArrivesAllTheTime() throws Exception {
        var rounds = 20;
        var perRound = 6;
        var due = new Semaphore(0);
        var arrived = new Semaphore(0);
        var taken = new ArrayList<String>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var deliverer =
                    threads.submit(() -> {
                        for (var i = 0; i < rounds * perRound; i++) {
                            due.acquire();
                            fixture.deliver(alice, message("mail " + i));
                            arrived.release();
                        }
                        return null;
                    });
            try {
                for (var round = 0; round < rounds; round++) {
                    try (var session = open(alice)) {
                        taken.addAll(session.contents());
                        due.release(perRound);
                        // One arrives before the commit, the others while it runs or after it.
                        assertTrue(arrived.tryAcquire(PATIENCE, TimeUnit.SECONDS), "deliveries");
                        session.commitAll();
                        assertTrue(arrived.tryAcquire(perRound - 1, PATIENCE, TimeUnit.SECONDS));
                    }
                }
            } finally {
                // Where a store breaks the rule, nobody shall wait for the rest of the mail.
                due.release(rounds * perRound);
            }
            await(deliverer);
        }
        taken.addAll(storedTexts(alice));
        var delivered = new ArrayList<byte[]>();
        for (var i = 0; i < rounds * perRound; i++) {
            delivered.add(kept("mail " + i));
        }
        assertEquals(sorted(delivered), taken.stream().sorted().toList(), "taken and left");
    }

    @Test
    @Tag("C11")
    void aTimeLimitThatIsOverIsNoReasonToLie() throws Exception {
        deliverCorpus(alice);
        var before = storedTexts(alice);
        try (var session = open(alice)) {
            var marked = List.of(session.ref(1), session.ref(2));
            var unmarked = new ArrayList<>(before);
            unmarked.remove(text(session.read(1)));
            unmarked.remove(text(session.read(2)));
            var request =
                    new CommitRequest(
                            UUID.randomUUID(),
                            session.token(),
                            marked,
                            List.of(),
                            Duration.ofNanos(1));
            var gone = false;
            try {
                gone = session.drop().commit(request).status() == Status.OK;
            } catch (Fault late) {
                assertNotNull(late.getMessage());
            }
            var after = storedTexts(alice);
            assertTrue(after.containsAll(unmarked), "an unmarked message is gone");
            if (gone) {
                assertEquals(unmarked, after, "OK, so the marked ones are gone");
            }
        }
    }

    @Test
    @Tag("C11")
    void anInterruptedCommitDoesNotLie() throws Exception {
        deliver(alice, "one", "two");
        try (var session = open(alice)) {
            var unmarked = text(session.read(2));
            var marked = session.ref(1);
            var said =
                    inThread(() -> {
                        Thread.currentThread().interrupt();
                        try {
                            return session.commit(List.of(marked), List.of()).status();
                        } catch (Fault | InterruptedException unknown) {
                            return Status.UNKNOWN;
                        }
                    });
            var after = storedTexts(alice);
            assertTrue(after.contains(unmarked), "the unmarked message");
            if (said == Status.OK) {
                assertEquals(List.of(unmarked), after, "OK, so the marked one is gone");
            }
        }
        try (var session = open(alice)) {
            assertEquals(storedTexts(alice), session.contents(), "the next session");
        }
    }

    // The life of a maildrop

    @Test
    void aSessionThatDropsRemovesNothing() throws Exception {
        deliver(alice, "one", "two");
        var before = storedTexts(alice);
        try (var session = open(alice)) {
            session.read(1);
        }
        assertEquals(before, storedTexts(alice));
        try (var session = open(alice)) {
            assertEquals(before, session.contents());
        }
    }

    @Test
    void closeIsIdempotent() throws Exception {
        deliver(alice, "one");
        var session = open(alice);
        session.close();
        session.close();
        var committed = open(alice);
        committed.commitOk();
        committed.close();
        committed.close();
        assertEquals(1, fixture.stored(alice).size());
    }

    @Test
    void anOpeningThatFailsIsAFaultAndLeavesNothing() throws Exception {
        needs(Ability.FAIL_OPEN);
        deliver(alice, "one", "two");
        var before = storedTexts(alice);
        var id = fixture.store().locate(alice);
        fixture.failOpen(alice);
        for (var attempt = 1; attempt <= 3; attempt++) {
            var token = fixture.grant(id, nextToken());
            assertThrows(
                    Fault.class,
                    () -> fixture.store().open(id, token).close(),
                    "a maildrop that cannot be read whole is not opened");
        }
        fixture.mend(alice);
        try (var session = open(alice)) {
            assertEquals(before, session.contents(), "the listing is whole again");
            session.commitAll();
        }
    }

    @Test
    void anySessionMayMoveFromThreadToThread() throws Exception {
        deliver(alice, "one", "two");
        var session = inThread(() -> open(alice));
        assertEquals(2, inThread(() -> session.contents().size()));
        assertEquals(2, session.contents().size());
        assertEquals(Status.OK, inThread(() -> session.commitAll().status()));
        inThread(() -> {
            session.close();
            return null;
        });
        assertEquals(List.of(), storedTexts(alice));
    }

    @Test
    void manyUsersAtTheSameTimeDoNotMeet() throws Exception {
        var users = new ArrayList<User>();
        for (var i = 0; i < 20; i++) {
            var user = fixture.user("many" + i);
            deliver(user, "one of " + i, "two of " + i, "three of " + i);
            users.add(user);
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = new ArrayList<Future<?>>();
            for (var user : users) {
                running.add(
                        threads.submit(() -> {
                            var expected = storedTexts(user);
                            for (var round = 0; round < 3; round++) {
                                try (var session = open(user)) {
                                    assertEquals(expected, session.contents());
                                    expected.remove(text(session.read(1)));
                                    session.commitOk(session.ref(1));
                                }
                            }
                            assertEquals(List.of(), storedTexts(user));
                            return null;
                        }));
            }
            for (var one : running) {
                await(one);
            }
        }
    }

    // Names

    @Test
    void aUserHasOneMaildropAndNoTwoShareOne() throws Exception {
        var ids = new HashSet<MaildropId>();
        for (var name : List.of("alice", "bob", "alice.b", "alice-b", "alice2", "a")) {
            var user = fixture.user(name);
            var id = fixture.store().locate(user);
            assertEquals(id, fixture.store().locate(new User(name, user.attributes())), name);
            assertTrue(ids.add(id), name + " shares the maildrop " + id);
        }
    }

    @Test
    void aUserHasTheSameMaildropAfterARestart() throws Exception {
        needs(Ability.RESTART);
        var id = fixture.store().locate(alice);
        fixture.restart();
        assertEquals(id, fixture.store().locate(alice));
    }

    @ParameterizedTest
    @MethodSource("hostileNames")
    void noNameLeadsToAnothersMailOrOutOfTheRoot(String name) throws Exception {
        deliver(alice, "secret");
        var before = storedTexts(alice);
        var outside = outside();
        var id = fixture.store().locate(alice);
        try {
            var hostile = fixture.store().locate(new User(name));
            assertNotEquals(id, hostile, "\"" + name + "\" leads to alice's maildrop");
            var token = fixture.grant(hostile, nextToken());
            try (var drop = fixture.store().open(hostile, token)) {
                assertEquals(0, drop.listing().count(), "\"" + name + "\" reads somebody's mail");
            }
        } catch (Fault refused) {
            assertNotNull(refused.getMessage());
        }
        assertEquals(before, storedTexts(alice));
        assertEquals(outside, outside(), "files outside the store's root");
    }

    static List<String> hostileNames() {
        return List.of(
                ".",
                "..",
                "/",
                "//alice",
                "/alice",
                "alice/",
                "alice/.",
                "./alice",
                "../alice",
                "../../alice",
                "bob/../alice",
                "alice/../../etc/passwd",
                "/etc/passwd",
                "/tmp",
                "\\alice",
                "..\\alice",
                "%2e%2e%2falice",
                "~alice",
                "~",
                "-rf",
                "*",
                "alic?",
                "al%",
                "' or '1'='1",
                "alice';--",
                "$(id)",
                "${env:HOME}",
                " alice",
                "alice ",
                "alice.",
                "\uD800",
                "\u202Eecila",
                "n".repeat(User.MAX_NAME),
                "\u00E9".repeat(User.MAX_NAME));
    }

    // What the server asks before it opens anything

    @Test
    void itHasANameAndAFenceMode() {
        var name = fixture.store().name();
        assertTrue(name.matches("[a-z][a-z0-9-]*"), "not a plugin's name: " + name);
        assertNotNull(fixture.store().fenceMode());
        assertSame(fixture.store().fenceMode(), fixture.store().fenceMode());
    }

    // Delivery

    @ParameterizedTest
    @MethodSource("shapes")
    void aDeliveryKeepsTheOctetsOrRefusesThem(LineEndCorpus.Shape shape) throws Exception {
        needs(Ability.DELIVERY);
        var kept = fixture.keptDelivery(shape.stored());
        if (kept.isEmpty()) {
            assertRefused(shape.stored(), Optional.empty());
            try (var session = open(alice)) {
                assertEquals(0, session.listing().count(), "messages after a refusal");
            }
            return;
        }
        var id = deliver(shape.stored(), Optional.empty());
        for (var restarts : oncePerLife()) {
            try (var session = open(alice)) {
                assertEquals(1, session.listing().count(), "messages listed");
                assertEquals(id, session.listing().uniqueId(1), "restarts: " + restarts);
                assertEquals(text(kept.get()), text(session.read(1)), "restarts: " + restarts);
                assertEquals(LineEndCorpus.octets(kept.get()), session.listing().octets(1));
            }
        }
    }

    @Test
    void deliveriesAreListedInTheirOrderBesideOthers() throws Exception {
        needs(Ability.DELIVERY);
        var expected = new ArrayList<>(deliver(alice, "one", "two"));
        for (var subject : List.of("three", "four", "five")) {
            var content = message(subject);
            deliver(content, Optional.empty());
            expected.add(fixture.keptDelivery(content).orElseThrow());
        }
        expected.add(deliver(alice, "six"));
        try (var session = open(alice)) {
            assertEquals(sorted(expected), session.contents());
            var three = session.number(expected.get(2));
            assertEquals(three + 1, session.number(expected.get(3)), "number of the second");
            assertEquals(three + 2, session.number(expected.get(4)), "number of the third");
        }
        try (var session = open(fixture.user("bob"))) {
            assertEquals(0, session.listing().count(), "messages of somebody else");
        }
    }

    @Test
    void identicalDeliveriesHaveDifferentUniqueIds() throws Exception {
        needs(Ability.DELIVERY);
        var ids = new HashSet<String>();
        for (var i = 0; i < 5; i++) {
            ids.add(deliver(message("copy"), Optional.empty()));
        }
        assertEquals(5, ids.size(), "different unique-ids of five deliveries");
        try (var session = open(alice)) {
            assertEquals(ids, session.uniqueIds());
        }
    }

    @Test
    void aDeliverySaysTheUniqueIdThatTheMessageHas() throws Exception {
        needs(Ability.DELIVERY);
        var id = deliver(message("one"), Optional.of("1700000000.M1P2.elsewhere"));
        try (var session = open(alice)) {
            assertEquals(Set.of(id), session.uniqueIds());
        }
    }

    @Test
    void aGivenUniqueIdIsKept() throws Exception {
        needs(Ability.KEEPS_GIVEN_IDS);
        var ids = new TreeSet<String>();
        for (var id : givenIds()) {
            assertEquals(id, deliver(message("with " + id), Optional.of(id)), "the answer");
            ids.add(id);
        }
        for (var restarts : oncePerLife()) {
            try (var session = open(alice)) {
                assertEquals(ids, new TreeSet<>(session.uniqueIds()), "restarts: " + restarts);
                for (var number = 1; number <= session.listing().count(); number++) {
                    var id = session.listing().uniqueId(number);
                    assertEquals(
                            text(fixture.keptDelivery(message("with " + id)).orElseThrow()),
                            text(session.read(number)),
                            "the message that was given " + id);
                }
            }
        }
    }

    private static List<String> givenIds() {
        return List.of(
                "1700000000.M1P42.host",
                "1700000001.M2P42.host,S=12,W=13",
                "000001a95f2e6d3c",
                "UID12-1700000000",
                "case",
                "CASE",
                ".",
                "..",
                "../../x",
                "/etc/passwd",
                ".hidden",
                "~tilde",
                "-rf",
                "a:2,S",
                "17%2F:%3A",
                "1700000002.a,UIDL=x",
                "con\\nul*?",
                "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcde",
                "fghijklmnopqrstuvwxyz{|}~",
                "/".repeat(70));
    }

    @Test
    void aGivenUniqueIdStaysWhenOthersAreRemoved() throws Exception {
        needs(Ability.KEEPS_GIVEN_IDS);
        for (var id : List.of("one", "two", "three")) {
            deliver(message("same"), Optional.of(id));
        }
        try (var session = open(alice)) {
            for (var number = 1; number <= 3; number++) {
                if (session.listing().uniqueId(number).equals("two")) {
                    session.commitOk(session.ref(number));
                }
            }
        }
        deliver(message("same"), Optional.of("four"));
        for (var restarts : oncePerLife()) {
            try (var session = open(alice)) {
                assertEquals(
                        Set.of("one", "three", "four"),
                        session.uniqueIds(),
                        "restarts: " + restarts);
            }
        }
    }

    @Test
    void aUniqueIdThatIsThereIsRefused() throws Exception {
        needs(Ability.DELIVERY);
        deliver(alice, "one");
        deliver(message("two"), Optional.of("given"));
        Map<Integer, String> before;
        Set<String> ids;
        try (var session = open(alice)) {
            before = session.describe();
            ids = session.uniqueIds();
        }
        for (var id : ids) {
            assertRefused(message("other"), Optional.of(id));
        }
        for (var restarts : oncePerLife()) {
            for (var id : ids) {
                assertRefused(message("other"), Optional.of(id));
            }
            try (var session = open(alice)) {
                assertEquals(before, session.describe(), "restarts: " + restarts);
            }
        }
    }

    @Test
    void aUniqueIdWhoseMessageWasRemovedMayBeGivenToItAgain() throws Exception {
        needs(Ability.KEEPS_GIVEN_IDS);
        deliver(alice, "stays", "goes");
        String id;
        byte[] octets;
        Map<Integer, String> before;
        try (var session = open(alice)) {
            before = session.describe();
            id = session.listing().uniqueId(2);
            octets = session.read(2);
            session.commitOk(session.ref(2));
        }
        assertEquals(id, deliver(octets, Optional.of(id)));
        try (var session = open(alice)) {
            assertEquals(Set.copyOf(before.values()), Set.copyOf(session.describe().values()));
        }
    }

    @Test
    void anOpenMaildropDoesNotChangeByADelivery() throws Exception {
        needs(Ability.DELIVERY);
        deliver(alice, "one", "two");
        try (var session = open(alice)) {
            var before = session.describe();
            deliver(message("three"), Optional.of("later"));
            assertEquals(before, session.describe());
            session.commitAll();
        }
        try (var session = open(alice)) {
            assertEquals(1, session.listing().count(), "what was delivered meanwhile is there");
        }
    }

    @Test
    void aContentThatCannotBeReadAddsNothing() throws Exception {
        needs(Ability.DELIVERY);
        for (var octets : List.of(0, 2, 100_000, 1_000_000)) {
            var broken =
                    new SequenceInputStream(
                            new ByteArrayInputStream(
                                    "x\n".repeat(octets / 2).getBytes(StandardCharsets.US_ASCII)),
                            new Torn());
            assertThrows(
                    IOException.class,
                    () -> delivery().deliver(alice, broken, Optional.of("torn")),
                    "after " + octets + " octets");
        }
        for (var restarts : oncePerLife()) {
            try (var session = open(alice)) {
                assertEquals(0, session.listing().count(), "restarts: " + restarts);
            }
        }
        deliver(message("whole"), Optional.of("torn"));
        try (var session = open(alice)) {
            assertEquals(1, session.listing().count(), "the same unique-id, whole");
        }
    }

    @Test
    void manyDeliveriesAtTheSameTimeAreAllThereOnce() throws Exception {
        needs(Ability.DELIVERY);
        var each = 6;
        var answers = new ArrayList<Future<List<String>>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var thread = 0; thread < 4; thread++) {
                var who = thread;
                answers.add(
                        threads.submit(() -> {
                            var ids = new ArrayList<String>();
                            for (var i = 0; i < each; i++) {
                                ids.add(deliver(message("of " + who), Optional.empty()));
                            }
                            return ids;
                        }));
            }
            var ids = new HashSet<String>();
            for (var answer : answers) {
                ids.addAll(await(answer));
            }
            assertEquals(4 * each, ids.size(), "different unique-ids");
            try (var session = open(alice)) {
                assertEquals(ids, session.uniqueIds());
            }
        }
    }

    @Test
    void ofDeliveriesWithOneUniqueIdOneTakesPlace() throws Exception {
        needs(Ability.KEEPS_GIVEN_IDS);
        var threads = 4;
        for (var round = 0; round < 5; round++) {
            var id = "/given" + round;
            var good = new ArrayList<Future<Boolean>>();
            try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
                for (var thread = 0; thread < threads; thread++) {
                    good.add(
                            all.submit(() -> {
                                try {
                                    deliver(message("round " + id), Optional.of(id));
                                    return true;
                                } catch (Fault refused) {
                                    assertEquals(
                                            Fault.Kind.PERMANENT,
                                            refused.kind(),
                                            refused::toString);
                                    return false;
                                }
                            }));
                }
                var delivered = 0;
                for (var one : good) {
                    delivered += await(one) ? 1 : 0;
                }
                assertEquals(1, delivered, "deliveries of " + id);
            }
            try (var session = open(alice)) {
                assertEquals(round + 1, session.listing().count());
            }
        }
    }

    /** Cannot be read at all. */
    private static final class Torn extends InputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("torn");
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            return read();
        }
    }

    private Delivery delivery() {
        return (Delivery) fixture.store();
    }

    private String deliver(byte[] content, Optional<String> id) throws Exception {
        var given = delivery().deliver(alice, new ByteArrayInputStream(content), id);
        assertNotNull(given, "deliver() gave null");
        assertTrue(given.matches("[!-~]{1,70}"), "an illegal unique-id: \"" + given + "\"");
        return given;
    }

    private void assertRefused(byte[] content, Optional<String> id) {
        var refused =
                assertThrows(
                        Fault.class,
                        () -> delivery().deliver(alice, new ByteArrayInputStream(content), id),
                        () -> "delivered " + text(content) + " as " + id);
        assertEquals(Fault.Kind.PERMANENT, refused.kind(), refused::toString);
    }

    // Helpers

    private void needs(Ability ability) {
        assumeTrue(
                fixture.abilities().contains(ability),
                "not run: the fixture does not declare " + ability + " in abilities()");
    }

    /** Counts 0 to 2, with a restart before each but the first where the store outlives one. */
    private Iterable<Integer> oncePerLife() {
        var lives = fixture.abilities().contains(Ability.RESTART) ? 3 : 1;
        return () ->
                new java.util.Iterator<>() {
                    private int next;

                    @Override
                    public boolean hasNext() {
                        return next < lives;
                    }

                    @Override
                    public Integer next() {
                        if (next > 0) {
                            try {
                                fixture.restart();
                            } catch (Exception e) {
                                throw new AssertionError("the fixture cannot restart", e);
                            }
                        }
                        return next++;
                    }
                };
    }

    private FencingToken nextToken() {
        return new FencingToken(1, tokens.incrementAndGet());
    }

    private Session open(User user) throws Exception {
        return open(fixture.store(), user, nextToken());
    }

    private Session open(MaildropStore store, User user, FencingToken next) throws Exception {
        var id = store.locate(user);
        assertNotNull(id, "locate() gave null");
        var token = fixture.grant(id, next);
        var drop = store.open(id, token);
        assertNotNull(drop, "open() gave null");
        assertNotNull(drop.listing(), "listing() gave null");
        return new Session(drop, token);
    }

    /** The octets that the store keeps of the last one. */
    private byte[] deliver(User user, String subject) throws Exception {
        fixture.deliver(user, message(subject));
        return kept(subject);
    }

    private List<byte[]> deliver(User user, String first, String... more) throws Exception {
        var kept = new ArrayList<byte[]>();
        kept.add(deliver(user, first));
        for (var subject : more) {
            kept.add(deliver(user, subject));
        }
        return kept;
    }

    private List<byte[]> deliverCorpus(User user) throws Exception {
        var kept = new ArrayList<byte[]>();
        for (var shape : LineEndCorpus.shapes()) {
            fixture.deliver(user, shape.stored());
            kept.add(fixture.kept(shape.stored()));
        }
        return kept;
    }

    private byte[] kept(String subject) {
        return fixture.kept(message(subject));
    }

    private static byte[] message(String subject) {
        return ("From: bob@example.org\r\nTo: alice@example.org\r\nSubject: "
                        + subject
                        + "\r\n\r\nThis is "
                        + subject
                        + ".\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private List<String> storedTexts(User user) throws Exception {
        return sorted(fixture.stored(user));
    }

    /** Each octet a character, so that a failure can be read. */
    private static String text(byte[] octets) {
        return new String(octets, StandardCharsets.ISO_8859_1);
    }

    private static List<String> sorted(List<byte[]> messages) {
        var texts = new ArrayList<String>();
        messages.forEach(octets -> texts.add(text(octets)));
        texts.sort(null);
        return texts;
    }

    /** The result without its words. */
    private static CommitResult numbers(CommitResult result) {
        return new CommitResult(
                result.status(), result.removed(), result.alreadyGone(), result.failed(), "");
    }

    private static CommitRequest request(
            UUID id, FencingToken token, List<MessageRef> remove, List<MessageRef> seen) {
        return new CommitRequest(id, token, remove, seen, TIME_LIMIT);
    }

    private static void assertKeeps(
            Map<String, String> before, Map<String, String> after, String when) {
        var kept = new TreeMap<>(after);
        kept.keySet().retainAll(before.keySet());
        assertEquals(before, kept, "unique-ids by content, " + when);
    }

    private static <T> T inThread(Callable<T> task) throws Exception {
        try (var thread = Executors.newVirtualThreadPerTaskExecutor()) {
            return await(thread.submit(task));
        }
    }

    private static <T> T await(Future<T> task) throws Exception {
        try {
            return task.get(PATIENCE, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error failed) {
                throw failed;
            }
            throw new AssertionError("in another thread", e.getCause());
        }
    }

    /** Everything in the scratch folder that is not below the root, with its size. */
    private Set<String> outside() throws IOException {
        var found = new TreeSet<String>();
        var root = fixture.root();
        if (root.isEmpty()) {
            return found;
        }
        assertTrue(
                root.get().startsWith(scratch) && !root.get().equals(scratch),
                "the fixture's root is not a folder within the scratch folder");
        try (var files = Files.walk(scratch)) {
            for (var file : (Iterable<Path>) files::iterator) {
                if (!file.startsWith(root.get())) {
                    found.add(file + (Files.isRegularFile(file) ? " " + Files.size(file) : ""));
                }
            }
        }
        return found;
    }

    /** Octets of the heap that are in use after a full collection. */
    private static long liveHeap() {
        var memory = ManagementFactory.getMemoryMXBean();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed();
    }

    private static void assertHeap(long before, long size, String when) {
        var grown = liveHeap() - before;
        assertTrue(
                grown < size / 4,
                () ->
                        "the heap holds "
                                + (grown >> 10)
                                + " KiB more with a message of "
                                + (size >> 10)
                                + " KiB "
                                + when);
    }

    /** The digest of what goes over the wire; runs {@code halfWay} once, after so many octets. */
    private static String wireDigest(InputStream in, long octets, Runnable halfWay)
            throws Exception {
        var digest = MessageDigest.getInstance("SHA-256");
        var encoder = new MessageEncoder(MessageEncoder.WHOLE);
        var chunk = new byte[8192];
        var out = ByteBuffer.allocate(3 * chunk.length);
        var done = 0L;
        for (int read; (read = in.read(chunk)) >= 0; ) {
            encoder.encode(ByteBuffer.wrap(chunk, 0, read), out.clear());
            digest.update(out.flip());
            if (done < octets && done + read >= octets) {
                halfWay.run();
            }
            done += read;
        }
        encoder.finish(out.clear());
        digest.update(out.flip());
        return HexFormat.of().formatHex(digest.digest());
    }

    /** An opened maildrop, its token, and short ways to say what a test does with it. */
    private record Session(Maildrop drop, FencingToken token) implements AutoCloseable {

        io.postern.spi.store.Listing listing() {
            return drop.listing();
        }

        byte[] read(int number) throws Exception {
            try (var in = drop.content(number)) {
                assertNotNull(in, "content() gave null");
                return in.readAllBytes();
            }
        }

        /** Empty where the store says that it cannot be read. */
        java.util.Optional<String> readOrFail(int number) throws Exception {
            try {
                return java.util.Optional.of(text(read(number)));
            } catch (Fault | IOException told) {
                return java.util.Optional.empty();
            }
        }

        List<String> contents() throws Exception {
            var all = new ArrayList<byte[]>();
            for (var number = 1; number <= listing().count(); number++) {
                all.add(read(number));
            }
            return sorted(all);
        }

        /** Size and unique-id by number. */
        Map<Integer, String> describe() {
            var lines = new TreeMap<Integer, String>();
            for (var number = 1; number <= listing().count(); number++) {
                lines.put(number, listing().octets(number) + " " + listing().uniqueId(number));
            }
            return lines;
        }

        Set<String> uniqueIds() {
            var ids = new TreeSet<String>();
            for (var number = 1; number <= listing().count(); number++) {
                ids.add(listing().uniqueId(number));
            }
            return ids;
        }

        /** Only for maildrops where all contents differ. */
        Map<String, String> uniqueIdsByContent() throws Exception {
            var ids = new TreeMap<String, String>();
            for (var number = 1; number <= listing().count(); number++) {
                ids.put(text(read(number)), listing().uniqueId(number));
            }
            return ids;
        }

        /** The message-number of the message with these octets. */
        int number(byte[] octets) throws Exception {
            for (var number = 1; number <= listing().count(); number++) {
                if (Arrays.equals(octets, read(number))) {
                    return number;
                }
            }
            return fail("not listed: " + text(octets));
        }

        MessageRef ref(int number) {
            return new MessageRef(number, listing().uniqueId(number));
        }

        /** The first message that has other octets. */
        MessageRef other(byte[] octets) throws Exception {
            return allBut(octets).getFirst();
        }

        List<MessageRef> all() {
            var refs = new ArrayList<MessageRef>();
            for (var number = 1; number <= listing().count(); number++) {
                refs.add(ref(number));
            }
            return refs;
        }

        List<MessageRef> allBut(byte[] octets) throws Exception {
            var refs = new ArrayList<>(all());
            refs.remove(ref(number(octets)));
            return refs;
        }

        CommitResult commit(UUID id, List<MessageRef> remove, List<MessageRef> seen)
                throws Fault, InterruptedException {
            var result = drop.commit(request(id, token, remove, seen));
            assertNotNull(result, "commit() gave null");
            assertAll(
                    () ->
                            assertEquals(
                                    remove.size(),
                                    result.removed() + result.alreadyGone() + result.failed(),
                                    () -> "marked messages accounted for by " + result),
                    () ->
                            assertFalse(
                                    result.status() == Status.FENCED && result.removed() > 0,
                                    () -> "fenced and yet removed: " + result));
            return result;
        }

        CommitResult commit(List<MessageRef> remove, List<MessageRef> seen)
                throws Fault, InterruptedException {
            return commit(UUID.randomUUID(), remove, seen);
        }

        CommitResult commitOk(List<MessageRef> remove) throws Fault, InterruptedException {
            var result = commit(remove, List.of());
            assertEquals(Status.OK, result.status(), result::toString);
            return result;
        }

        CommitResult commitOk(MessageRef... remove) throws Fault, InterruptedException {
            return commitOk(List.of(remove));
        }

        CommitResult commitAll() throws Fault, InterruptedException {
            return commitOk(all());
        }

        /** A request that no server makes: any answer will do, or none. */
        void commitAnyhow(List<MessageRef> remove) throws Fault, InterruptedException {
            try {
                commit(remove, List.of());
            } catch (Fault | IllegalArgumentException refused) {
                assertNotNull(refused);
            }
        }

        @Override
        public void close() {
            drop.close();
        }
    }
}
