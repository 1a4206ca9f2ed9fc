package io.postern.call;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

class BoundedTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final List<String> heard = new CopyOnWriteArrayList<>();

    private String ask(Duration limit, Bounded.Question<String> question) throws Exception {
        return Bounded.ask(
                limit,
                question,
                answer -> heard.add("too late: " + answer),
                () -> heard.add("left"));
    }

    @Test
    void anAnswerInTimeIsTheCallers() throws Exception {
        assertEquals("yes", ask(LONG, () -> "yes"));
        var thrown = assertThrows(ExecutionException.class, () -> ask(LONG, () -> fail("no")));
        assertEquals("no", thrown.getCause().getMessage());
        assertEquals(List.of(), heard);
    }

    @Test
    void whatTakesTooLongIsLeftBehindWithItsAnswer() {
        var go = new CountDownLatch(1);
        assertThrows(
                TimeoutException.class,
                () ->
                        ask(
                                Duration.ofMillis(1),
                                () -> {
                                    awaitDeaf(go);
                                    return "yes";
                                }));
        assertEquals(List.of(), heard);
        go.countDown();
        await().until(() -> heard.equals(List.of("too late: yes", "left")));
    }

    /** Whether the answer comes before the interrupt or after it: the caller never goes on. */
    @RepeatedTest(20)
    void whoIsInterruptedTakesNoAnswer() {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> ask(LONG, () -> "yes"));
        await().until(() -> heard.equals(List.of("too late: yes", "left")));
    }

    @RepeatedTest(20)
    void whoIsInterruptedHearsOfNoFailure() {
        Thread.currentThread().interrupt();
        try {
            ask(LONG, () -> fail("no"));
            throw new AssertionError("no failure and no interrupt");
        } catch (InterruptedException e) {
            await().until(() -> heard.equals(List.of("left")));
        } catch (Exception e) {
            // It had failed before anybody waited: that is told, and the interrupt stays.
            assertEquals("no", e.getCause().getMessage());
            assertEquals(true, Thread.interrupted());
            assertEquals(List.of(), heard);
        }
    }

    private static String fail(String why) {
        throw new IllegalStateException(why);
    }

    private static void awaitDeaf(CountDownLatch go) {
        while (go.getCount() > 0) {
            try {
                go.await();
            } catch (InterruptedException deaf) {
                // Waits on.
            }
        }
    }
}
