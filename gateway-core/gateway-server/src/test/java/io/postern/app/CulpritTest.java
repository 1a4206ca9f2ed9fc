package io.postern.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

class CulpritTest {
    private static StackTraceElement frame(String loader, String type, String method) {
        return new StackTraceElement(loader, null, null, type, method, "X.java", 7);
    }

    private static Optional<String> exiting(StackTraceElement... stack) {
        var other = new StackTraceElement[] {frame("app", "io.postern.X", "run")};
        return Culprit.exiting(List.of(other, stack));
    }

    private static StackTraceElement[] exit(StackTraceElement... callers) {
        var stack = new StackTraceElement[callers.length + 3];
        stack[0] = frame(null, "java.lang.Shutdown", "exit");
        stack[1] = frame(null, "java.lang.Runtime", "exit");
        stack[2] = frame(null, "java.lang.System", "exit");
        System.arraycopy(callers, 0, stack, 3, callers.length);
        return stack;
    }

    @Test
    void aPluginIsNamedByItsFolder() {
        var caller = frame("staff~12", "org.example.Staff", "verify");
        assertEquals(
                Optional.of("plugin staff, at " + caller),
                exiting(exit(caller, frame("app", "io.postern.X", "run"))));
        var library = frame("staff.jar", "lib.Lib", "fail");
        assertEquals(Optional.of("plugin staff.jar, at " + library), exiting(exit(library)));
    }

    @Test
    void runtimeExitIsTheSame() {
        var caller = frame("staff~1", "org.example.Staff", "verify");
        var stack = exit(caller);
        var without =
                Arrays.stream(stack)
                        .filter(it -> !it.getClassName().equals("java.lang.System"))
                        .toArray(StackTraceElement[]::new);
        assertEquals(Optional.of("plugin staff, at " + caller), exiting(without));
    }

    @Test
    void whoIsNoPluginIsToldByItsFrame() {
        var caller = frame("app", "org.example.Agent", "end");
        assertEquals(Optional.of("code of no plugin, at " + caller), exiting(exit(caller)));
    }

    @Test
    void aSignalIsNobodys() {
        assertEquals(
                Optional.empty(),
                exiting(
                        frame(null, "java.lang.Shutdown", "exit"),
                        frame(null, "java.lang.Terminator$1", "handle"),
                        frame(null, "jdk.internal.misc.Signal$1", "run")));
    }
}
