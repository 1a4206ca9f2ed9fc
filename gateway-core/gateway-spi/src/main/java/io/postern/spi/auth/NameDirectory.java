package io.postern.spi.auth;

import io.postern.spi.Fault;

/**
 * A directory that says whether somebody may log in whose name has been proven without it, for
 * example by a certificate.
 */
public interface NameDirectory extends UserDirectory {

    /**
     * Looks a proven name up.
     *
     * @param name never empty
     * @return accepted with the canonical user; or refused, because there is no such user, or the
     *     user may not log in
     * @throws Fault if the answer cannot be found out
     * @throws InterruptedException if the server stops the attempt
     */
    Verdict lookUp(String name) throws Fault, InterruptedException;
}
