package io.postern.session;

import io.postern.limit.Networks;
import io.postern.limit.Penalties;
import io.postern.limit.Refusals;
import io.postern.limit.UserSessions;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What all logins have to pass besides the directories.
 *
 * @param penalties what failed logins cost
 * @param users the sessions of each user
 * @param policy whom to ask
 * @param refusals where refusals are counted
 * @param pause how a login waits
 */
public record LoginGuard(
        Penalties penalties,
        UserSessions users,
        Optional<LoginPolicy> policy,
        Refusals refusals,
        Pause pause) {

    /** Waits. The session's virtual thread does, at the price of its stack. */
    public interface Pause {
        void of(Duration time) throws InterruptedException;
    }

    public LoginGuard {
        Objects.requireNonNull(penalties);
        Objects.requireNonNull(users);
        Objects.requireNonNull(policy);
        Objects.requireNonNull(refusals);
        Objects.requireNonNull(pause);
    }

    /** One that waits by the system's clock. */
    public LoginGuard(Penalties penalties, Optional<LoginPolicy> policy, Refusals refusals) {
        this(penalties, new UserSessions(), policy, refusals, Thread::sleep);
    }

    /** One that lets everybody pass. */
    static LoginGuard open() {
        return new LoginGuard(
                new Penalties(Duration.ZERO, Duration.ZERO, Networks.NONE, System::nanoTime),
                Optional.empty(),
                new Refusals());
    }
}
