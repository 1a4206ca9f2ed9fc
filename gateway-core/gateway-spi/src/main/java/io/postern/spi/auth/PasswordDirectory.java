package io.postern.spi.auth;

import io.postern.spi.Fault;
import io.postern.spi.Secret;

/**
 * A directory that checks passwords. The smallest plugin there is: one class with this one method.
 *
 * <pre>{@code
 * public final class OneUser implements PasswordDirectory {
 *     public Verdict verify(String name, Secret password) {
 *         return name.equals("alice") && password.matches(KNOWN)
 *                 ? new Verdict.Accepted(new User("alice"))
 *                 : new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
 *     }
 * }
 * }</pre>
 */
public interface PasswordDirectory extends UserDirectory {

    /**
     * Checks one password. Takes the same time whether the user exists or not (RFC 1939 §13).
     *
     * @param name what the client typed, never empty; not trusted, may hold any character. Prepared
     *     by SASLprep (RFC 4013) where the server offers UTF8
     * @param password never empty; prepared like that, or, where that did not fit, as typed; the
     *     caller's, who wipes it afterwards
     * @return accepted with the canonical user, or refused with the reason, which only the log sees
     * @throws Fault if the answer cannot be found out; never for a wrong password
     * @throws InterruptedException if the server stops the attempt
     */
    Verdict verify(String name, Secret password) throws Fault, InterruptedException;

    /**
     * Checks one password for a client of whom something is known. This is what the server calls;
     * it comes to {@link #verify(String, Secret)} unless the directory needs to know where the
     * client is.
     *
     * @param channel the client's connection; not looked at after the answer
     */
    default Verdict verify(String name, Secret password, Channel channel)
            throws Fault, InterruptedException {
        return verify(name, password);
    }
}
