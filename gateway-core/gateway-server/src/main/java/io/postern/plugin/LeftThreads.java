package io.postern.plugin;

import java.util.List;
import java.util.concurrent.TimeUnit;

/** Finds the threads that a plugin has started and not ended. */
final class LeftThreads {
    private LeftThreads() {}

    /**
     * The names of the platform threads that run with a loader's classes, or were started by them.
     * Virtual threads cannot be found; they hold nothing when they rest.
     *
     * @param patienceMillis how long they may take to end
     */
    static List<String> of(PluginClassLoader loader, long patienceMillis) {
        var until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patienceMillis);
        var left = find(loader);
        for (var thread : left) {
            var millis = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            try {
                if (millis > 0) {
                    thread.join(millis);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        return left.stream().filter(Thread::isAlive).map(Thread::getName).sorted().toList();
    }

    private static List<Thread> find(PluginClassLoader loader) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(one -> one.getKey() != Thread.currentThread())
                .filter(one ->
                        one.getKey().getContextClassLoader() == loader
                                || one.getKey().getClass().getClassLoader() == loader
                                || runs(one.getValue(), loader))
                .map(java.util.Map.Entry::getKey)
                .toList();
    }

    private static boolean runs(StackTraceElement[] stack, PluginClassLoader loader) {
        for (var frame : stack) {
            if (loader.getName().equals(frame.getClassLoaderName())) {
                return true;
            }
        }
        return false;
    }
}
