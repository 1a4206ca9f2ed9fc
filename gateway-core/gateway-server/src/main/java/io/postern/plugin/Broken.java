package io.postern.plugin;

import java.util.Set;

/**
 * A plugin, or a whole folder, that cannot be used.
 *
 * @param names by which the configuration may mean it, as far as they can be known
 */
public record Broken(Set<String> names, PluginException why) {
    public Broken {
        names = Set.copyOf(names);
    }
}
