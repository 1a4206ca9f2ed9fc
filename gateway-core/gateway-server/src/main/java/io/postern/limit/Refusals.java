package io.postern.limit;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Counts what was refused, and tells the operator: the first time at once, and then one line a
 * minute at most for each limit and listener, so that a flood of clients is no flood of lines. Any
 * thread.
 */
public final class Refusals {
    private static final Logger LOG = LoggerFactory.getLogger("postern.limit");

    /** Between two lines about the same. */
    static final Duration WINDOW = Duration.ofMinutes(1);

    private record Place(Limit limit, String listener) {}

    /** Since the last line. */
    private static final class Since {
        long toldAt;
        long refused;
    }

    private final LongSupplier nanoTime;
    private final Map<Limit, LongAdder> counts = new EnumMap<>(Limit.class);
    private final Map<Place, Since> told = new HashMap<>(); // guarded by itself

    /** All at zero. */
    public Refusals() {
        this(System::nanoTime);
    }

    /**
     * @param nanoTime as {@link System#nanoTime}
     */
    public Refusals(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        for (var limit : Limit.values()) {
            counts.put(limit, new LongAdder());
        }
    }

    /**
     * One more.
     *
     * @param listener where the client came to
     * @param why what was wrong, or how the limit is set; nothing that a client has said
     * @return whether the operator was told now
     */
    public boolean refused(Limit limit, String listener, InetAddress client, String why) {
        counts.get(limit).increment();
        long refused;
        synchronized (told) {
            var now = nanoTime.getAsLong();
            var since = told.get(new Place(limit, listener));
            if (since == null) {
                since = new Since();
                told.put(new Place(limit, listener), since);
            } else if (now - since.toldAt < WINDOW.toNanos()) {
                since.refused++;
                return false;
            }
            refused = since.refused + 1;
            since.refused = 0;
            since.toldAt = now;
        }
        LOG.warn(
                "limit={} listener={} client={} refused={} why=\"{}\"",
                limit,
                listener,
                client.getHostAddress(),
                refused,
                why);
        return true;
    }

    /** How many so far. */
    public long value(Limit limit) {
        return counts.get(limit).sum();
    }

    /** Those that are not zero; empty where all are. */
    @Override
    public String toString() {
        return Arrays.stream(Limit.values())
                .filter(limit -> value(limit) > 0)
                .map(limit -> limit + "=" + value(limit))
                .collect(Collectors.joining(" "));
    }
}
