package io.postern.testkit.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.Verdict;

import org.junit.jupiter.api.Test;

/** What every {@link NameDirectory} promises. */
public interface NameDirectoryContract extends UserDirectoryContract {

    @Override
    NameDirectory directory() throws Exception;

    @Test
    default void aProvenNameLeadsToTheUser() throws Exception {
        try (var directory = directory()) {
            for (var name : new String[] {user(), otherSpelling().orElse(user())}) {
                var verdict = assertInstanceOf(Verdict.Accepted.class, directory.lookUp(name));
                assertEquals(user(), verdict.user().name());
            }
        }
    }

    @Test
    default void aProvenNameThatIsNotKnownIsUnknown() throws Exception {
        try (var directory = directory()) {
            var unknown = new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
            assertEquals(unknown, directory.lookUp(stranger()));
            for (var name : UserDirectoryContract.hostileNames()) {
                assertEquals(unknown, directory.lookUp(name));
            }
        }
    }

    @Test
    default void aBarredUserIsNotAllowedWhateverIsProven() throws Exception {
        UserDirectoryContract.needsABarredUser(barredUser());
        try (var directory = directory()) {
            assertEquals(
                    new Verdict.Refused(Verdict.Reason.NOT_ALLOWED),
                    directory.lookUp(barredUser().orElseThrow()));
        }
    }
}
