package io.postern.call;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Looks whether the time of calls is over. Nearly all end long before that, so that a timer for
 * each would cost more than many of the calls: one platform thread looks at all of them, some times
 * a second, and rests where there are none.
 */
final class Overdue {
    private static final Logger LOG = LoggerFactory.getLogger(Overdue.class);

    /** Between two looks. */
    static final Duration LOOK = Duration.ofMillis(50);

    /** Looks at nothing before it rests: who waits for the next call does not wake it each time. */
    private static final int IDLE_LOOKS = 20;

    private static final Set<Watched> CALLS = ConcurrentHashMap.newKeySet();

    private static final AtomicBoolean RESTS = new AtomicBoolean();

    private static final Thread WATCH =
            Thread.ofPlatform().daemon().name("overdue calls").start(Overdue::look);

    /** What has a time that can be over. */
    interface Watched {
        /**
         * Called by the thread that looks; must not block.
         *
         * @param now as System.nanoTime
         */
        void look(long now);
    }

    private Overdue() {}

    static void watch(Watched call) {
        CALLS.add(call);
        if (RESTS.get() && RESTS.compareAndSet(true, false)) {
            LockSupport.unpark(WATCH);
        }
    }

    static void forget(Watched call) {
        CALLS.remove(call);
    }

    private static void look() {
        var idle = 0;
        while (true) {
            var now = System.nanoTime();
            for (var call : CALLS) {
                try {
                    call.look(now);
                } catch (RuntimeException | Error e) {
                    LOG.error("a look at a call of a plugin failed", e); // the others go on
                }
            }
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
