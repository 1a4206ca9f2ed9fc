package io.postern.testkit;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What came of a contract that was run from within a test: for those who want to prove that a
 * contract finds what it looks for. Rules are named by their test methods.
 *
 * @param passed rules that hold
 * @param failed rules that are broken, with the first message of each
 * @param skipped rules that the fixture does not let be shown, with the reason
 */
public record ContractRun(
        Set<String> passed, Map<String, String> failed, Map<String, String> skipped) {

    /** Runs every test of one class, in this thread. */
    public static ContractRun of(Class<?> contract) {
        var config =
                LauncherConfig.builder()
                        .enableTestExecutionListenerAutoRegistration(false)
                        .enableLauncherSessionListenerAutoRegistration(false)
                        .build();
        var request =
                LauncherDiscoveryRequestBuilder.request()
                        .selectors(DiscoverySelectors.selectClass(contract))
                        .build();
        var listener = new Listener();
        LauncherFactory.create(config).execute(request, listener);
        listener.passed.removeAll(listener.failed.keySet());
        return new ContractRun(listener.passed, listener.failed, listener.skipped);
    }

    private static final class Listener implements TestExecutionListener {
        private final Set<String> passed = new TreeSet<>();
        private final Map<String, String> failed = new TreeMap<>();
        private final Map<String, String> skipped = new TreeMap<>();

        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            skipped.put(rule(test), reason);
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            var message = result.getThrowable().map(Throwable::toString).orElse("");
            switch (result.getStatus()) {
                case SUCCESSFUL -> {
                    if (test.isTest()) {
                        passed.add(rule(test));
                    }
                }
                case FAILED -> failed.putIfAbsent(rule(test), message);
                case ABORTED -> skipped.put(rule(test), message);
            }
        }

        private static String rule(TestIdentifier test) {
            return test.getSource()
                    .filter(MethodSource.class::isInstance)
                    .map(source -> ((MethodSource) source).getMethodName())
                    .orElse(test.getDisplayName());
        }
    }
}
