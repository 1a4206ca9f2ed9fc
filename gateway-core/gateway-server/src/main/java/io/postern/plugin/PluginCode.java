package io.postern.plugin;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Knows the code of plugins by the names of their class loaders. */
public final class PluginCode {
    /** The JDK's loaders that have names. */
    private static final Set<String> OTHERS = Set.of("app", "platform");

    private PluginCode() {}

    /** The plugin whose code is the nearest to the top of a stack: its folder's or jar's name. */
    public static Optional<String> in(List<StackTraceElement> stack) {
        return stack.stream()
                .map(StackTraceElement::getClassLoaderName)
                .filter(loader -> loader != null && !OTHERS.contains(loader))
                .map(loader -> loader.replaceFirst("~\\d+$", ""))
                .findFirst();
    }
}
