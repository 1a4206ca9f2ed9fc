package io.postern.call;

import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads on which sessions call plugins. They are platform threads: the kernel shares the
 * processors among them, so that a plugin that computes, or waits where a virtual thread cannot
 * leave its carrier, takes its share of a processor and nothing that others need. Any thread.
 */
public final class Workers {
    /**
     * Most platform threads. What comes beyond them, such as clients by the thousand that do not
     * read, or that wait for the end of a penalty, runs on virtual threads, which wait at no cost.
     */
    private static final int MOST = 512;

    private static final ThreadPoolExecutor THREADS =
            new ThreadPoolExecutor(
                    0,
                    MOST,
                    10,
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    Workers::thread,
                    (task, _) -> Thread.ofVirtual().name("worker").start(task));

    private Workers() {}

    /** Runs a task at once, on a thread that is not interrupted. */
    public static void run(Runnable task) {
        THREADS.execute(task);
    }

    private static Thread thread(Runnable work) {
        var thread = Thread.ofPlatform().daemon().name("worker").unstarted(work);
        // Not that of the plugin whose thread happens to make it.
        thread.setContextClassLoader(Workers.class.getClassLoader());
        return thread;
    }
}
