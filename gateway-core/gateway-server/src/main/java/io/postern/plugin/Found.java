package io.postern.plugin;

import io.postern.spi.Plugin;
import io.postern.spi.Setting;

import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * A plugin that can be had by its name.
 *
 * @param jar the jar that holds it, below the plugin folder; {@code built in} for the server's own
 * @param descriptor what the jar says of itself
 * @param provider makes a fresh object each time
 */
public record Found(
        PluginKind kind,
        String name,
        String jar,
        Optional<Descriptor> descriptor,
        List<Setting> settings,
        ServiceLoader.Provider<? extends Plugin> provider) {
    public Found {
        settings = List.copyOf(settings);
    }

    /** Whether it is of the server itself. */
    public boolean builtIn() {
        return jar.equals(Plugins.BUILT_IN);
    }
}
