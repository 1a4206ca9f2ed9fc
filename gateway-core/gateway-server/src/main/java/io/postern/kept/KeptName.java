package io.postern.kept;

import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a kept message's file: all that must be known of it without opening it. In the order
 * of the removals.
 *
 * @param removed in whole milliseconds
 * @param batch that of all messages of one QUIT, and of no other
 * @param number the message's in its session
 * @param digest the same for the same octets with the same unique-id, and only for these
 */
record KeptName(Instant removed, String batch, int number, String digest)
        implements Comparable<KeptName> {
    private static final Pattern SHAPE =
            Pattern.compile("([0-9]{1,18})-([0-9a-f]{16})-([0-9]{1,9})-([0-9a-f]{32})\\.kept");

    private static final Comparator<KeptName> ORDER =
            Comparator.comparing(KeptName::removed)
                    .thenComparing(KeptName::batch)
                    .thenComparingInt(KeptName::number)
                    .thenComparing(KeptName::digest);

    /** Empty where it is the name of something else. */
    static Optional<KeptName> parse(String text) {
        var match = SHAPE.matcher(text);
        if (!match.matches()) {
            return Optional.empty();
        }
        return Optional.of(
                new KeptName(
                        Instant.ofEpochMilli(Long.parseLong(match.group(1))),
                        match.group(2),
                        Integer.parseInt(match.group(3)),
                        match.group(4)));
    }

    String text() {
        return removed.toEpochMilli() + "-" + batch + "-" + number + "-" + digest + ".kept";
    }

    @Override
    public int compareTo(KeptName other) {
        return ORDER.compare(this, other);
    }
}
