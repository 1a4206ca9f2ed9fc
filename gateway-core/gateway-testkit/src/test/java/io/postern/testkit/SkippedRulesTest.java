package io.postern.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.testkit.auth.PasswordDirectoryContract;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What an author reads of the rules that were not run. */
class SkippedRulesTest {

    @Test
    void eachReasonIsALineWithTheNumberOfItsRules() {
        assertEquals(
                List.of(
                        "Some: 1 test not run: override mend()",
                        "Some: 2 tests not run: the fixture does not declare RESTART in"
                                + " abilities()"),
                printed(Some.class).lines().toList());
    }

    @Test
    void whereEveryRuleIsRunNothingIsSaid() {
        assertEquals("", printed(None.class));
    }

    @Test
    void aContractNamesTheMethodThatWouldRunARule() {
        var said = printed(Plain.class);
        for (var method : List.of("otherSpelling()", "barredUser()", "work()")) {
            assertTrue(said.contains("not run: override " + method), said);
        }
        assertFalse(said.contains("Assumption"), said);
    }

    private static String printed(Class<?> contract) {
        var before = System.out;
        var octets = new ByteArrayOutputStream();
        System.setOut(new PrintStream(octets, true, StandardCharsets.UTF_8));
        try {
            var run = ContractRun.of(contract);
            assertTrue(run.failed().isEmpty(), run.toString());
            assertFalse(run.passed().isEmpty(), run.toString());
        } finally {
            System.setOut(before);
        }
        return octets.toString(StandardCharsets.UTF_8).replace("\r", "");
    }

    @ExtendWith(SkippedRules.class)
    static class Some {
        @Test
        void one() {
            assumeTrue(false, "not run: the fixture does not declare RESTART in abilities()");
        }

        @Test
        void two() {
            assumeTrue(false, "not run: the fixture does not declare RESTART in abilities()");
        }

        @Test
        void three() {
            assumeTrue(false, "not run: override mend()");
        }

        @Test
        void four() {}
    }

    @ExtendWith(SkippedRules.class)
    static class None {
        @Test
        void one() {}
    }

    static class Plain implements PasswordDirectoryContract {
        @Override
        public PasswordDirectory directory() {
            return new OnePassword();
        }

        private final class OnePassword implements PasswordDirectory {
            @Override
            public Verdict verify(String name, Secret given) {
                if (!name.equals(user())) {
                    return new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
                }
                return given.matches(password().getBytes(StandardCharsets.UTF_8))
                        ? new Verdict.Accepted(new User(user()))
                        : new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
            }
        }
    }
}
