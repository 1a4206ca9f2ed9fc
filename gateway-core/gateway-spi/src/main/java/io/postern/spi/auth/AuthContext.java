package io.postern.spi.auth;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;

import java.util.function.Predicate;

/**
 * What the server gives to one {@link AuthExchange}: the directories of the client's realm behind
 * one door, and what is known of the connection. Implemented by the server only.
 *
 * <p>The server picks the realm by the name, asks its directories in order, and sees to it that an
 * unknown user costs what a known one costs.
 */
public interface AuthContext extends Channel {

    /**
     * Asks for a password to be checked. An empty name or password is refused here, before any
     * directory sees it (an LDAP server would take an empty one as an anonymous bind). Where the
     * server offers UTF8, both go through SASLprep, and what that forbids, or what is not UTF-8, is
     * refused as malformed (RFC 6856 §2.2).
     *
     * @param name what the client typed
     * @param password the caller's, who wipes it afterwards
     */
    Verdict checkPassword(String name, Secret password) throws Fault, InterruptedException;

    /**
     * Checks a proof that was made with a shared secret. For a user that does not exist the check
     * runs against a random secret, and its result is not looked at. Where the server offers UTF8,
     * the name goes through SASLprep as in {@link #checkPassword}, and a proof may fit the secret
     * as it is kept or as SASLprep leaves it.
     *
     * @param name what the client typed
     * @param check says whether the proof fits the secret; compares in constant time; must not keep
     *     the secret, which is wiped when the check returns; asked once for each form of it
     */
    Verdict checkShared(String name, Predicate<Secret> check) throws Fault, InterruptedException;

    /**
     * The keys to check a SCRAM login with. For a user that does not exist, or has no keys, they
     * are made up, and the verdict is a refusal. An empty name is one of those.
     *
     * @param name what the client typed, prepared by SASLprep
     */
    ScramDirectory.Entry scram(String name, ScramHash hash) throws Fault, InterruptedException;

    /**
     * Asks for a bearer token to be checked. A token that is somebody else's than {@code name} is
     * refused. An empty token is refused before any directory sees it.
     *
     * @param name whom the client wants to be, or an empty text: whoever the token stands for
     * @param token the caller's, who wipes it afterwards
     */
    Verdict checkToken(String name, Secret token) throws Fault, InterruptedException;

    /**
     * Asks whether somebody may log in whose name the mechanism has seen proven, by {@link
     * #clientCertificates}. An empty name is refused.
     */
    Verdict checkName(String name) throws Fault, InterruptedException;

    /**
     * Whether an authorization identity (RFC 4422 §2) names the user whom one of the checks above
     * accepted last. It does if it is empty, or leads to the realm of that login and is, but for
     * the case of ASCII letters, what the client typed as its name, or the user's canonical name.
     * Where the server offers UTF8, it goes through SASLprep before. Nobody may act for another
     * user, so a mechanism refuses every other identity as not allowed.
     *
     * @param identity not trusted
     */
    boolean names(String identity, User user);

    /**
     * The stamp in this connection's greeting, angle brackets included (RFC 1939 §7), or an empty
     * text where the greeting had none.
     */
    String stamp();

    /** Whether a SASL mechanism of this name is offered on this connection now. */
    boolean offers(String mechanism);
}
