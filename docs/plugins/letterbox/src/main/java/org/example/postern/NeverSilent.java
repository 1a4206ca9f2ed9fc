package org.example.postern;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A stream that fails where the one below it says nothing for too long. The HTTP client has no such
 * limit for the body of an answer, and a session must not wait for ever. One thread at a time.
 */
final class NeverSilent extends FilterInputStream {
    private final Duration limit;
    private final AtomicBoolean silent = new AtomicBoolean();

    NeverSilent(InputStream in, Duration limit) {
        super(in);
        this.limit = limit;
    }

    @Override
    public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] octets, int from, int length) throws IOException {
        var alarm = new CompletableFuture<Void>();
        alarm.orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((_, late) -> {
                    if (late != null) {
                        giveUp();
                    }
                });
        try {
            var read = super.read(octets, from, length);
            if (silent.get()) {
                throw new IOException("nothing came");
            }
            return read;
        } catch (IOException e) {
            throw silent.get() ? new IOException("the service was silent for " + limit, e) : e;
        } finally {
            alarm.complete(null);
        }
    }

    private void giveUp() {
        silent.set(true);
        try {
            in.close(); // wakes who reads
        } catch (IOException e) {
            throw new IllegalStateException("an answer cannot be closed", e);
        }
    }
}
