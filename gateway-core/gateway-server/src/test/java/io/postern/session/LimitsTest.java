package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.limit.Gate;
import io.postern.limit.Limit;
import io.postern.limit.ListenerLimits;
import io.postern.limit.Networks;
import io.postern.limit.Penalties;
import io.postern.limit.Refusals;
import io.postern.limit.UserSessions;
import io.postern.spi.Fault;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Standing;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** What a session does where a limit is reached, a failure punished, or a policy asked. */
class LimitsTest {
    private static final InetAddress CLIENT = Networks.address("192.0.2.1");
    private static final InetAddress OTHER = Networks.address("192.0.2.2");

    private final Scene scene = Scene.usual();
    private final Refusals refusals = new Refusals();
    private final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());

    private Gate gate(int connections, int sessions, int bad, int octets, int lines) {
        return gate(new ListenerLimits(connections, 99, sessions, 99, 9, bad, 99, octets, lines));
    }

    private Gate gate(ListenerLimits limits) {
        return new Gate("[::]:110", limits, Networks.NONE, refusals);
    }

    private FakeConnection from(Gate gate, InetAddress client) {
        return scene.connected(new FakeConnection(scene.journal).by(gate, client));
    }

    private FakeConnection greeted(Gate gate, InetAddress client) throws InterruptedException {
        var connection = from(gate, client);
        assertTrue(connection.line().startsWith("+OK"));
        return connection;
    }

    private void guard(Optional<LoginPolicy> policy) {
        var penalties =
                new Penalties(
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(16),
                        Networks.NONE,
                        scene.clock::get);
        scene.guard = new LoginGuard(penalties, new UserSessions(), refusals, pauses::add);
        scene.policy = policy;
    }

    private static String login(FakeConnection client, String user, String password)
            throws InterruptedException {
        client.says("USER " + user + "\r\nPASS " + password + "\r\n");
        assertEquals("+OK send PASS", client.line());
        return client.line();
    }

    @Test
    @Tag("protocol-19")
    void whoMayNotStayIsToldSoInPlaceOfTheGreeting() throws InterruptedException {
        var gate = gate(1, 9, 9, 999, 9);
        greeted(gate, CLIENT);
        var second = from(gate, OTHER);
        var rest = second.rest();
        assertTrue(rest.startsWith("-ERR [SYS/TEMP] "), rest);
        assertEquals(1, rest.lines().count());
        Scene.over(second);
        assertEquals(0, scene.locks.acquired());
        assertEquals(1, refusals.value(Limit.CONNECTIONS));
    }

    @Test
    void aUserHasOnlySoManySessionsAndAnEndedOneMakesRoom() throws InterruptedException {
        var gate = gate(99, 1, 99, 9_999, 99);
        var first = greeted(gate, CLIENT);
        assertTrue(login(first, "alice", Scene.SECRET).startsWith("+OK"));
        var second = greeted(gate, OTHER);
        var refused = login(second, "alice", Scene.SECRET);
        assertTrue(refused.startsWith("-ERR [IN-USE] "), refused);
        assertEquals(1, refusals.value(Limit.SESSIONS_PER_USER));
        first.says("QUIT\r\n");
        first.rest();
        Scene.over(first);
        assertTrue(login(second, "alice", Scene.SECRET).startsWith("+OK"));
    }

    @Test
    void badCommandsInARowEndTheSessionAndAGoodOneStartsTheCountAgain()
            throws InterruptedException {
        var client = greeted(gate(9, 9, 3, 9_999, 99), CLIENT);
        client.says("XYZ\r\nCAPA now\r\nCAPA\r\nXYZ\r\n\r\nPASS\r\nNOOP\r\nCAPA\r\n");
        var answers = client.rest().lines().filter(it -> it.startsWith("-ERR")).toList();
        assertEquals(6, answers.size(), answers::toString);
        assertEquals("-ERR too many commands", answers.getLast());
        assertEquals(1, refusals.value(Limit.BAD_COMMANDS));
    }

    /** The first three are answered, wherever they stand; the next command is the last. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "XYZ\r\nXYZ\r\nXYZ\r\n",
                "EHLO x\r\nCAPA\r\nSTAT\r\nCAPA\r\nUSER\r\n",
                "\r\n \r\nUSER a\r\nCAPA\r\n\u0000\r\n",
                "PASS x\r\nUSER a\r\nPASS\r\nRETR 1\r\n"
            })
    void beforeALoginThreeBadCommandsAreTooMany(String lines) throws InterruptedException {
        for (var next : List.of("CAPA", "XYZ", "USER alice", "QUIT now")) {
            var client = greeted(gate(ListenerLimits.USUAL), CLIENT);
            client.says(lines + next + "\r\n" + "CAPA\r\n");
            var answers = client.rest().lines().filter(it -> it.startsWith("-ERR")).toList();
            assertEquals(4, answers.size(), answers::toString);
            assertEquals("-ERR too many commands", answers.getLast());
            Scene.over(client);
        }
        assertEquals(4, refusals.value(Limit.BAD_COMMANDS_BEFORE_LOGIN));
        assertEquals(0, refusals.value(Limit.BAD_COMMANDS));
    }

    @Test
    void afterAnyNumberOfBadCommandsQuitIsAnswered() throws InterruptedException {
        var client = greeted(gate(ListenerLimits.USUAL), CLIENT);
        client.says("XYZ\r\nXYZ\r\nXYZ\r\nquit \r\n");
        assertEquals("+OK bye", client.rest().lines().toList().getLast());
        Scene.over(client);
        assertEquals(0, refusals.value(Limit.BAD_COMMANDS_BEFORE_LOGIN));
    }

    @Test
    void twoBadCommandsBeforeALoginAreForgotten() throws InterruptedException {
        var client = greeted(gate(ListenerLimits.USUAL), CLIENT);
        client.says("XYZ\r\nSTAT\r\n");
        assertTrue(client.line().startsWith("-ERR"));
        assertTrue(client.line().startsWith("-ERR"));
        assertTrue(login(client, "alice", Scene.SECRET).startsWith("+OK"));
        for (var line = 0; line < 10; line++) {
            client.says("XYZ\r\n");
            assertEquals("-ERR unknown command", client.line());
        }
        client.says("NOOP\r\n");
        assertEquals("+OK", client.line());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: mail.example.org\r\n\r\n",
                "GET /\r\n",
                "POST /login?a=b HTTP/1.0\r\n",
                "OPTIONS * HTTP/1.1\r\n",
                "CONNECT mail.example.org:443 HTTP/1.1\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "PROPFIND /dav/ HTTP/1.1\r\n",
                "M-SEARCH * HTTP/1.1\r\n",
                "GET /b\u00fccher HTTP/1.1\n",
                "CAPA\r\nGET / HTTP/1.1\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001",
                "\u0016",
                "\u0016\u0003\u0003\u0000\u0005CAPA\r\nQUIT\r\n",
            })
    void anotherProtocolEndsTheSessionAtOnceAndWithoutAWord(String says)
            throws InterruptedException {
        var client = greeted(gate(ListenerLimits.USUAL), CLIENT);
        client.says(says);
        assertFalse(client.rest().contains("-ERR"));
        Scene.over(client);
        assertEquals(1, refusals.value(Limit.OTHER_PROTOCOL));
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1", "x HTTP/1.1", "\u0016"})
    void whatAPasswordContainsIsNoOtherProtocol(String password) throws InterruptedException {
        var client = greeted(gate(ListenerLimits.USUAL), CLIENT);
        client.says("USER alice\r\nPASS " + password + "\r\n");
        assertTrue(client.line().startsWith("+OK"));
        assertTrue(client.line().startsWith("-ERR"));
        client.says("get\r\n\u0016\r\n");
        assertTrue(client.line().startsWith("-ERR"));
        assertTrue(client.line().startsWith("-ERR"));
        assertEquals(0, refusals.value(Limit.OTHER_PROTOCOL));
    }

    @Test
    void linesBeforeALoginAreLimitedAndThoseAfterItAreNot() throws InterruptedException {
        var gate = gate(9, 9, 99, 9_999, 3);
        var client = greeted(gate, CLIENT);
        client.says("CAPA\r\nCAPA\r\nCAPA\r\nCAPA\r\nCAPA\r\n");
        var answers = client.rest().lines().filter(it -> it.matches("(\\+OK|-ERR).*")).toList();
        assertEquals(4, answers.size(), answers::toString);
        assertEquals("-ERR too many commands", answers.getLast());
        assertEquals(1, refusals.value(Limit.LINES_BEFORE_LOGIN));

        var other = greeted(gate, OTHER);
        assertTrue(login(other, "alice", Scene.SECRET).startsWith("+OK"));
        for (var line = 0; line < 10; line++) {
            other.says("NOOP\r\n");
            assertEquals("+OK", other.line());
        }
    }

    @Test
    void octetsBeforeALoginAreLimited() throws InterruptedException {
        var gate = gate(9, 9, 99, 300, 99);
        var client = greeted(gate, CLIENT);
        client.says("CAPA" + " ".repeat(200) + "\r\n");
        client.says("CAPA" + " ".repeat(200) + "\r\n");
        assertTrue(client.rest().endsWith("-ERR too many commands\r\n"));

        var endless = greeted(gate, OTHER);
        endless.says("X".repeat(200));
        assertFalse(endless.closed());
        endless.says("X".repeat(101));
        assertEquals("", endless.rest());
        assertEquals(2, refusals.value(Limit.OCTETS_BEFORE_LOGIN));
    }

    @Test
    @Tag("protocol-40")
    void failuresMakeTheNextAttemptWaitWhoeverIsAskedFor() throws InterruptedException {
        guard(Optional.empty());
        var client = greeted(gate(9, 9, 9, 9_999, 99), CLIENT);
        for (var user : List.of("alice", "nobody")) {
            var answers = new ArrayList<String>();
            for (var guess = 0; guess < 4; guess++) {
                answers.add(login(client, user, "guess" + guess));
            }
            assertEquals(Collections.nCopies(4, "-ERR [AUTH] login refused"), answers);
            assertEquals(List.of(Duration.ofSeconds(1), Duration.ofSeconds(2)), pauses);
            pauses.clear();
        }
        // Another address, the right password: it waits as well, or the time would say so.
        assertTrue(
                login(greeted(gate(9, 9, 9, 999, 9), OTHER), "alice", Scene.SECRET)
                        .startsWith("+OK"));
        assertEquals(List.of(Duration.ofSeconds(4)), pauses);
    }

    /** Guesses that come all at once, before the first of them has failed, gain nothing by that. */
    @Test
    void whoBecomesASuspectBeforeItsTurnWaitsAsOne() throws InterruptedException {
        AuthPolicy others =
                new AuthPolicy() {
                    @Override
                    public Ruling before(Attempt attempt) {
                        for (var guess = 1; guess <= 20; guess++) {
                            scene.guard.penalties().failed(CLIENT, "user" + guess, guess);
                        }
                        return new Allow();
                    }
                };
        guard(Optional.of(new LoginPolicy(others, Duration.ofSeconds(20), false)));
        var client = greeted(gate(9, 9, 9, 999, 9), CLIENT);
        assertTrue(login(client, "alice", "guess").startsWith("-ERR [AUTH]"));
        assertEquals(1, pauses.size());
    }

    @Test
    void aDirectorySeesWhoHasLoggedInBeforeAndWhoIsSuspect() throws InterruptedException {
        guard(Optional.empty());
        var asked = Collections.synchronizedList(new ArrayList<Standing>());
        var users = scene.directories.stream().map(PasswordDirectory.class::cast).findFirst();
        PasswordDirectory curious =
                (name, password) -> {
                    asked.add(Standing.current());
                    return users.orElseThrow().verify(name, password);
                };
        scene.directories = List.of(curious);
        for (var visit = 0; visit < 2; visit++) {
            var owner = greeted(gate(9, 9, 9, 9_999, 99), CLIENT);
            assertTrue(login(owner, "alice", Scene.SECRET).startsWith("+OK"));
            owner.says("QUIT\r\n");
            owner.rest();
            Scene.over(owner);
        }
        var guesser = greeted(gate(9, 9, 9, 9_999, 99), OTHER);
        for (var guess = 0; guess < 3; guess++) {
            assertTrue(login(guesser, "alice", "guess" + guess).startsWith("-ERR [AUTH]"));
        }
        assertTrue(login(guesser, "bob", "guess").startsWith("-ERR [AUTH]"));
        assertEquals(
                List.of(
                        Standing.STRANGER,
                        Standing.KNOWN,
                        Standing.STRANGER,
                        Standing.STRANGER,
                        Standing.SUSPECT,
                        Standing.STRANGER),
                asked);
    }

    @Test
    void theSameWrongPasswordMakesNobodyWait() throws InterruptedException {
        guard(Optional.empty());
        var client = greeted(gate(9, 9, 9, 9_999, 99), CLIENT);
        for (var poll = 0; poll < 20; poll++) {
            assertTrue(login(client, "alice", "outdated").startsWith("-ERR [AUTH]"));
        }
        assertTrue(login(client, "alice", Scene.SECRET).startsWith("+OK"));
        assertEquals(List.of(), pauses);
    }

    @Test
    void aDirectoryThatFailsIsNobodysFault() throws InterruptedException {
        guard(Optional.empty());
        PasswordDirectory broken =
                (_, _) -> {
                    throw Fault.temporary("away", null);
                };
        scene.directories = List.of(broken);
        var client = greeted(gate(9, 9, 9, 9_999, 99), CLIENT);
        for (var attempt = 0; attempt < 20; attempt++) {
            assertTrue(login(client, "alice", "pw" + attempt).startsWith("-ERR [SYS/TEMP]"));
        }
        assertEquals(List.of(), pauses);
    }

    /** A policy of two answers. */
    private record Answers(Object before, Object after, List<String> heard) implements AuthPolicy {
        @Override
        public Ruling before(Attempt attempt) throws Fault, InterruptedException {
            heard.add("before " + attempt.name() + " " + attempt.client().getHostAddress());
            return say(before);
        }

        @Override
        public Ruling after(Attempt attempt, Verdict verdict) throws Fault, InterruptedException {
            heard.add("after " + attempt.name() + " " + verdict);
            return say(after);
        }

        private static Ruling say(Object answer) throws Fault, InterruptedException {
            return switch (answer) {
                case Ruling ruling -> ruling;
                case Fault fault -> throw fault;
                case RuntimeException defect -> throw defect;
                case Scene.Gate gate -> {
                    gate.pass();
                    yield new Allow();
                }
                default -> null;
            };
        }
    }

    private String policed(Object before, Object after, boolean allow) throws Exception {
        heard.clear();
        guard(
                Optional.of(
                        new LoginPolicy(
                                new Answers(before, after, heard),
                                before instanceof Scene.Gate
                                        ? Duration.ofMillis(20)
                                        : Duration.ofSeconds(20),
                                allow)));
        var fresh = new Scene(Scene.ONE);
        fresh.guard = scene.guard;
        fresh.policy = scene.policy;
        var client =
                fresh.connected(
                        new FakeConnection(fresh.journal).by(gate(9, 9, 9, 999, 9), CLIENT));
        client.line();
        return login(client, "alice", Scene.SECRET);
    }

    private final List<String> heard = Collections.synchronizedList(new ArrayList<>());

    @Test
    void aPolicyIsAskedBeforeAndAfterAndItsRefusalIsThatOfAWrongPassword() throws Exception {
        var allow = new AuthPolicy.Allow();
        var refuse = new AuthPolicy.Refuse("bad neighbourhood");
        assertTrue(policed(allow, allow, false).startsWith("+OK"));
        assertEquals(2, heard.size());
        assertEquals("before alice 192.0.2.1", heard.getFirst());
        assertTrue(heard.getLast().startsWith("after alice Accepted"), heard.getLast());

        assertEquals("-ERR [AUTH] login refused", policed(refuse, allow, false));
        assertEquals("-ERR [AUTH] login refused", policed(allow, refuse, false));
        assertEquals(List.of(), pauses);
        assertTrue(
                policed(new AuthPolicy.Delay(Duration.ofHours(1)), allow, false).startsWith("+OK"));
        assertEquals(List.of(Duration.ofMinutes(1)), pauses);
    }

    @Test
    @Tag("protocol-48")
    void aPolicyThatFailsRefusesForNowOrLetsPassAsItIsConfigured() throws Exception {
        var allow = new AuthPolicy.Allow();
        for (var failure :
                List.of(
                        Fault.temporary("away", null),
                        new IllegalStateException("bug"),
                        new Object(),
                        new Scene.Gate())) {
            var refused = policed(failure, allow, false);
            assertTrue(refused.startsWith("-ERR [SYS/TEMP] "), refused);
            assertTrue(policed(failure, allow, true).startsWith("+OK"));
        }
        assertTrue(policed(allow, new IllegalStateException("bug"), false).contains("SYS/TEMP"));
        assertEquals(9, refusals.value(Limit.POLICY));
    }
}
