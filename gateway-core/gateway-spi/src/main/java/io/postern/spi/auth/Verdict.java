package io.postern.spi.auth;

import io.postern.spi.User;

import java.util.Objects;

/** The end of a login attempt. A fault is no verdict: see {@link io.postern.spi.Fault}. */
public sealed interface Verdict extends AuthStep {

    /** The client is this user. */
    record Accepted(User user) implements Verdict {
        public Accepted {
            Objects.requireNonNull(user);
        }
    }

    /** The client is not let in. */
    record Refused(Reason reason) implements Verdict {
        public Refused {
            Objects.requireNonNull(reason);
        }
    }

    /**
     * Why not. The log tells them apart; the client hears the same words for all but {@link
     * #MALFORMED} (RFC 1939 §13, RFC 3206 §5).
     */
    enum Reason {
        /** Nobody of that name. In a list of directories, the next one may be asked. */
        UNKNOWN_USER,
        /** The password, digest or token does not fit. */
        WRONG_PROOF,
        /**
         * The account exists and its password is kept in a form with which this mechanism cannot
         * work: a hash where APOP, CRAM-MD5 or SCRAM wants the password or other keys.
         */
        NO_SECRET,
        /** The account exists and may not log in now, or not in this way. */
        NOT_ALLOWED,
        /** The client's message breaks the rules of the mechanism: no credential was judged. */
        MALFORMED
    }
}
