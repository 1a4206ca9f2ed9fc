package io.postern.plugin;

import io.postern.spi.Fault;
import io.postern.spi.Plugin;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;

import java.util.List;

/**
 * A plugin's object for one place of the configuration. Starts and closes it with its own class
 * loader as the thread's, which libraries inside a plugin rely on.
 *
 * @param from where it was found
 */
public record Loaded<T extends Plugin>(T plugin, Found from) implements AutoCloseable {

    public List<Setting> settings() {
        return from.settings();
    }

    /**
     * Starts it.
     *
     * @throws PluginException if its jars do not fit together, or do not fit this server
     */
    public void start(PluginConfig config) throws Fault, InterruptedException, PluginException {
        try (var _ = new ContextLoader(plugin.getClass())) {
            plugin.start(config);
        } catch (LinkageError e) {
            throw Fitting.explain(from.jar(), e);
        }
    }

    @Override
    public void close() {
        try (var _ = new ContextLoader(plugin.getClass())) {
            plugin.close();
        }
    }
}
