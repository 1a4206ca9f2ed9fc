package io.postern.session;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/** How often what should never happen did happen, since the start. Any thread. */
public final class Counters {

    /** A promise that was broken by a plugin, or could not be kept to a client. */
    public enum Violation {
        /** A listing that must not be shown: unique-ids illegal or twice, sizes below zero. */
        LISTING,
        /** A message with another size than the listing said. */
        SIZE,
        /** A message that could not be read to its end, with the status line already sent. */
        CONTENT,
        /** A commit whose result contradicts itself or the request. */
        COMMIT_RESULT,
        /** A commit that had not ended when its time was over. */
        COMMIT_LATE,
        /** A lease that was lost while a session held it. */
        LOCK_LOST,
        /** An exception that no contract knows, or nothing where there must be a value. */
        PLUGIN
    }

    private final Map<Violation, LongAdder> counts = new EnumMap<>(Violation.class);

    /** All at zero. */
    public Counters() {
        for (var violation : Violation.values()) {
            counts.put(violation, new LongAdder());
        }
    }

    /** One more. */
    void count(Violation violation) {
        counts.get(violation).increment();
    }

    /** Those that are not zero; empty where all are. */
    @Override
    public String toString() {
        return counts.entrySet().stream()
                .filter(one -> one.getValue().sum() > 0)
                .map(one ->
                        one.getKey().name().toLowerCase(Locale.ROOT).replace('_', '-')
                                + "="
                                + one.getValue().sum())
                .collect(Collectors.joining(" "));
    }

    /** How many so far. */
    public long value(Violation violation) {
        return counts.get(violation).sum();
    }
}
