package io.postern.kept;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Tidies kept deletions up at its start and once an hour, on a virtual thread of its own. */
public final class Expiry implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Expiry.class);
    private static final Duration INTERVAL = Duration.ofHours(1);

    private final List<KeptDeletions> all;
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);

    private Expiry(List<KeptDeletions> all) {
        this.all = List.copyOf(all);
        this.thread = Thread.ofVirtual().name("kept deletions").unstarted(this::run);
    }

    public static Expiry start(List<KeptDeletions> all) {
        var expiry = new Expiry(all);
        expiry.thread.start();
        return expiry;
    }

    private void run() {
        try {
            while (true) {
                for (var kept : all) {
                    tidy(kept);
                }
                Thread.sleep(INTERVAL);
            }
        } catch (InterruptedException e) {
            LOG.debug("stopped", e);
        } finally {
            ended.countDown();
        }
    }

    private static void tidy(KeptDeletions kept) throws InterruptedException {
        try {
            kept.tidy();
        } catch (IOException | RuntimeException e) {
            LOG.warn("kept deletions in {} are not tidied up", kept.folder(), e);
        }
    }

    /** Stops it, between two files, and waits until it has. */
    @Override
    public void close() {
        thread.interrupt();
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
