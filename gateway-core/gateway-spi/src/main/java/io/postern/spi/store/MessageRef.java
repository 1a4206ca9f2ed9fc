package io.postern.spi.store;

import java.util.Objects;

/**
 * A message of an opened maildrop's listing. The number finds it in the snapshot at once; the
 * unique-id says beyond doubt which message is meant.
 *
 * @param number from 1 to the listing's count
 */
public record MessageRef(int number, String uniqueId) {
    public MessageRef {
        if (number < 1) {
            throw new IllegalArgumentException("message number " + number);
        }
        Objects.requireNonNull(uniqueId);
    }
}
