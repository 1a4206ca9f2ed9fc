package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.Secret;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.Verdict;
import io.postern.spi.auth.Verdict.Reason;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** What every {@link PasswordDirectory} promises. */
public interface PasswordDirectoryContract extends UserDirectoryContract {

    /** How many right, how many wrong and how many unknown logins run at the same time. */
    int LOGINS_AT_ONCE = 24;

    /** Why the rules about equal cost are not run. */
    String WORK = "not run: override work() to count what the directory does for a login";

    @Override
    PasswordDirectory directory() throws Exception;

    /**
     * How much work it has done on passwords since it was made, in any unit that grows with time
     * spent: hashes made, rounds, connections asked. Counted, because a clock would make the test
     * fail on a busy machine. Empty where nothing can be counted; the rules about equal cost are
     * then not checked.
     *
     * @param directory one that {@link #directory} gave
     */
    default OptionalLong work(PasswordDirectory directory) {
        return OptionalLong.empty();
    }

    @Test
    default void theRightPasswordIsAcceptedUnderTheCanonicalName() throws Exception {
        try (var directory = directory()) {
            assertAccepted(directory, user(), password());
        }
    }

    @Test
    default void anotherSpellingLeadsToTheCanonicalName() throws Exception {
        UserDirectoryContract.needsAnotherSpelling(otherSpelling());
        try (var directory = directory()) {
            assertAccepted(directory, otherSpelling().orElseThrow(), password());
        }
    }

    @Test
    default void aWrongPasswordIsRefusedAsWrong() throws Exception {
        try (var directory = directory()) {
            for (var wrong : wrongPasswords()) {
                assertEquals(refused(Reason.WRONG_PROOF), ask(directory, user(), wrong));
            }
        }
    }

    @Test
    default void aStrangerIsRefusedAsUnknown() throws Exception {
        try (var directory = directory()) {
            assertEquals(
                    refused(Reason.UNKNOWN_USER),
                    ask(directory, stranger(), password().getBytes(UTF_8)));
        }
    }

    @Test
    default void aBarredUserIsNotLetInWithTheRightPassword() throws Exception {
        UserDirectoryContract.needsABarredUser(barredUser());
        try (var directory = directory()) {
            assertEquals(
                    refused(Reason.NOT_ALLOWED),
                    ask(directory, barredUser().orElseThrow(), password().getBytes(UTF_8)));
        }
    }

    @Test
    default void noPasswordMakesItThrow() throws Exception {
        try (var directory = directory()) {
            var veryLong = new byte[1 << 16];
            Arrays.fill(veryLong, (byte) 'x');
            for (var odd :
                    List.of(
                            veryLong,
                            new byte[] {0},
                            new byte[] {(byte) 0xff, (byte) 0xfe},
                            new byte[] {(byte) 0xc3},
                            new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
                            "\r\n".getBytes(UTF_8),
                            "%s ${x} ' \" \\ * ( ) < > &".getBytes(UTF_8))) {
                assertEquals(refused(Reason.WRONG_PROOF), ask(directory, user(), odd));
                assertEquals(refused(Reason.UNKNOWN_USER), ask(directory, stranger(), odd));
            }
        }
    }

    @Test
    default void noNameMakesItThrowOrLetsAnybodyIn() throws Exception {
        try (var directory = directory()) {
            for (var name : UserDirectoryContract.hostileNames()) {
                assertInstanceOf(
                        Verdict.Refused.class, ask(directory, name, password().getBytes(UTF_8)));
            }
            assertAccepted(directory, user(), password());
        }
    }

    @Test
    default void aNameWithSomethingAroundItIsAnotherName() throws Exception {
        try (var directory = directory()) {
            for (var name :
                    List.of(user() + " ", " " + user(), user() + "\0", user() + "\0x", "*")) {
                assertInstanceOf(
                        Verdict.Refused.class, ask(directory, name, password().getBytes(UTF_8)));
            }
        }
    }

    @Test
    default void thePasswordStaysTheCallers() throws Exception {
        var octets = password().getBytes(UTF_8);
        try (var directory = directory();
                var password = Secret.of(octets)) {
            for (var name : List.of(user(), stranger())) {
                directory.verify(name, password, MemoryChannel.secure());
                assertArrayEquals(octets, password.octets(), "wiped or changed by the directory");
            }
        }
    }

    @Test
    default void nothingIsRememberedFromOneAttemptToTheNext() throws Exception {
        try (var directory = directory()) {
            assertAccepted(directory, user(), password());
            assertEquals(refused(Reason.WRONG_PROOF), ask(directory, user(), wrongPassword()));
            assertEquals(
                    refused(Reason.UNKNOWN_USER),
                    ask(directory, stranger(), password().getBytes(UTF_8)));
            assertAccepted(directory, user(), password());
        }
    }

    @Test
    default void withoutAChannelTheAnswersAreTheSame() throws Exception {
        try (var directory = directory();
                var right = Secret.of(password());
                var wrong = Secret.of(wrongPassword())) {
            var accepted =
                    assertInstanceOf(Verdict.Accepted.class, directory.verify(user(), right));
            assertEquals(user(), accepted.user().name());
            assertEquals(refused(Reason.WRONG_PROOF), directory.verify(user(), wrong));
            assertEquals(refused(Reason.UNKNOWN_USER), directory.verify(stranger(), right));
        }
    }

    @Test
    default void manyThreadsGetTheirOwnAnswers() throws Exception {
        try (var directory = directory();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var right = new ArrayList<Future<Verdict>>();
            var wrong = new ArrayList<Future<Verdict>>();
            var unknown = new ArrayList<Future<Verdict>>();
            var octets = password().getBytes(UTF_8);
            for (int i = 0; i < LOGINS_AT_ONCE; i++) {
                right.add(threads.submit(() -> ask(directory, user(), octets)));
                wrong.add(threads.submit(() -> ask(directory, user(), wrongPassword())));
                unknown.add(threads.submit(() -> ask(directory, stranger(), octets)));
            }
            for (int i = 0; i < right.size(); i++) {
                var accepted =
                        assertInstanceOf(
                                Verdict.Accepted.class, right.get(i).get(1, TimeUnit.MINUTES));
                assertEquals(user(), accepted.user().name());
                assertEquals(refused(Reason.WRONG_PROOF), wrong.get(i).get(1, TimeUnit.MINUTES));
                assertEquals(refused(Reason.UNKNOWN_USER), unknown.get(i).get(1, TimeUnit.MINUTES));
            }
        }
    }

    @Test
    default void noAnswerHoldsThePassword() throws Exception {
        try (var directory = directory()) {
            for (var name : List.of(user(), stranger())) {
                var verdict = ask(directory, name, password().getBytes(UTF_8));
                assertFalse(verdict.toString().contains(password()), "in the verdict's text");
            }
        }
    }

    /** RFC 1939 §13. */
    @Test
    @Tag("protocol-40")
    default void aStrangerCostsWhatAWrongPasswordCosts() throws Exception {
        try (var directory = directory()) {
            assumeTrue(work(directory).isPresent(), WORK);
            var wrong = cost(directory, user(), wrongPassword());
            assertEquals(wrong, cost(directory, stranger(), wrongPassword()), "a stranger");
            assertEquals(
                    wrong, cost(directory, user(), password().getBytes(UTF_8)), "the right one");
            for (var name : UserDirectoryContract.hostileNames()) {
                assertEquals(wrong, cost(directory, name, wrongPassword()), "a hostile name");
            }
        }
    }

    /** RFC 1939 §13. */
    @Test
    @Tag("protocol-40")
    default void aBarredUserCostsWhatAnyoneCosts() throws Exception {
        UserDirectoryContract.needsABarredUser(barredUser());
        try (var directory = directory()) {
            assumeTrue(work(directory).isPresent(), WORK);
            var octets = password().getBytes(UTF_8);
            assertEquals(
                    cost(directory, user(), octets),
                    cost(directory, barredUser().orElseThrow(), octets));
        }
    }

    private byte[] wrongPassword() {
        return (password() + "x").getBytes(UTF_8);
    }

    private List<byte[]> wrongPasswords() {
        var octets = password().getBytes(UTF_8);
        return List.of(
                wrongPassword(),
                Arrays.copyOf(octets, octets.length - 1),
                Arrays.copyOfRange(octets, 1, octets.length),
                Arrays.copyOf(octets, octets.length + 1),
                (password() + " ").getBytes(UTF_8),
                (" " + password()).getBytes(UTF_8),
                (password() + password()).getBytes(UTF_8),
                "*".getBytes(UTF_8));
    }

    private static Verdict.Refused refused(Reason reason) {
        return new Verdict.Refused(reason);
    }

    private static Verdict ask(PasswordDirectory directory, String name, byte[] octets)
            throws Exception {
        try (var password = Secret.of(octets)) {
            return directory.verify(name, password, MemoryChannel.secure());
        }
    }

    private void assertAccepted(PasswordDirectory directory, String name, String password)
            throws Exception {
        var verdict = ask(directory, name, password.getBytes(UTF_8));
        assertEquals(user(), assertInstanceOf(Verdict.Accepted.class, verdict).user().name());
    }

    private long cost(PasswordDirectory directory, String name, byte[] octets) throws Exception {
        var before = work(directory).orElseThrow();
        ask(directory, name, octets);
        return work(directory).orElseThrow() - before;
    }
}
