package io.postern.auth.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

class PaceTest {
    private static final Verdict WRONG = new Verdict.Refused(Reason.WRONG_PROOF);
    private static final Verdict UNKNOWN = new Verdict.Refused(Reason.UNKNOWN_USER);

    /** How long the server takes for a user. */
    private static final Duration WORK = Duration.ofMillis(60);

    @Test
    @Tag("protocol-40")
    void aStrangerWaitsAsLongAsAUserTakes() throws Exception {
        var pace = new Pace();
        pace.even(PaceTest::working);
        long begun = System.nanoTime();
        assertEquals(UNKNOWN, pace.even(() -> UNKNOWN));
        assertTrue(System.nanoTime() - begun >= WORK.toNanos(), "the stranger was quicker");
    }

    @Test
    void whereNobodyIsKnownYetNobodyWaits() throws Exception {
        assertEquals(UNKNOWN, new Pace().even(() -> UNKNOWN));
    }

    private static Verdict working() throws InterruptedException {
        // Nothing opens it: the time passes.
        var never = new CountDownLatch(1);
        assertEquals(false, never.await(WORK.toMillis(), TimeUnit.MILLISECONDS));
        return WRONG;
    }
}
