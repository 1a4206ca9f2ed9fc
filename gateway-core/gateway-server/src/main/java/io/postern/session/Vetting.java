package io.postern.session;

import io.postern.call.PluginCalls;
import io.postern.limit.Gate;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.AuthPolicy.Attempt;
import io.postern.spi.auth.AuthPolicy.Ruling;
import io.postern.spi.auth.Standing;
import io.postern.spi.auth.Verdict;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/**
 * One login attempt on its way past the penalty for failed ones, the policy, and the other logins
 * that are being judged. Whatever it does is the same for users that exist and for those that do
 * not (RFC 1939 §13). Used by the session's virtual thread.
 */
final class Vetting {
    /** Longest that a policy can make a login wait. */
    private static final Duration LONGEST_DELAY = Duration.ofMinutes(1);

    private static final Verdict NOT_ALLOWED = new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);

    private final LoginGuard guard;
    private final Optional<LoginPolicy> policy;
    private final Connection connection;
    private final InetAddress client;
    private final String session;
    private final PluginCalls calls;
    private String mechanism = "?";
    private String account = "";
    private Attempt attempt;
    private Standing standing = Standing.STRANGER;

    /** Why a policy is against it, in the policy's words; null where none is. */
    private String opposition;

    private long password;
    private Gate.Turn turn;
    private LoginRefusal unjudged;

    /** Whether the attempt goes on without its session. */
    private volatile boolean abandoned;

    Vetting(
            PluginCalls calls,
            LoginGuard guard,
            Optional<LoginPolicy> policy,
            Connection connection,
            String session) {
        this.calls = calls;
        this.guard = guard;
        this.policy = policy;
        this.connection = connection;
        this.client = connection.client().getAddress();
        this.session = session;
    }

    /** What the client proves itself with. */
    void by(String mechanismsName) {
        mechanism = mechanismsName;
    }

    /**
     * Before any directory is asked: waits, asks the policy, and waits for a place among those that
     * are being judged, which {@link #over} gives back.
     *
     * @param name as it was typed
     * @param countedAs the name that failures count for; empty where there is no name
     * @return false if a policy is against it, so that nobody is to be asked
     * @throws Fault if there is no place, or no answer from the policy
     */
    boolean passes(String name, String countedAs) throws Fault, InterruptedException {
        refuseIfAbandoned();
        if (attempt == null || !attempt.name().equals(name)) { // once, if a mechanism asks twice
            account = countedAs;
            attempt =
                    new Attempt(
                            session, name, client, mechanism, connection.encryption().isPresent());
            var delay = guard.penalties().delay(client, account);
            standing = standing(delay);
            pause(delay);
            opposition = opposition(ask(AuthPolicy::before));
            refuseIfAbandoned();
        }
        if (turn == null) {
            turn = turn();
            if (turn == null) {
                unjudged = LoginRefusal.LOGINS;
                throw Fault.temporary("too many logins at a time", null);
            }
        }
        refuseIfAbandoned();
        return opposition == null;
    }

    /**
     * Waits for a place. Who became a suspect meanwhile goes back and waits as one: else those who
     * come all at once, before the first of them has failed, would be judged before everybody else.
     *
     * @return null where there was no place
     */
    private Gate.Turn turn() throws InterruptedException {
        var gate = connection.place().gate();
        var place = gate.turn(client, standing);
        if (place == null || standing == Standing.SUSPECT) {
            return place;
        }
        var delay = guard.penalties().delay(client, account);
        if (delay.isZero()) {
            return place;
        }
        place.close();
        standing = Standing.SUSPECT;
        pause(delay);
        return gate.turn(client, standing);
    }

    private Standing standing(Duration delay) {
        if (delay.isPositive()) {
            return Standing.SUSPECT;
        }
        return guard.penalties().knows(client, account) ? Standing.KNOWN : Standing.STRANGER;
    }

    /** What is known of the client, for the directories that are asked. */
    Standing standing() {
        return standing;
    }

    /**
     * The password that is tried, to know it again.
     *
     * @param tried the caller's
     */
    void tries(Secret tried) {
        var octets = tried.octets();
        password = guard.penalties().digest(account, octets);
        Arrays.fill(octets, (byte) 0);
    }

    /** The directories have answered, for now. Idempotent. */
    synchronized void over() {
        if (turn != null) {
            turn.close();
            turn = null;
        }
    }

    /**
     * Counts the verdict of a mechanism and its directories, and tells the policy.
     *
     * @return the verdict, or a refusal where the policy is against it now
     */
    Verdict judged(Verdict verdict) throws Fault, InterruptedException {
        if (attempt == null) {
            return verdict; // nobody was asked: the client's message was no credential
        }
        if (verdict instanceof Verdict.Refused(var reason)) {
            if (reason != Verdict.Reason.MALFORMED) {
                guard.penalties().failed(client, account, password);
                var _ = ask((policy, it) -> policy.after(it, verdict));
            }
            return verdict;
        }
        opposition = opposition(ask((policy, it) -> policy.after(it, verdict)));
        if (opposition != null) {
            guard.penalties().failed(client, account, password);
            return NOT_ALLOWED;
        }
        guard.penalties().succeeded(client, account);
        return verdict;
    }

    /** A mechanism that is left behind asks nobody any more. */
    void abandon() {
        abandoned = true;
    }

    /**
     * Asks nobody for a login that has been left behind.
     *
     * @throws Fault if it was
     */
    void refuseIfAbandoned() throws Fault {
        if (abandoned) {
            over();
            throw Fault.temporary("nobody waits for this login any more", null);
        }
    }

    /** The reason for a refusal. */
    LoginRefusal reason(Verdict.Reason reason) {
        return opposition != null ? LoginRefusal.POLICY : LoginRefusal.of(reason);
    }

    /** What a policy that is against it gave as its reason; empty where there is none. */
    String opposition() {
        return opposition == null ? "" : opposition;
    }

    private static String opposition(Ruling ruling) {
        return ruling instanceof AuthPolicy.Refuse(var reason) ? reason : null;
    }

    /** Why nobody could judge this attempt, where that is no fault of a directory. */
    Optional<LoginRefusal> unjudged() {
        return Optional.ofNullable(unjudged);
    }

    private interface Question {
        Ruling of(AuthPolicy policy, Attempt attempt) throws Fault, InterruptedException;
    }

    /** What the policy says, after the delay that it wants. */
    private Ruling ask(Question question) throws Fault, InterruptedException {
        if (policy.isEmpty()) {
            return new AuthPolicy.Allow();
        }
        var asked = policy.get();
        Ruling ruling;
        try {
            ruling =
                    asked.ask(
                            calls,
                            () -> question.of(asked.plugin(), attempt),
                            client,
                            guard.refusals());
        } catch (Fault e) {
            unjudged = LoginRefusal.POLICY_FAILED;
            throw e;
        }
        if (ruling instanceof AuthPolicy.Delay(var time)) {
            pause(time.compareTo(LONGEST_DELAY) < 0 ? time : LONGEST_DELAY);
        }
        return ruling;
    }

    private void pause(Duration time) throws InterruptedException {
        if (time.isPositive()) {
            guard.pause().of(time);
        }
    }
}
