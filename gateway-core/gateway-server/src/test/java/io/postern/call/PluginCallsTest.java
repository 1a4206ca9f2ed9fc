package io.postern.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.spi.Fault;
import io.postern.spi.auth.UserDirectory;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

class PluginCallsTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final AtomicLong clock = new AtomicLong();
    private final PluginCalls calls =
            new PluginCalls(Duration.ofMillis(100), Duration.ofSeconds(5), clock::get);

    private static final class Some implements UserDirectory {}

    @Test
    void callsAreCountedAndTheSlowestIsKnown() throws Exception {
        var plugin = new Some();
        assertEquals("no calls", calls.shown(plugin));
        assertEquals("yes", calls.ask(plugin, "answer", LONG, () -> after(20, "yes")));
        assertEquals("no", calls.ask(plugin, "think", LONG, () -> after(7_000, "no")));
        assertThrows(
                IllegalStateException.class,
                () ->
                        calls.ask(
                                plugin,
                                "fail",
                                LONG,
                                () -> {
                                    throw new IllegalStateException("a defect");
                                }));
        assertEquals("3 calls, 1 failed, slowest 7000 ms (think)", calls.shown(plugin));
        calls.forget(plugin);
        assertEquals("no calls", calls.shown(plugin));
    }

    @Test
    void aCallThatTakesTooLongIsATemporaryFaultThatSaysWhoAndWhat() {
        var plugin = new Some();
        var fault =
                assertThrows(
                        Fault.class,
                        () ->
                                calls.askInTime(
                                        plugin,
                                        "answer",
                                        () -> {
                                            new CountDownLatch(1).await();
                                            return "";
                                        }));
        assertEquals(Fault.Kind.TEMPORARY, fault.kind());
        assertEquals("some did not answer within PT0.1S", fault.getMessage());
        assertTrue(calls.shown(plugin).startsWith("1 calls, 1 failed"));
    }

    @Test
    void whatAPluginThrowsComesAsItIs() {
        var plugin = new Some();
        var thrown =
                assertThrows(
                        AssertionError.class,
                        () ->
                                calls.askInTime(
                                        plugin,
                                        "answer",
                                        Duration.ofSeconds(30),
                                        () -> {
                                            throw new AssertionError("an error");
                                        },
                                        _ -> {},
                                        () -> {}));
        assertEquals("an error", thrown.getMessage());
    }

    private String after(long millis, String answer) {
        clock.addAndGet(millis * 1_000_000);
        return answer;
    }
}
