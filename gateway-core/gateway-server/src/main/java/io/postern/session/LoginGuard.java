package io.postern.session;

import io.postern.limit.Networks;
import io.postern.limit.Penalties;
import io.postern.limit.Refusals;
import io.postern.limit.UserSessions;

import java.time.Duration;
import java.util.Objects;

/**
 * What all logins have to pass besides the directories.
 *
 * @param penalties what failed logins cost
 * @param users the sessions of each user
 * @param refusals where refusals are counted
 * @param pause how a login waits
 */
public record LoginGuard(Penalties penalties, UserSessions users, Refusals refusals, Pause pause) {

    /** Waits. The session's virtual thread does, at the price of its stack. */
    public interface Pause {
        void of(Duration time) throws InterruptedException;
    }

    public LoginGuard {
        Objects.requireNonNull(penalties);
        Objects.requireNonNull(users);
        Objects.requireNonNull(refusals);
        Objects.requireNonNull(pause);
    }

    /** One that waits by the system's clock. */
    public LoginGuard(Penalties penalties, Refusals refusals) {
        this(penalties, new UserSessions(), refusals, Thread::sleep);
    }

    /** One that lets everybody pass. */
    public static LoginGuard open() {
        return new LoginGuard(
                new Penalties(Duration.ZERO, Duration.ZERO, Networks.NONE, System::nanoTime),
                new Refusals());
    }
}
