package io.postern.spi.auth;

import io.postern.spi.Fault;
import io.postern.spi.Secret;

/** A directory that checks bearer tokens (RFC 6750), as OAUTHBEARER and XOAUTH2 need. */
public interface TokenDirectory extends UserDirectory {

    /**
     * Checks one token: who made it, whether it still holds, and whose it is.
     *
     * @param token never empty; not trusted; the caller's, who wipes it afterwards
     * @return accepted with the canonical user, or refused with the reason, which only the log
     *     sees: {@link Verdict.Reason#UNKNOWN_USER} for a token that another directory may know
     * @throws Fault if the answer cannot be found out; never for a bad token
     * @throws InterruptedException if the server stops the attempt
     */
    Verdict verifyToken(Secret token) throws Fault, InterruptedException;
}
