package io.postern.session;

import io.postern.call.FaultLog;
import io.postern.call.LeftBehind;
import io.postern.call.PluginCalls;
import io.postern.engine.Effect;
import io.postern.engine.Event;
import io.postern.engine.ListingViolation;
import io.postern.engine.Offer;
import io.postern.engine.Problem;
import io.postern.session.Counters.Violation;
import io.postern.spi.Fault;
import io.postern.spi.User;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.Verdict;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One login attempt, from the first response of the client to an open maildrop: authenticate, lock,
 * open, in this order (RFC 1939 §4). Used by the session's virtual thread, which closes it before
 * the engine hears of a refusal.
 */
final class Login implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Login.class);

    private final Sessions sessions;
    private final Ways ways;
    private final Connection connection;
    private final String session;
    private final Vetting vetting;
    private final Accounts accounts;
    private String mechanism = "?";
    private AuthMechanism plugin;
    private AuthExchange exchange;
    private OpenDrop drop;

    /** As long as no {@link OpenDrop} closes it. */
    private UserVisits.Visit visit;

    /** Whether a store is at work with the maildrop. */
    private boolean opening;

    /** Ends the user's session for the count of them; null where that is not this login's to do. */
    private Runnable leave;

    Login(Sessions sessions, Ways ways, Offer offer, Connection connection, String session) {
        this.sessions = sessions;
        this.ways = ways;
        this.connection = connection;
        this.session = session;
        this.vetting =
                new Vetting(sessions.calls, sessions.guard, ways.policy, connection, session);
        this.accounts = new Accounts(ways.realms, connection, offer, vetting, sessions.calls);
    }

    /**
     * Starts the attempt.
     *
     * @return {@link Event.Challenged}, {@link Event.LoginRefused} or {@link Event.Opened}
     */
    Event begin(Effect.Authenticate login) throws InterruptedException {
        try {
            plugin = ways.mechanisms.plugin(login);
            mechanism = ways.mechanisms.name(login);
            vetting.by(mechanism);
        } catch (RuntimeException | Error e) {
            Arrays.fill(login.response(), (byte) 0);
            return failed(e);
        }
        return next(
                () ->
                        Objects.requireNonNull(
                                ways.mechanisms.begin(login, accounts), "an exchange of null"),
                login.response());
    }

    /** Goes on with it; answers as {@link #begin}. */
    Event next(byte[] response) throws InterruptedException {
        var goesOn = exchange;
        return next(() -> goesOn, response);
    }

    private Event next(PluginCalls.Question<AuthExchange> which, byte[] response)
            throws InterruptedException {
        try {
            return switch (step(which, response)) {
                case null -> throw new NullPointerException("an authentication step of null");
                case AuthStep.Challenge(var octets) ->
                        new Event.Challenged(Objects.requireNonNull(octets));
                case Verdict verdict -> judged(verdict);
            };
        } catch (Fault | ListingViolation | RuntimeException | Error e) {
            return failed(e);
        }
    }

    /** What an exchange says; the exchange is at its end but for a challenge. */
    private record Said(AuthExchange exchange, AuthStep step) {
        boolean goesOn() {
            return step instanceof AuthStep.Challenge;
        }
    }

    /** All that one response of the client asks of the mechanism, in one call. */
    private AuthStep step(PluginCalls.Question<AuthExchange> which, byte[] response)
            throws Fault, InterruptedException {
        exchange = null; // the call has it
        try {
            var said =
                    inTime(
                            "take a response",
                            () -> said(which.answer(), response),
                            late -> {
                                if (late.goesOn()) {
                                    endOf(late.exchange()).run();
                                }
                            });
            exchange = said.goesOn() ? said.exchange() : null;
            return said.step();
        } catch (Fault | InterruptedException | RuntimeException | Error e) {
            Arrays.fill(response, (byte) 0);
            throw e;
        }
    }

    /** Whether a directory, the policy or the limits have failed, and not the mechanism. */
    private boolean failedElsewhere() {
        return accounts.fault().isPresent() || vetting.unjudged().isPresent();
    }

    private Said said(AuthExchange asked, byte[] response) throws Fault, InterruptedException {
        Said said = null;
        try {
            vetting.refuseIfAbandoned(); // the mechanism may have begun when nobody waited any more
            said = new Said(asked, asked.next(response));
            return said;
        } finally {
            if (said == null || !said.goesOn()) {
                endOf(asked).run();
            }
        }
    }

    /**
     * Asks the mechanism. What it waits for others in the meantime is not its own time: a policy, a
     * penalty and several directories may take longer than one call may.
     */
    private <T> T inTime(String doing, PluginCalls.Question<T> question, Consumer<T> tooLate)
            throws Fault, InterruptedException {
        try {
            return sessions.calls.askInTime(
                    plugin, doing, question, tooLate, this::failedElsewhere);
        } catch (InterruptedException e) {
            vetting.abandon();
            throw e;
        } finally {
            vetting.over();
        }
    }

    /**
     * What becomes of an attempt whose thread is in a plugin that does not come to an end: as soon
     * as it does, that thread lets go of what it has in hand. Called by the thread that goes on.
     */
    Event.LoginRefused leftBehind(Fault why) {
        vetting.abandon();
        vetting.over();
        if (opening) {
            disown(); // the store is at work with it: the lock stays until it has ended
        }
        exchange = null;
        return failed(why);
    }

    private Runnable endOf(AuthExchange ending) {
        return () -> {
            try {
                ending.close();
            } catch (RuntimeException | Error e) {
                var _ = sessions.problem("mechanism " + mechanism + " ends an attempt", e);
            }
        };
    }

    /** What to answer where this attempt cannot go on. */
    Event.LoginRefused failed(Throwable cause) {
        if (vetting.unjudged().isPresent()) { // counted and told already, once a minute
            return refused(Problem.SYS_TEMP, vetting.unjudged().get());
        }
        if (cause instanceof ListingViolation violation) {
            sessions.counters.count(Violation.LISTING);
            LOG.error(
                    "store {} gave a listing for {} that must not be shown: {}",
                    sessions.calls.name(drop.store()),
                    SessionLog.value(drop.user().name()),
                    violation.getMessage());
            return refused(Problem.SYS_TEMP, LoginRefusal.LISTING);
        }
        return refused(
                sessions.problem("session " + session + ", login by " + mechanism, cause),
                LoginRefusal.FAULT);
    }

    /** The maildrop of a login that succeeded; the caller's from now on. */
    OpenDrop takeDrop() {
        var taken = drop;
        drop = null;
        visit = null;
        return taken;
    }

    /** Lets go of maildrop and lock unless they were taken, and ends the exchange. Never throws. */
    @Override
    public void close() throws LeftBehind {
        if (leave != null) {
            leave.run();
            leave = null;
        }
        if (drop != null) {
            drop.close();
        } else if (visit != null) {
            visit.close();
        }
        if (exchange != null) {
            var ending = exchange;
            exchange = null;
            end(ending);
        }
    }

    /** Waits for its end within the limit; whether it comes changes nothing for the client. */
    private void end(AuthExchange ending) throws LeftBehind {
        try {
            var _ =
                    inTime(
                            "end an attempt",
                            () -> {
                                endOf(ending).run();
                                return ending;
                            },
                            _ -> {});
        } catch (Fault e) {
            var _ = sessions.problem("mechanism " + mechanism + " ends an attempt", e);
        } catch (LeftBehind e) {
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Event open(User user) throws Fault, ListingViolation, InterruptedException {
        var realm =
                accounts.realm()
                        .or(() -> ways.realms.place(user.name()).map(Realms.Place::realm))
                        .orElseThrow(() -> noRealm(user));
        var rules = AccountRules.of(user, realm.terms());
        var against = rules.against(mechanism, connection);
        if (against.isPresent()) {
            return refused(Problem.AUTH, against.get());
        }
        var counted = realm.name() + "/" + user.name();
        visit = sessions.visits.begin(counted, rules.sessions());
        switch (visit.answer()) {
            case TOO_MANY -> {
                return refused(Problem.IN_USE, LoginRefusal.SESSIONS);
            }
            case TOO_EARLY -> {
                return refused(Problem.LOGIN_DELAY, LoginRefusal.LOGIN_DELAY);
            }
            case WELCOME -> {}
        }
        var client = connection.client().getAddress();
        var gate = connection.place().gate();
        var reached = sessions.guard.users().enter(counted, client, gate.limits());
        if (reached.isPresent()) {
            gate.refused(reached.get(), client);
            return refused(Problem.IN_USE, LoginRefusal.of(reached.get()));
        }
        leave = () -> sessions.guard.users().leave(counted, client);
        var store = realm.store();
        var id =
                Objects.requireNonNull(
                        sessions.calls.askInTime(store, "locate", () -> store.locate(user)),
                        "a maildrop id of null");
        var owner = new LockOwner(sessions.settings.node(), session, user.name());
        return switch (acquired(id, owner)) {
            case null -> throw new NullPointerException("a lock acquisition of null");
            case Acquisition.Busy _ -> refused(Problem.IN_USE, LoginRefusal.IN_USE);
            case Acquisition.Unavailable(var problem, var cause) -> {
                FaultLog.warn(
                        LOG, "lock of " + id + " unavailable", Fault.temporary(problem, cause));
                yield refused(Problem.SYS_TEMP, LoginRefusal.LOCK_UNAVAILABLE);
            }
            case Acquisition.Acquired(var lease) -> {
                var remover =
                        new SessionLog.Remover(
                                session, user.name(), connection.client(), realm.name());
                drop = new OpenDrop(sessions, user, realm, id, lease, visit, remover, leave);
                leave = null;
                open(drop);
                visit.opened(delay(rules));
                yield new Event.Opened(drop.messages(), rules.terms());
            }
        };
    }

    private Acquisition acquired(MaildropId id, LockOwner owner)
            throws Fault, InterruptedException {
        var wait = sessions.settings.lockWait();
        return sessions.calls.askInTime(
                sessions.locks,
                "answer for a lock",
                wait.plus(sessions.calls.limit()),
                () -> sessions.locks.tryAcquire(id, owner, wait),
                late -> {
                    if (late instanceof Acquisition.Acquired(var lease)) {
                        lease.close();
                    }
                },
                () -> {});
    }

    /**
     * Where it is not open in time, the store's thread lets go of it when it has come to an end.
     */
    private void open(OpenDrop opened) throws Fault, ListingViolation, InterruptedException {
        opening = true;
        try {
            var violation =
                    sessions.calls.askInTime(
                            opened.store(),
                            "open a maildrop",
                            sessions.calls.limit(),
                            () -> violation(opened),
                            _ -> {},
                            opened::letGo);
            opening = false;
            if (violation.isPresent()) {
                throw violation.get();
            }
        } catch (LeftBehind e) {
            throw e; // another thread has the login
        } catch (Fault | InterruptedException | RuntimeException | Error e) {
            opening = false;
            throw e;
        }
    }

    private static Optional<ListingViolation> violation(OpenDrop opened)
            throws Fault, InterruptedException {
        try {
            opened.open();
            return Optional.empty();
        } catch (ListingViolation e) {
            return Optional.of(e);
        }
    }

    private void disown() {
        drop = null;
        visit = null;
    }

    private static Duration delay(AccountRules rules) {
        return Duration.ofSeconds(rules.terms().loginDelay().orElse(0));
    }

    private static Fault noRealm(User user) {
        return Fault.permanent("no realm for " + SessionLog.value(user.name()), null);
    }

    private Event judged(Verdict verdict) throws Fault, ListingViolation, InterruptedException {
        if (verdict instanceof Verdict.Refused && accounts.fault().isPresent()) {
            // It was no judge of the credentials, whatever the mechanism made of it.
            return failed(accounts.fault().get());
        }
        return switch (vetting.judged(verdict)) {
            case Verdict.Accepted(var user) -> open(user);
            case Verdict.Refused(var reason) ->
                    refused(
                            reason == Verdict.Reason.MALFORMED ? Problem.NONE : Problem.AUTH,
                            vetting.reason(reason));
        };
    }

    private Event.LoginRefused refused(Problem problem, LoginRefusal reason) {
        SessionLog.loginFailed(
                session, accounts.name(), connection, mechanism, reason, vetting.opposition());
        return new Event.LoginRefused(problem);
    }
}
