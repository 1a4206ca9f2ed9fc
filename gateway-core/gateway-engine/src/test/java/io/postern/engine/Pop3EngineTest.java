package io.postern.engine;

import static io.postern.engine.FakeSession.FULL;
import static io.postern.engine.FakeSession.PASSWORD;
import static io.postern.engine.FakeSession.STAMP;
import static io.postern.engine.FakeSession.octets;
import static io.postern.engine.FakeSession.table;
import static io.postern.engine.FakeSession.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.wire.MessageEncoder;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the engine asks of the session, and what it never asks. */
class Pop3EngineTest {
    private static final Offer USER_ONLY = new Offer("", true, List.of(), false);
    private static final String REFUSED = "-ERR [AUTH] login refused\r\n";

    // Lengths

    @Test
    @Tag("protocol-3")
    void aLineOf255OctetsIsTakenAndOneMoreIsNot() {
        var session = FakeSession.greeted(USER_ONLY);
        assertEquals(255, session.engine.lineLimit());
        assertEquals("+OK send PASS\r\n", session.command("USER " + "x".repeat(248)));
        assertEquals("-ERR line too long\r\n", session.command("USER " + "x".repeat(249)));
        assertEquals("-ERR line too long\r\n", session.command("USER QUIT\0".repeat(10_000)));
        assertEquals("+OK bye\r\n", session.command("QUIT"));
    }

    @Test
    @Tag("protocol-3")
    @Tag("protocol-36")
    void aLineTooLongForgetsTheUser() {
        var session = FakeSession.greeted(USER_ONLY);
        session.command("USER alice");
        session.command("x".repeat(300));
        assertEquals("-ERR send USER right before PASS\r\n", session.command("PASS " + PASSWORD));
    }

    @Test
    @Tag("protocol-3")
    void afterLoginALineOf256OctetsIsTooLong() {
        var session = FakeSession.loggedIn("x");
        assertEquals(255, session.engine.lineLimit());
        assertEquals("-ERR line too long\r\n", session.command("NOOP" + " ".repeat(250)));
        assertEquals("+OK\r\n", session.command("NOOP" + " ".repeat(249)));
    }

    @Test
    @Tag("protocol-3")
    void linesThatWereCutBeforeLoginAreMeasuredAgainAfterIt() {
        var session = FakeSession.loggedIn("x");
        session.on(new Event.Line(octets("NOOP" + " ".repeat(300))));
        assertEquals("-ERR line too long\r\n", session.said());
    }

    @Test
    @Tag("protocol-7")
    @Tag("protocol-8")
    void authMayBringALongResponseAndNothingElseMayBeLong() {
        var session = FakeSession.greeted(FULL);
        assertEquals(65_536, session.engine.lineLimit());
        assertEquals(REFUSED, session.command("AUTH PLAIN " + "eHh4".repeat(16_000)));
        assertEquals("-ERR line too long\r\n", session.command("USER " + "x".repeat(249)));
        assertEquals("-ERR line too long\r\n", session.command("x".repeat(70_000)));
        assertEquals("+ \r\n", session.command("auth plain"));
        assertEquals(65_536, session.engine.lineLimit());
        assertEquals(REFUSED, session.command("eHh4".repeat(16_383)));
        assertEquals("PLAIN:" + "x".repeat(49_149), session.responses.get(1));
    }

    @Test
    @Tag("protocol-7")
    void aResponseThatIsTooLongEndsTheLogin() {
        var session = FakeSession.greeted(FULL);
        session.command("AUTH CRAM-MD5");
        session.effects.clear();
        assertEquals("-ERR line too long\r\n", session.command("A".repeat(65_535)));
        assertInstanceOf(Effect.CancelLogin.class, session.effects.getFirst());
        assertEquals("-ERR log in first\r\n", session.command("NOOP"));
    }

    // Greeting, QUIT

    @Test
    @Tag("protocol-17")
    void nothingIsAnsweredBeforeTheGreeting() {
        var engine = new Pop3Engine(USER_ONLY);
        assertThrows(IllegalStateException.class, () -> engine.on(line("NOOP")));
        assertEquals("+OK Postern ready\r\n", sent(engine.on(new Event.Connected())));
        assertThrows(IllegalStateException.class, () -> engine.on(new Event.Connected()));
    }

    @Test
    @Tag("protocol-20")
    @Tag("protocol-21")
    void quitBeforeLoginAnswersAndClosesAndAsksForNothingElse() {
        var engine = new Pop3Engine(USER_ONLY);
        engine.on(new Event.Connected());
        var effects = engine.on(line("QUIT"));
        assertEquals("+OK bye\r\n", sent(effects.subList(0, 1)));
        assertEquals(List.of(new Effect.Close()), effects.subList(1, effects.size()));
    }

    @Test
    @Tag("protocol-29")
    @Tag("protocol-84")
    void afterTheCloseNothingIsHeard() {
        var session = FakeSession.loggedIn("x");
        session.send("DELE 1\r\nQUIT\r\nRSET\r\nNOOP\r\n");
        for (var event :
                List.of(
                        line("NOOP"),
                        new Event.Overlong(),
                        new Event.Connected(),
                        new Event.Retrieved(),
                        new Event.Unavailable(Problem.NONE),
                        new Event.Committed(0, Problem.NONE),
                        new Event.LoginRefused(Problem.AUTH),
                        new Event.Opened(table(0, _ -> 0, _ -> "")),
                        new Event.Challenged(new byte[0]),
                        new Event.Secured(USER_ONLY),
                        new Event.TurnedAway(Problem.NONE, ""),
                        new Event.Doomed(Problem.NONE, Text.TOO_MANY_COMMANDS))) {
            assertEquals(List.of(), session.engine.on(event), event.getClass().getSimpleName());
        }
        assertFalse(session.engine.waiting());
    }

    @Test
    @Tag("protocol-147")
    void aQuitWithoutItsLineEndIsNoQuit() {
        var session = FakeSession.loggedIn("x");
        assertEquals("+OK marked\r\n", session.command("DELE 1"));
        session.effects.clear();
        assertEquals("", session.send("QUIT"));
        assertEquals("", session.send("\r"));
        assertEquals(List.of(), session.effects);
    }

    // Login

    @Test
    @Tag("protocol-30")
    void okComesOnlyOnceTheMaildropIsOpen() {
        var engine = new Pop3Engine(USER_ONLY);
        engine.on(new Event.Connected());
        engine.on(line("USER alice"));
        var effects = engine.on(line("PASS " + PASSWORD));
        var authenticate = (Effect.Authenticate) effects.getFirst();
        assertEquals(1, effects.size());
        assertEquals(Effect.LoginCommand.USER_PASS, authenticate.command());
        assertArrayEquals(octets("alice\0" + PASSWORD), authenticate.response());
        assertTrue(engine.waiting());
        assertThrows(IllegalStateException.class, () -> engine.on(line("NOOP")));
        assertThrows(IllegalStateException.class, () -> engine.on(new Event.Overlong()));
        var opened = engine.on(new Event.Opened(table(2, number -> number, n -> "u" + n)));
        assertEquals("+OK 2 messages, 3 octets\r\n", sent(opened));
        assertFalse(engine.waiting());
    }

    @Test
    @Tag("protocol-48")
    void aRefusedLoginIsOneAnswerAndLeavesTheSessionBeforeLogin() {
        for (var problem : Problem.values()) {
            var engine = new Pop3Engine(USER_ONLY);
            engine.on(new Event.Connected());
            engine.on(line("USER alice"));
            engine.on(line("PASS x"));
            var code = problem == Problem.NONE ? "" : "[" + problem.code() + "] ";
            var answer = sent(engine.on(new Event.LoginRefused(problem)));
            assertTrue(answer.startsWith("-ERR " + code), answer);
            assertEquals("-ERR log in first\r\n", sent(engine.on(line("STAT"))));
        }
    }

    @Test
    void apopHandsNameAndDigestOnAsTheyAre() {
        var session = FakeSession.greeted(FULL);
        session.command("aPoP Alice 0123456789ABCDEF0123456789abcdef");
        assertEquals(List.of("APOP:Alice 0123456789ABCDEF0123456789abcdef"), session.responses);
    }

    @Test
    @Tag("protocol-38")
    @Tag("protocol-144")
    void octetsAbove7FReachTheMechanismUnchanged() {
        var high =
                IntStream.rangeClosed(0x80, 0xFF)
                        .mapToObj(Character::toString)
                        .collect(Collectors.joining());
        var session = FakeSession.greeted(USER_ONLY);
        assertEquals("+OK send PASS\r\n", session.command("USER j\u00f8rn"));
        session.command("PASS " + high);
        assertEquals(List.of("USER_PASS:j\u00f8rn\0" + high), session.responses);
    }

    @Test
    void passwordsAreWipedOnceHandedOn() {
        var engine = new Pop3Engine(FULL);
        engine.on(new Event.Connected());
        engine.on(line("USER alice"));
        for (var secret : List.of("PASS secret", "APOP alice 00", "AUTH PLAIN eHh4", "NOOP x")) {
            var octets = octets(secret);
            engine.on(new Event.Line(octets));
            assertArrayEquals(new byte[octets.length], octets);
            if (engine.waiting()) {
                engine.on(new Event.LoginRefused(Problem.AUTH));
            }
        }
        var unexpected = octets("PASS secret");
        engine.on(line("AUTH CRAM-MD5"));
        assertThrows(IllegalStateException.class, () -> engine.on(new Event.Line(unexpected)));
        assertArrayEquals(new byte[unexpected.length], unexpected);
    }

    @Test
    @Tag("protocol-4")
    void whatTheClientSentIsNeverPartOfAnAnswer() {
        var session = FakeSession.greeted(FULL);
        var said = new StringBuilder();
        for (var line :
                List.of(
                        "XYZZY",
                        "XYZZY XYZZY",
                        "USER XYZZY XYZZY",
                        "USER XYZZY",
                        "PASS XYZZY",
                        "APOP XYZZY XYZZY",
                        "AUTH XYZZY",
                        "AUTH PLAIN XYZZY",
                        "CAPA XYZZY",
                        "LIST XYZZY",
                        "USER alice",
                        "PASS " + PASSWORD,
                        "XYZZY",
                        "LIST XYZZY",
                        "TOP 1 XYZZY",
                        "USER XYZZY")) {
            said.append(session.command(line));
        }
        assertFalse(said.toString().contains("XYZ"), said.toString());
    }

    @Test
    @Tag("protocol-52")
    @Tag("protocol-55")
    void anEmptyInitialResponseIsPresentAndEmpty() {
        var session = FakeSession.greeted(FULL);
        session.command("AUTH FINAL =");
        assertEquals(List.of("FINAL:"), session.responses);
        assertEquals("+OK 0 messages, 0 octets\r\n", session.command(""));
        assertEquals(List.of("FINAL:", "FINAL:"), session.responses);
        assertEquals("-ERR already logged in\r\n", session.command("AUTH FINAL ="));
    }

    @Test
    @Tag("protocol-53")
    void challengesOfAnyLengthAreOneLineOfBase64() {
        var engine = new Pop3Engine(FULL);
        engine.on(new Event.Connected());
        engine.on(line("AUTH CRAM-MD5"));
        assertEquals("+ \r\n", sent(engine.on(new Event.Challenged(new byte[0]))));
        engine.on(line(""));
        assertEquals(
                "+ " + "AAAA".repeat(1000) + "\r\n",
                sent(engine.on(new Event.Challenged(new byte[3000]))));
    }

    @Test
    @Tag("protocol-57")
    void cancellingTellsTheMechanismOnlyIfItHasBegun() {
        var session = FakeSession.greeted(FULL);
        session.send("AUTH PLAIN\r\n*\r\n");
        assertTrue(session.effects.stream().noneMatch(Effect.CancelLogin.class::isInstance));
        session.send("AUTH CRAM-MD5\r\n*\r\n");
        assertTrue(session.effects.stream().anyMatch(Effect.CancelLogin.class::isInstance));
        assertFalse(session.engine.waiting());
    }

    @Test
    void aMechanismOfUserAndPassThatAsksBackIsBroken() {
        var engine = new Pop3Engine(FULL);
        engine.on(new Event.Connected());
        engine.on(line("USER alice"));
        engine.on(line("PASS x"));
        var effects = engine.on(new Event.Challenged(octets("more?")));
        assertEquals(new Effect.CancelLogin(), effects.getFirst());
        assertTrue(sent(effects.subList(1, 2)).startsWith("-ERR [SYS/PERM] "));
        assertFalse(engine.waiting());
    }

    @Test
    @Tag("protocol-61")
    void mechanismNamesAreFoundInAnyCase() {
        var session = FakeSession.greeted(FULL);
        session.command("AUTH pLaIn eHh4");
        session.command("AUTH CrAm-mD5");
        assertEquals(List.of("PLAIN:xxx", "CRAM-MD5:"), session.responses);
    }

    @Test
    @Tag("protocol-67")
    void nothingIsAskedForAfterTheOkOfAuth() {
        var session = FakeSession.greeted(FULL);
        var plain = "AUTH PLAIN AGFsaWNlACB0YW4gIHN0YWFmIA==";
        assertEquals("+OK 0 messages, 0 octets\r\n", session.command(plain));
        // No security layer: what follows is read as it comes.
        assertEquals("+OK 0 0\r\n", session.command("STAT"));
    }

    @Test
    @Tag("protocol-51")
    void codesAreSentAndAnnounced() {
        var session = FakeSession.greeted(FULL);
        var capabilities = session.command("CAPA");
        assertTrue(capabilities.contains("\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"));
        session.command("USER x");
        assertTrue(session.command("PASS x").startsWith("-ERR [AUTH]"));
    }

    @Test
    @Tag("protocol-62")
    @Tag("protocol-76")
    void oneCapaIsEnough() {
        var session = FakeSession.greeted(FULL, "x");
        var before = session.command("CAPA");
        session.send("USER alice\r\nPASS " + PASSWORD + "\r\n");
        var after = session.command("CAPA");
        assertEquals(
                before.replace("STLS\r\n", ""), after.replace("IMPLEMENTATION Postern\r\n", ""));
    }

    @Test
    @Tag("protocol-43")
    @Tag("protocol-44")
    void apopGoesWithTheStampOfTheOffer() {
        var session = FakeSession.greeted(FULL);
        session.command("STLS");
        assertEquals("-ERR not offered here\r\n", session.command("APOP alice 00"));
        var kept = FakeSession.greeted(FULL);
        kept.afterTls = new Offer(STAMP, true, List.of(), false);
        kept.command("STLS");
        assertEquals(REFUSED, kept.command("APOP alice 00"));
    }

    @Test
    @Tag("protocol-116")
    void tlsOverTlsIsNeverOffered() {
        var engine = new Pop3Engine(FULL);
        engine.on(new Event.Connected());
        assertInstanceOf(Effect.StartTls.class, engine.on(line("STLS")).getFirst());
        assertTrue(engine.waiting());
        assertThrows(IllegalStateException.class, () -> engine.on(line("CAPA")));
        assertThrows(IllegalArgumentException.class, () -> engine.on(new Event.Secured(FULL)));
    }

    @Test
    @Tag("protocol-84")
    void whatWasPipelinedBehindStlsIsNotRead() {
        var session = FakeSession.greeted(FULL);
        assertEquals("+OK begin TLS\r\n", session.send("STLS\r\nUSER alice\r\nPASS x\r\nCA"));
        assertEquals("-ERR unknown command\r\n", session.command("PA"));
    }

    // TRANSACTION

    @Test
    @Tag("protocol-143")
    void noLocaleAndNoForeignDigits() {
        var before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr-TR"));
            var session = FakeSession.loggedIn("x");
            assertEquals("+OK 1 messages, 3 octets\r\n1 3\r\n.\r\n", session.command("list"));
            assertEquals("+OK 1 messages\r\n1 uid-1\r\n.\r\n", session.command("uidl"));
            assertEquals("-ERR unknown command\r\n", session.command("l\u00dds\u00df"));
            // ARABIC-INDIC DIGIT ONE and FULLWIDTH DIGIT ONE in UTF-8
            assertEquals("-ERR a number is needed\r\n", session.command("LIST \u00d9\u00a1"));
            assertEquals("-ERR a number is needed\r\n", session.command("LIST \u00ef\u00bc\u0091"));
            assertEquals("+OK bye\r\n", session.command("quit"));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    @Tag("protocol-87")
    void totalsAreOf64Bits() {
        var engine = opened(table(3, _ -> 3_000_000_000_000_000_000L, n -> "u" + n));
        assertEquals("+OK 3 9000000000000000000\r\n", sent(engine.on(line("STAT"))));
        assertEquals("+OK 2 3000000000000000000\r\n", sent(engine.on(line("LIST 2"))));
        engine.on(line("DELE 3"));
        assertEquals("+OK 2 6000000000000000000\r\n", sent(engine.on(line("STAT"))));
    }

    @Test
    @Tag("protocol-84")
    void aPipelinedBatchIsAnsweredInOrder() {
        var session = FakeSession.loggedIn("one\n", "two\n");
        assertEquals(
                String.join(
                        "\r\n",
                        "+OK 2 10",
                        "+OK 5 octets",
                        "one",
                        ".",
                        "+OK marked",
                        "+OK 2 5",
                        "+OK 1 5",
                        "+OK bye",
                        ""),
                session.send("STAT\r\nRETR 1\r\nDELE 1\r\nLIST 2\r\nSTAT\r\nQUIT\r\nNOOP\r\n"));
    }

    @Test
    @Tag("protocol-100")
    void theStatusLineOfRetrGoesWithTheRequestSoThatItIsNotSentTooSoon() {
        var engine = opened(table(1, _ -> 7, n -> "u" + n));
        var effects = engine.on(line("RETR 1"));
        var retrieve = (Effect.Retrieve) effects.getFirst();
        assertEquals(1, effects.size());
        assertEquals(MessageEncoder.WHOLE, retrieve.bodyLines());
        assertEquals(7, retrieve.octets());
        assertEquals("+OK 7 octets\r\n", text(retrieve.head()));
        assertThrows(IllegalStateException.class, () -> engine.on(line("NOOP")));
        assertEquals(
                "-ERR [SYS/PERM] the message cannot be had\r\n",
                sent(engine.on(new Event.Unavailable(Problem.SYS_PERM))));
        assertEquals("+OK\r\n", sent(engine.on(line("NOOP"))));
    }

    @Test
    @Tag("protocol-101")
    void topAsksForBodyLinesAndForNoMoreThanAnIntHolds() {
        var engine = opened(table(1, _ -> 7, n -> "u" + n));
        for (var lines : List.of("0", "5", "2147483647", "2147483648", "99999999999999999999")) {
            var retrieve = (Effect.Retrieve) engine.on(line("TOP 1 " + lines)).getFirst();
            var expected = lines.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(lines);
            assertEquals(expected, retrieve.bodyLines());
            engine.on(new Event.Retrieved());
        }
    }

    @Test
    @Tag("protocol-102")
    void retrCountsAsSeenAndTopDoesNot() {
        var session = FakeSession.loggedIn("1", "2", "3", "4");
        session.unavailable.set(4);
        session.send("RETR 1\r\nTOP 2 0\r\nRETR 3\r\nRETR 4\r\nDELE 3\r\nQUIT\r\n");
        assertEquals(new Effect.Commit(bits(3), bits(1)), commit(session));
    }

    @Test
    @Tag("protocol-26")
    @Tag("protocol-110")
    @Tag("protocol-111")
    void onlyQuitAsksForARemovalAndOnlyOfWhatIsMarked() {
        var session = FakeSession.loggedIn("1", "2", "3");
        session.send("DELE 1\r\nRSET\r\nDELE 2\r\nDELE 2\r\nDELE 3\r\nRETR 1\r\nCAPA\r\nSTAT\r\n");
        assertTrue(session.effects.stream().noneMatch(Effect.Commit.class::isInstance));
        session.command("QUIT");
        assertEquals(new Effect.Commit(bits(2, 3), bits(1)), commit(session));
    }

    @Test
    @Tag("protocol-109")
    void manyMarksCostLittleEach() {
        var count = 300_000;
        var engine = opened(table(count, _ -> 1, n -> "u" + n));
        assertTimeoutPreemptively(
                Duration.ofSeconds(30),
                () -> {
                    for (var number = 1; number <= count; number++) {
                        engine.on(line("DELE " + number));
                        engine.on(line("STAT"));
                    }
                });
        assertEquals("+OK 0 0\r\n", sent(engine.on(line("STAT"))));
    }

    @Test
    @Tag("protocol-84")
    @Tag("protocol-88")
    void aListingThatIsSentLateDoesNotSeeLaterMarks() {
        var engine = opened(table(3, _ -> 1, n -> "u" + n));
        engine.on(line("DELE 3"));
        var list = engine.on(line("LIST"));
        var uidl = engine.on(line("UIDL"));
        engine.on(line("DELE 1"));
        engine.on(line("RSET"));
        engine.on(line("DELE 2"));
        assertEquals("+OK 2 messages, 2 octets\r\n1 1\r\n2 1\r\n.\r\n", sent(list));
        assertEquals("+OK 2 messages\r\n1 u1\r\n2 u2\r\n.\r\n", sent(uidl));
        assertEquals(
                "+OK 2 messages, 2 octets\r\n1 1\r\n3 1\r\n.\r\n", sent(engine.on(line("LIST"))));
    }

    @Test
    @Tag("protocol-88")
    @Tag("protocol-106")
    void halfAMillionMessagesAreListedThroughFourKibioctets() {
        var count = 500_000;
        var engine = opened(table(count, n -> n * 7L, n -> "unique-id." + n));
        engine.on(line("DELE 499999"));
        for (var command : List.of("LIST", "UIDL")) {
            var reply = ((Effect.Send) engine.on(line(command)).getFirst()).reply();
            var source = reply.octets();
            var buffer = ByteBuffer.allocate(4096);
            var line = new StringBuilder();
            var number = -1;
            for (var last = false; !last; ) {
                last = source.fill(buffer.clear());
                assertTrue(last || !buffer.hasRemaining(), "a buffer was not filled");
                for (var octet : buffer.flip().array()) {
                    if (octet == '\n' && number < count) {
                        number += number == count - 2 ? 2 : 1;
                        var list = command.equals("LIST");
                        var value = list ? "" + number * 7L : "unique-id." + number;
                        assertEquals(
                                number == 0
                                        ? "+OK 499999 messages"
                                                + (list ? ", 874998250007 octets\r" : "\r")
                                        : number + " " + value + "\r",
                                line.toString());
                        line.setLength(0);
                    } else if (octet != '\n' && number < count) {
                        line.append((char) octet);
                    }
                }
                if (last) {
                    var end = buffer.limit();
                    assertEquals(count, number);
                    assertEquals('.', buffer.get(end - 3));
                    assertEquals('\r', buffer.get(end - 2));
                    assertEquals('\n', buffer.get(end - 1));
                }
            }
        }
    }

    // UPDATE

    @Test
    @Tag("protocol-112")
    @Tag("protocol-113")
    void quitIsAnsweredAfterTheRemovalAndClosesWhateverComesOfIt() {
        for (var problem : Problem.values()) {
            for (var failed : List.of(0, 2)) {
                var engine = opened(table(2, _ -> 1, n -> "u" + n));
                engine.on(line("DELE 1"));
                assertEquals(
                        List.of(new Effect.Commit(bits(1), new BitSet())), engine.on(line("QUIT")));
                assertTrue(engine.waiting());
                var effects = engine.on(new Event.Committed(failed, problem));
                var good = failed == 0 && problem == Problem.NONE;
                assertTrue(sent(effects.subList(0, 1)).startsWith(good ? "+OK" : "-ERR"));
                assertEquals(new Effect.Close(), effects.getLast());
                assertEquals(2, effects.size());
            }
        }
    }

    // Doomed

    @Test
    @Tag("protocol-26")
    @Tag("protocol-142")
    void aDoomedSessionRemovesNothing() {
        for (var command : List.of("QUIT", "NOOP", "RETR 1", "DELE 1", "x".repeat(300), "")) {
            var session = FakeSession.loggedIn("1", "2");
            session.command("DELE 2");
            session.on(new Event.Doomed(Problem.SYS_TEMP, Text.LOCK_LOST));
            assertEquals("", session.said());
            session.effects.clear();
            assertEquals("-ERR [SYS/TEMP] maildrop lock lost\r\n", session.command(command));
            assertEquals(2, session.effects.size());
            assertTrue(session.closed);
        }
    }

    @Test
    @Tag("protocol-142")
    void whatIsUnderWayIsAnsweredBeforeTheDoomIs() {
        var engine = opened(table(1, _ -> 1, n -> "u" + n));
        engine.on(line("RETR 1"));
        assertEquals(List.of(), engine.on(new Event.Doomed(Problem.SYS_TEMP, Text.SHUTTING_DOWN)));
        assertTrue(engine.waiting());
        assertEquals(List.of(), engine.on(new Event.Retrieved()));
        assertEquals(
                "-ERR [SYS/TEMP] the server is shutting down\r\n",
                sent(engine.on(line("QUIT")).subList(0, 1)));
    }

    @Test
    @Tag("protocol-142")
    void aDoomedLoginIsCancelled() {
        var session = FakeSession.greeted(FULL);
        session.command("AUTH CRAM-MD5");
        session.on(new Event.Doomed(Problem.SYS_TEMP, Text.SHUTTING_DOWN));
        session.effects.clear();
        assertEquals("-ERR [SYS/TEMP] the server is shutting down\r\n", session.command("eHh4"));
        assertInstanceOf(Effect.CancelLogin.class, session.effects.getFirst());
        assertTrue(session.closed);
    }

    @Test
    void answersThatNothingWaitsForAreRefused() {
        var session = FakeSession.loggedIn("1");
        for (var event :
                List.of(
                        new Event.Retrieved(),
                        new Event.Unavailable(Problem.NONE),
                        new Event.Committed(0, Problem.NONE),
                        new Event.LoginRefused(Problem.AUTH),
                        new Event.Opened(session.table()),
                        new Event.Challenged(new byte[0]),
                        new Event.Secured(USER_ONLY),
                        new Event.TurnedAway(Problem.NONE, ""),
                        new Event.Connected())) {
            assertThrows(IllegalStateException.class, () -> session.engine.on(event));
        }
        assertEquals("+OK 1 3\r\n", session.command("STAT"));
    }

    private static Pop3Engine opened(MessageTable messages) {
        var engine = new Pop3Engine(USER_ONLY);
        engine.on(new Event.Connected());
        engine.on(line("USER alice"));
        engine.on(line("PASS " + PASSWORD));
        engine.on(new Event.Opened(messages));
        return engine;
    }

    private static Event.Line line(String text) {
        return new Event.Line(octets(text));
    }

    /** The text of the one reply that there is. */
    private static String sent(List<Effect> effects) {
        assertEquals(1, effects.size(), effects::toString);
        return text(((Effect.Send) effects.getFirst()).reply());
    }

    private static Effect commit(FakeSession session) {
        return session.effects.stream()
                .filter(Effect.Commit.class::isInstance)
                .reduce((_, _) -> {
                    throw new AssertionError("two commits");
                })
                .orElseThrow();
    }

    private static BitSet bits(int... numbers) {
        return IntStream.of(numbers).collect(BitSet::new, BitSet::set, BitSet::or);
    }
}
