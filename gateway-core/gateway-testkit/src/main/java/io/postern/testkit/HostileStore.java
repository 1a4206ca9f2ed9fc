package io.postern.testkit;

import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.FenceMode;
import io.postern.spi.store.Listing;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MaildropStore;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A store that breaks one rule of its interface, in the way a test asks for. What it lies about is
 * always the last message; all else is as the store behind it says. The server must stand it:
 * nothing unmarked is removed, no lock leaks, no client is told what is not true.
 *
 * <p>Safe for use by several threads.
 */
public final class HostileStore implements MaildropStore {

    /** What it does wrong. */
    public enum Lie {
        LOCATE_GIVES_NULL,
        LOCATE_THROWS_UNCHECKED,
        OPEN_GIVES_NULL,
        OPEN_THROWS_UNCHECKED,
        /** As a plugin with a missing class does. */
        OPEN_THROWS_ERROR,
        OPEN_NEVER_RETURNS,
        LISTING_IS_NULL,
        LISTING_THROWS_UNCHECKED,
        COUNT_IS_NEGATIVE,
        /** It counts one message more than it can tell of. */
        LISTING_ENDS_EARLY,
        SIZE_IS_NEGATIVE,
        SIZES_OVERFLOW,
        SIZE_IS_TOO_SMALL,
        SIZE_IS_TOO_LARGE,
        UNIQUE_ID_IS_NULL,
        UNIQUE_ID_IS_EMPTY,
        UNIQUE_ID_HAS_71_CHARACTERS,
        UNIQUE_ID_HAS_A_SPACE,
        UNIQUE_ID_HAS_A_LINE_END,
        UNIQUE_ID_IS_NOT_ASCII,
        UNIQUE_ID_IS_THERE_TWICE,
        CONTENT_IS_NULL,
        CONTENT_THROWS_UNCHECKED,
        CONTENT_NEVER_RETURNS,
        STREAM_ENDS_EARLY,
        STREAM_FAILS_HALFWAY,
        STREAM_THROWS_UNCHECKED_HALFWAY,
        STREAM_GIVES_NOTHING_FOR_EVER,
        STREAM_NEVER_ENDS,
        STREAM_NEVER_RETURNS,
        STREAM_SAYS_IT_READ_MORE_THAN_THERE_IS_ROOM,
        RESULT_IS_NULL,
        /** OK, although nothing was removed and the counts say so. */
        RESULT_IS_OK_AND_COUNTS_NOTHING,
        /** PARTIAL, although no message failed. */
        RESULT_IS_PARTIAL_AND_NOTHING_FAILED,
        COMMIT_THROWS_UNCHECKED,
        COMMIT_THROWS_ERROR,
        COMMIT_NEVER_RETURNS,
        CLOSE_THROWS_UNCHECKED,
        /** Told of a size that is too large, it throws. */
        SIZE_DIFFERS_THROWS_UNCHECKED
    }

    private final MaildropStore store;
    private final Lie lie;
    private final Gate gate = new Gate();

    /**
     * @param store tells the truth; closed with this one
     */
    public HostileStore(MaildropStore store, Lie lie) {
        this.store = store;
        this.lie = lie;
    }

    /** Where the calls stand that never return; open it when the test ends. */
    public Gate gate() {
        return gate;
    }

    @Override
    public String name() {
        return "hostile";
    }

    @Override
    public void close() {
        gate.open();
        store.close();
    }

    @Override
    public FenceMode fenceMode() {
        return store.fenceMode();
    }

    @Override
    public MaildropId locate(User user) throws Fault, InterruptedException {
        uncheckedIf(Lie.LOCATE_THROWS_UNCHECKED);
        return lie == Lie.LOCATE_GIVES_NULL ? null : store.locate(user);
    }

    @Override
    public Maildrop open(MaildropId id, FencingToken token) throws Fault, InterruptedException {
        uncheckedIf(Lie.OPEN_THROWS_UNCHECKED);
        errorIf(Lie.OPEN_THROWS_ERROR);
        blockIf(Lie.OPEN_NEVER_RETURNS);
        return lie == Lie.OPEN_GIVES_NULL ? null : new HostileDrop(store.open(id, token));
    }

    private void uncheckedIf(Lie which) {
        if (lie == which) {
            throw new IllegalStateException("hostile: " + which);
        }
    }

    private void errorIf(Lie which) {
        if (lie == which) {
            throw new NoClassDefFoundError("hostile: " + which);
        }
    }

    private void blockIf(Lie which) throws InterruptedException {
        if (lie == which) {
            gate.pass();
        }
    }

    private final class HostileDrop implements Maildrop, Listing {
        private final Maildrop drop;
        private final int last;

        HostileDrop(Maildrop drop) {
            this.drop = drop;
            this.last = drop.listing().count();
        }

        @Override
        public Listing listing() {
            uncheckedIf(Lie.LISTING_THROWS_UNCHECKED);
            return lie == Lie.LISTING_IS_NULL ? null : this;
        }

        @Override
        public int count() {
            return switch (lie) {
                case COUNT_IS_NEGATIVE -> -1;
                case LISTING_ENDS_EARLY -> last + 1;
                default -> last;
            };
        }

        @Override
        public long octets(int number) {
            var truth = drop.listing().octets(number);
            if (lie == Lie.SIZES_OVERFLOW) {
                return Long.MAX_VALUE - 1;
            }
            if (number != last) {
                return truth;
            }
            return switch (lie) {
                case SIZE_IS_NEGATIVE -> -1;
                case SIZE_IS_TOO_SMALL -> truth - 1;
                case SIZE_IS_TOO_LARGE, SIZE_DIFFERS_THROWS_UNCHECKED -> truth + 1;
                default -> truth;
            };
        }

        @Override
        public String uniqueId(int number) {
            var truth = drop.listing().uniqueId(number);
            if (number != last) {
                return truth;
            }
            return switch (lie) {
                case UNIQUE_ID_IS_NULL -> null;
                case UNIQUE_ID_IS_EMPTY -> "";
                case UNIQUE_ID_HAS_71_CHARACTERS -> "u".repeat(71);
                case UNIQUE_ID_HAS_A_SPACE -> "a b";
                case UNIQUE_ID_HAS_A_LINE_END -> "a\r\n+OK";
                case UNIQUE_ID_IS_NOT_ASCII -> "\u00E9";
                case UNIQUE_ID_IS_THERE_TWICE -> drop.listing().uniqueId(1);
                default -> truth;
            };
        }

        @Override
        public InputStream content(int number) throws Fault, InterruptedException {
            if (number != last) {
                return drop.content(number);
            }
            uncheckedIf(Lie.CONTENT_THROWS_UNCHECKED);
            blockIf(Lie.CONTENT_NEVER_RETURNS);
            return lie == Lie.CONTENT_IS_NULL
                    ? null
                    : new HostileStream(drop.content(number), drop.listing().octets(number) / 2);
        }

        @Override
        public void sizeDiffers(int number, long octets) {
            uncheckedIf(Lie.SIZE_DIFFERS_THROWS_UNCHECKED);
            drop.sizeDiffers(number, octets);
        }

        @Override
        public CommitResult commit(CommitRequest request) throws Fault, InterruptedException {
            uncheckedIf(Lie.COMMIT_THROWS_UNCHECKED);
            errorIf(Lie.COMMIT_THROWS_ERROR);
            blockIf(Lie.COMMIT_NEVER_RETURNS);
            return switch (lie) {
                case RESULT_IS_NULL -> null;
                case RESULT_IS_OK_AND_COUNTS_NOTHING -> CommitResult.ok(0, 0);
                case RESULT_IS_PARTIAL_AND_NOTHING_FAILED ->
                        new CommitResult(CommitResult.Status.PARTIAL, 0, 0, 0, "hostile");
                default -> drop.commit(request);
            };
        }

        @Override
        public void close() {
            drop.close();
            uncheckedIf(Lie.CLOSE_THROWS_UNCHECKED);
        }
    }

    private final class HostileStream extends FilterInputStream {
        private long left;

        /**
         * @param honest how many octets come before the lie
         */
        HostileStream(InputStream in, long honest) {
            super(in);
            left = honest;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (left > 0) {
                var some = super.read(into, from, (int) Math.min(length, left));
                left -= Math.max(some, 0);
                return some;
            }
            uncheckedIf(Lie.STREAM_THROWS_UNCHECKED_HALFWAY);
            return switch (lie) {
                case STREAM_ENDS_EARLY -> -1;
                case STREAM_FAILS_HALFWAY -> throw new IOException("hostile: " + lie);
                case STREAM_GIVES_NOTHING_FOR_EVER -> 0;
                case STREAM_SAYS_IT_READ_MORE_THAN_THERE_IS_ROOM -> length + 1;
                case STREAM_NEVER_ENDS -> {
                    java.util.Arrays.fill(into, from, from + length, (byte) 'x');
                    yield length;
                }
                case STREAM_NEVER_RETURNS -> {
                    gate.passReading();
                    yield super.read(into, from, length);
                }
                default -> super.read(into, from, length);
            };
        }
    }
}
