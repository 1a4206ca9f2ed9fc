package io.postern.spi.auth;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;

import java.util.Optional;

/**
 * A directory that keeps secrets in a form that can be read back, as APOP and CRAM-MD5 need (RFC
 * 1939 §13 says what that costs).
 */
public interface SecretDirectory extends UserDirectory {

    /**
     * What is known of a name.
     *
     * @param secret the receiver's, who wipes it; empty where the verdict is a refusal
     * @param verdict what the right proof comes to: the canonical user; or a refusal, where there
     *     is no such user, the user may not log in, or has no shared secret. A wrong proof is
     *     refused in any case
     */
    record Shared(Optional<Secret> secret, Verdict verdict) {
        public Shared {
            if (secret.isPresent() != verdict instanceof Verdict.Accepted) {
                throw new IllegalArgumentException(
                        "a secret for a user who may log in, and only then");
            }
        }

        /** The secret shared with a user. */
        public static Shared of(User user, Secret secret) {
            return new Shared(Optional.of(secret), new Verdict.Accepted(user));
        }

        /** None, for this reason. */
        public static Shared refused(Verdict.Reason reason) {
            return new Shared(Optional.empty(), new Verdict.Refused(reason));
        }
    }

    /**
     * Looks a shared secret up. Takes the same time whether the user exists or not.
     *
     * <p>Where there is none, the server asks the next directory, unless {@link
     * NameDirectory#lookUp} says that the user may not log in.
     *
     * @param name what the client typed, never empty; not trusted
     * @throws Fault if the answer cannot be found out
     * @throws InterruptedException if the server stops the attempt
     */
    Shared shared(String name) throws Fault, InterruptedException;
}
