package io.postern.testkit;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Says on standard output, at the end of a contract, how many of its tests were not run and what
 * would run them: a build tool tells the number alone. The contracts have it by themselves.
 */
public final class SkippedRules implements TestWatcher, AfterAllCallback {
    private final Map<String, Map<String, Integer>> skipped = new ConcurrentHashMap<>();

    /** For JUnit. */
    public SkippedRules() {}

    @Override
    public void testAborted(ExtensionContext context, Throwable cause) {
        var why = Optional.ofNullable(cause.getMessage()).orElse("it was aborted");
        skipped.computeIfAbsent(name(context), _ -> new ConcurrentSkipListMap<>())
                .merge(why.replaceFirst("^Assumption failed: ", ""), 1, Integer::sum);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        var reasons = skipped.remove(name(context));
        if (reasons != null) {
            reasons.forEach((why, count) -> System.out.println(line(name(context), why, count)));
        }
    }

    private static String line(String contract, String why, int count) {
        return contract + ": " + (count == 1 ? "1 test " : count + " tests ") + why;
    }

    private static String name(ExtensionContext context) {
        return Objects.requireNonNull(context.getRequiredTestClass().getSimpleName());
    }
}
