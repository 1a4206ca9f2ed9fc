package io.postern.distribution;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.User;
import io.postern.spi.store.Delivery;
import io.postern.spi.store.MaildropStore;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Delivers into a database by the plugin {@code jdbc} of an installation, which is loaded into this
 * JVM: beside servers in processes of their own, as a delivery agent does. Any number of threads.
 */
final class SqlMail implements Closeable {
    private final URLClassLoader plugin;
    private final MaildropStore store;

    SqlMail(Installation installation, String url, Path scratch) throws Exception {
        var jars = new ArrayList<URL>();
        try (var files =
                Files.newDirectoryStream(installation.home().resolve("plugins/jdbc"), "*.jar")) {
            for (var jar : files) {
                jars.add(jar.toUri().toURL());
            }
        }
        plugin = new URLClassLoader(jars.toArray(URL[]::new), getClass().getClassLoader());
        store =
                ServiceLoader.load(MaildropStore.class, plugin).stream()
                        .map(ServiceLoader.Provider::get)
                        .filter(one -> one.name().equals("jdbc"))
                        .findFirst()
                        .orElseThrow();
        var thread = Thread.currentThread();
        var loader = thread.getContextClassLoader();
        // Where Flyway looks for its parts; the server does the same.
        thread.setContextClassLoader(plugin);
        try {
            store.start(
                    new PluginConfig(
                            store.settings(),
                            Map.of("url", List.of(url), "pool-size", List.of("8")),
                            scratch,
                            scratch));
        } finally {
            thread.setContextClassLoader(loader);
        }
    }

    void deliver(String user, byte[] message) throws IOException {
        try {
            var _ =
                    ((Delivery) store)
                            .deliver(
                                    new User(user),
                                    new ByteArrayInputStream(message),
                                    Optional.empty());
        } catch (Fault e) {
            throw new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        store.close();
        plugin.close();
    }
}
