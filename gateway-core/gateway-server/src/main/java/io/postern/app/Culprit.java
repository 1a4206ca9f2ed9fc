package io.postern.app;

import io.postern.plugin.PluginCode;

import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.TreeSet;

/** Finds out who ended the server from within, where neither a signal nor a command did. */
final class Culprit {
    private Culprit() {}

    /** Who has called {@code System.exit} and waits for the end; empty where nobody has. */
    static Optional<String> exiting() {
        return exiting(Thread.getAllStackTraces().values());
    }

    static Optional<String> exiting(Collection<StackTraceElement[]> stacks) {
        for (var stack : stacks) {
            for (var at = 0; at + 1 < stack.length; at++) {
                var caller = stack[at + 1];
                var bySystem = is(stack[at], "java.lang.System", "exit");
                var byRuntime =
                        is(stack[at], "java.lang.Runtime", "exit")
                                && !is(caller, "java.lang.System", "exit");
                if (bySystem || byRuntime) {
                    return Optional.of(
                            PluginCode.in(Arrays.asList(stack).subList(at + 1, stack.length))
                                            .map(plugin -> "plugin " + plugin)
                                            .orElse("code of no plugin")
                                    + ", at "
                                    + caller);
                }
            }
        }
        return Optional.empty();
    }

    /** The plugins whose code runs at this moment, on platform threads; a list of their names. */
    static String running() {
        var plugins = new TreeSet<String>();
        for (var stack : Thread.getAllStackTraces().values()) {
            PluginCode.in(Arrays.asList(stack)).ifPresent(plugins::add);
        }
        return plugins.isEmpty() ? "none" : String.join(", ", plugins);
    }

    private static boolean is(StackTraceElement frame, String type, String method) {
        return frame.getClassName().equals(type) && frame.getMethodName().equals(method);
    }
}
