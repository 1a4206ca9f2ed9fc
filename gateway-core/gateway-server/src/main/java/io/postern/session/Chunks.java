package io.postern.session;

import java.util.concurrent.ArrayBlockingQueue;

/**
 * Arrays that messages pass through on their way to clients. So many are kept as retrievals of
 * small messages need; more are made where many run at a time, and are the garbage collector's
 * again. Any thread.
 */
final class Chunks {
    /** Length of each, octets. Half of {@link Output#WINDOW}. */
    static final int LENGTH = 64 * 1024;

    /** Most that wait for use: 2 MiB of them. */
    private static final int KEPT = 32;

    private static final ArrayBlockingQueue<byte[]> FREE = new ArrayBlockingQueue<>(KEPT);

    private Chunks() {}

    /** An array with anything in it. */
    static byte[] take() {
        var chunk = FREE.poll();
        return chunk == null ? new byte[LENGTH] : chunk;
    }

    /** Nobody reads or writes it any more. */
    static void giveBack(byte[] chunk) {
        var _ = FREE.offer(chunk);
    }
}
