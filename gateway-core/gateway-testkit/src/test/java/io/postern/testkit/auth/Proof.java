package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.postern.testkit.ContractRun;

import org.junit.jupiter.api.DynamicTest;

/** What shows that a contract finds a defect. */
final class Proof {
    private Proof() {}

    /**
     * A test that a rule is broken by what breaks it.
     *
     * @param broken a class that runs the contract
     */
    static DynamicTest of(Class<?> broken, String rule) {
        return DynamicTest.dynamicTest(
                broken.getSimpleName(),
                () -> {
                    var failed = ContractRun.of(broken).failed().keySet();
                    assertTrue(failed.contains(rule), failed.toString());
                });
    }
}
