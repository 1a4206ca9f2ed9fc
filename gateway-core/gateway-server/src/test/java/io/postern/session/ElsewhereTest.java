package io.postern.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.concurrent.atomic.AtomicLong;

class ElsewhereTest {
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 2);
    private final Elsewhere elsewhere = new Elsewhere(clock::get);

    @Test
    void onlyVisitsCountAndOneThatLastsDoes() {
        clock.addAndGet(5);
        assertEquals(0, elsewhere.nanos());
        try (var _ = elsewhere.visit()) {
            clock.addAndGet(7);
            assertEquals(7, elsewhere.nanos());
        }
        clock.addAndGet(100);
        assertEquals(7, elsewhere.nanos());
        try (var _ = elsewhere.visit()) {
            clock.addAndGet(1);
        }
        assertEquals(8, elsewhere.nanos());
    }

    @Test
    void visitsThatOverlapCountOnce() {
        try (var _ = elsewhere.visit()) {
            clock.addAndGet(2);
            try (var _ = elsewhere.visit()) {
                clock.addAndGet(3);
            }
            clock.addAndGet(4);
        }
        assertEquals(9, elsewhere.nanos());
    }
}
