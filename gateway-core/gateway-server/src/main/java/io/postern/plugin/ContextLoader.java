package io.postern.plugin;

/** Makes a plugin's class loader this thread's, until it is closed. */
final class ContextLoader implements AutoCloseable {
    private final ClassLoader before = Thread.currentThread().getContextClassLoader();

    ContextLoader(Class<?> plugin) {
        Thread.currentThread().setContextClassLoader(plugin.getClassLoader());
    }

    @Override
    public void close() {
        Thread.currentThread().setContextClassLoader(before);
    }
}
