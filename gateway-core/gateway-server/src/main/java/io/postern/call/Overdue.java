package io.postern.call;

import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Tells calls that their time is over. Nearly all end long before that, so that a timer for each
 * would cost more than many of the calls: one thread looks at all of them, some times a second, and
 * rests where there are none.
 */
final class Overdue {
    /** Between two looks. */
    static final Duration LOOK = Duration.ofMillis(50);

    /** Looks at nothing before it rests: who waits for the next call does not wake it each time. */
    private static final int IDLE_LOOKS = 20;

    /** Until when, by {@link System#nanoTime}. */
    private static final ConcurrentMap<Bounded<?>, Long> CALLS = new ConcurrentHashMap<>();

    private static final AtomicBoolean RESTS = new AtomicBoolean();

    private static final Thread WATCH =
            Thread.ofPlatform().daemon().name("overdue calls").start(Overdue::look);

    private Overdue() {}

    static void watch(Bounded<?> call, Duration limit) {
        CALLS.put(call, System.nanoTime() + limit.toNanos());
        if (RESTS.get() && RESTS.compareAndSet(true, false)) {
            LockSupport.unpark(WATCH);
        }
    }

    static void forget(Bounded<?> call) {
        CALLS.remove(call);
    }

    private static void look() {
        var idle = 0;
        while (true) {
            var now = System.nanoTime();
            CALLS.forEach((call, until) -> {
                if (now - until >= 0 && now - until >= call.elsewhere()) {
                    call.overdue();
                }
            });
            idle = CALLS.isEmpty() ? idle + 1 : 0;
            if (idle < IDLE_LOOKS) {
                LockSupport.parkNanos(LOOK.toNanos());
            } else {
                rest();
            }
        }
    }

    private static void rest() {
        RESTS.set(true);
        while (RESTS.get() && CALLS.isEmpty()) {
            LockSupport.park(Overdue.class);
        }
        RESTS.set(false);
    }
}
