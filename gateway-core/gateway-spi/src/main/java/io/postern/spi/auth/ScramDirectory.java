package io.postern.spi.auth;

import io.postern.spi.Fault;

import java.util.Objects;

/** A directory that has, or can make, the keys of SCRAM (RFC 5802 §3). */
public interface ScramDirectory extends UserDirectory {

    /**
     * The keys to check one login with.
     *
     * @param verdict what the right proof comes to: the canonical user; or a refusal, where there
     *     is no such user, the user may not log in, or not with SCRAM. A wrong proof is refused in
     *     any case
     */
    record Entry(ScramKeys keys, Verdict verdict) {
        public Entry {
            Objects.requireNonNull(keys);
            Objects.requireNonNull(verdict);
        }
    }

    /**
     * Looks the keys for one name up. For a name with which nobody can log in it makes some up that
     * look like a user's and take as long: the client sees salt and iterations before it proves
     * anything, and they stay the same for one name, over restarts too where that is possible.
     *
     * @param name what the client typed, prepared by SASLprep, never empty; not trusted
     * @throws Fault if the answer cannot be found out
     * @throws InterruptedException if the server stops the attempt
     */
    Entry scram(String name, ScramHash hash) throws Fault, InterruptedException;
}
