package io.postern.spi.auth;

import io.postern.spi.Fault;
import io.postern.spi.Plugin;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Objects;

/**
 * Is asked about every login attempt, before any directory is and again with the verdict. It knows
 * no password. A client never learns that it was a policy that refused: the answer is that of a
 * wrong password.
 *
 * <p>A plugin names itself in {@code META-INF/services/io.postern.spi.auth.AuthPolicy}. Any number
 * of virtual threads call it at the same time; it may block, for as long as {@code time-limit} in
 * {@code gateway.xml} allows. Its thread is interrupted then, and {@code on-failure} says what
 * becomes of the login; the same holds for a {@link Fault} or any other exception.
 */
public interface AuthPolicy extends Plugin {

    /**
     * Who tries what.
     *
     * @param session as the log names it
     * @param name what the client typed, or its token said; not trusted
     * @param client its real address
     * @param mechanism as {@link AuthMechanism#mechanism} says
     * @param encrypted whether the connection is encrypted
     */
    record Attempt(
            String session, String name, InetAddress client, String mechanism, boolean encrypted) {}

    /** What is to become of it. */
    sealed interface Ruling {}

    /** It goes on. */
    record Allow() implements Ruling {}

    /**
     * It goes on after this time. The server waits at most a minute.
     *
     * @param time zero or more
     */
    record Delay(Duration time) implements Ruling {
        public Delay {
            if (time.isNegative()) {
                throw new IllegalArgumentException("a delay of " + time);
            }
        }
    }

    /**
     * It ends.
     *
     * @param reason for the log, in a few words
     */
    record Refuse(String reason) implements Ruling {
        public Refuse {
            Objects.requireNonNull(reason);
        }
    }

    /** Rules on an attempt that nobody has judged yet. */
    Ruling before(Attempt attempt) throws Fault, InterruptedException;

    /**
     * Hears what the directories said. A ruling on a verdict that refuses changes nothing any more.
     */
    default Ruling after(Attempt attempt, Verdict verdict) throws Fault, InterruptedException {
        return new Allow();
    }
}
