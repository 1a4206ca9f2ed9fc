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
     * A user and the secret shared with that user.
     *
     * @param secret the receiver's, who wipes it
     */
    record Shared(User user, Secret secret) {}

    /**
     * Looks a shared secret up. Takes the same time whether the user exists or not.
     *
     * <p>Where there is none, the server asks the next directory, unless {@link
     * NameDirectory#lookUp} says that the user may not log in.
     *
     * @param name what the client typed, never empty; not trusted
     * @return empty where there is no such user, the user may not log in, or the user has no shared
     *     secret
     * @throws Fault if the answer cannot be found out
     * @throws InterruptedException if the server stops the attempt
     */
    Optional<Shared> shared(String name) throws Fault, InterruptedException;
}
