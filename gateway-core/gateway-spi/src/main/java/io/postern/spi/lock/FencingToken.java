package io.postern.spi.lock;

import java.util.Comparator;

/**
 * Grows with every lock that is given for a maildrop. A store that has seen a higher one knows that
 * the bearer of a lower one has lost the lock.
 *
 * @param generation raised by an operator when a coordinator had to be rebuilt; from 0
 * @param counter from 1
 */
public record FencingToken(long generation, long counter) implements Comparable<FencingToken> {
    private static final Comparator<FencingToken> ORDER =
            Comparator.comparingLong(FencingToken::generation)
                    .thenComparingLong(FencingToken::counter);

    public FencingToken {
        if (generation < 0 || counter < 1) {
            throw new IllegalArgumentException("token " + generation + "/" + counter);
        }
    }

    @Override
    public int compareTo(FencingToken other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return generation + "/" + counter;
    }
}
