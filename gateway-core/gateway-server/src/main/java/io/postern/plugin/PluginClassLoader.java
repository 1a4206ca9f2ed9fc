package io.postern.plugin;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Enumeration;
import java.util.List;

/**
 * Loads the classes of one plugin folder. What the JDK has comes from the JDK, the plugin interface
 * and the logger come from the server, and all else comes from the folder's own jars: two plugins,
 * or a plugin and the server, may carry different versions of one library.
 */
final class PluginClassLoader extends URLClassLoader {
    /** Shared with the server, whatever the folder's jars hold under these names. */
    private static final List<String> SHARED = List.of("io.postern.spi.", "org.slf4j.");

    private static final String SERVICES = "META-INF/services/";

    static {
        registerAsParallelCapable();
    }

    private final ClassLoader server;

    /**
     * @param folder for people who read a stack trace
     * @param server whose loader has the shared types
     */
    PluginClassLoader(String folder, List<URL> jars, ClassLoader server) {
        super(folder, jars.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
        this.server = server;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        return SHARED.stream().anyMatch(name::startsWith)
                ? server.loadClass(name)
                : super.loadClass(name, resolve);
    }

    /** Services come from the folder's own jars, so that nothing of the server's is found twice. */
    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
        return name.startsWith(SERVICES) ? findResources(name) : super.getResources(name);
    }

    @Override
    public URL getResource(String name) {
        return name.startsWith(SERVICES) ? findResource(name) : super.getResource(name);
    }
}
