package io.postern.auth.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

class AnswerCacheTest {
    private static final Verdict ALICE = new Verdict.Accepted(new User("alice"));
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
    private final AnswerCache cache = new AnswerCache(Duration.ofMinutes(1), 3, nanos::get);

    /** The server's users; no entry is a stranger. */
    private final Map<String, String> passwords = new HashMap<>(Map.of("alice", "one"));

    private int asked;

    private Verdict ask(String name, String text) throws Exception {
        return ask(cache, name, text);
    }

    private Verdict ask(AnswerCache here, String name, String text) throws Exception {
        return ask(here, name, text, "");
    }

    private Verdict ask(AnswerCache here, String name, String text, String besides)
            throws Exception {
        try (var password = Secret.of(text)) {
            return here.verify(
                    name,
                    password,
                    besides,
                    () -> {
                        asked++;
                        var user = name.toLowerCase(Locale.ROOT);
                        if (!passwords.containsKey(user)) {
                            return UNKNOWN;
                        }
                        return passwords.get(user).equals(text)
                                ? new Verdict.Accepted(new User(user))
                                : WRONG;
                    });
        }
    }

    @Test
    void whoWasLetInIsLetInAgainWithoutAskingUntilTheTimeIsOver() throws Exception {
        assertEquals(ALICE, ask("alice", "one"));
        nanos.addAndGet(Duration.ofSeconds(59).toNanos());
        assertEquals(ALICE, ask("alice", "one"));
        assertEquals(1, asked);
        nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        assertEquals(ALICE, ask("alice", "one"));
        assertEquals(2, asked);
    }

    @Test
    void aRefusalIsNeverRemembered() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertEquals(WRONG, ask("alice", "two"));
            assertEquals(UNKNOWN, ask("bob", "one"));
        }
        assertEquals(6, asked);
    }

    @Test
    void anotherPasswordIsAlwaysAskedAboutAndDoesNotUndoTheRightOne() throws Exception {
        ask("alice", "one");
        assertEquals(WRONG, ask("alice", "two"));
        assertEquals(2, asked);
        assertEquals(ALICE, ask("alice", "one"));
        assertEquals(2, asked);
    }

    @Test
    void theOldPasswordEndsOnceTheNewOneIsSeenUnderAnySpelling() throws Exception {
        ask("alice", "one");
        passwords.put("alice", "two");
        assertEquals(ALICE, ask("ALICE", "two"));
        assertEquals(WRONG, ask("alice", "one"));
    }

    @Test
    void aUserWhomTheServerNoLongerKnowsIsForgotten() throws Exception {
        ask("alice", "one");
        passwords.remove("alice");
        assertEquals(UNKNOWN, ask("alice", "other"));
        assertEquals(UNKNOWN, ask("alice", "one"));
    }

    @Test
    void itHoldsNoMoreThanItMayAndDropsTheLongestUnused() throws Exception {
        for (var name : new String[] {"a", "b", "c"}) {
            passwords.put(name, "x");
            ask(name, "x");
        }
        ask("a", "x");
        assertEquals(3, asked);
        passwords.put("d", "x");
        ask("d", "x");
        ask("a", "x");
        ask("c", "x");
        assertEquals(4, asked);
        ask("b", "x");
        assertEquals(5, asked);
    }

    @Test
    void anOutageIsNotRemembered() throws Exception {
        try (var password = Secret.of("one")) {
            assertThrows(
                    Fault.class,
                    () ->
                            cache.verify(
                                    "alice",
                                    password,
                                    () -> {
                                        throw Fault.temporary("down", null);
                                    }));
        }
        assertEquals(ALICE, ask("alice", "one"));
        assertEquals(1, asked);
    }

    @Test
    void anAnswerHoldsOnlyForWhatItWasAskedWith() throws Exception {
        for (int i = 0; i < 2; i++) {
            assertEquals(ALICE, ask(cache, "alice", "one", "192.0.2.7"));
        }
        assertEquals(1, asked);
        ask(cache, "alice", "one", "192.0.2.8");
        ask(cache, "alice", "one");
        assertEquals(3, asked);
    }

    @Test
    void ofNoTimeItRemembersNothing() throws Exception {
        var off = new AnswerCache(Duration.ZERO, 3, nanos::get);
        ask(off, "alice", "one");
        ask(off, "alice", "one");
        assertEquals(2, asked);
    }

    @Test
    void theNameIsPartOfWhatIsCompared() throws Exception {
        passwords.put("bob", "one");
        ask("alice", "one");
        assertEquals(new Verdict.Accepted(new User("bob")), ask("bob", "one"));
        assertEquals(2, asked);
    }
}
