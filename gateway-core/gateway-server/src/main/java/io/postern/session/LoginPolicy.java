package io.postern.session;

import io.postern.call.Bounded;
import io.postern.call.FaultLog;
import io.postern.limit.Limit;
import io.postern.limit.Refusals;
import io.postern.spi.Fault;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.AuthPolicy.Ruling;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * A policy plugin, and what becomes of a login where it fails.
 *
 * @param timeLimit how long it may take for one answer; more than zero
 * @param allowOnFailure whether a login goes on without an answer; else it is refused as temporary
 */
public record LoginPolicy(AuthPolicy plugin, Duration timeLimit, boolean allowOnFailure) {
    private static final Logger LOG = LoggerFactory.getLogger(LoginPolicy.class);

    /**
     * Asks, on a thread that can be left behind. Blocks within the limit.
     *
     * @param client for the log
     * @throws Fault if there is no answer, and the login may not go on without
     */
    Ruling ask(Callable<Ruling> question, InetAddress client, Refusals refusals)
            throws Fault, InterruptedException {
        try {
            return Objects.requireNonNull(
                    Bounded.ask("policy " + plugin.name(), timeLimit, question::call),
                    "a ruling of null");
        } catch (TimeoutException e) {
            return failed("it took longer than " + timeLimit, e, client, refusals);
        } catch (ExecutionException e) {
            return failed("it failed", e.getCause(), client, refusals);
        } catch (NullPointerException e) {
            return failed("it answered null", e, client, refusals);
        }
    }

    private Ruling failed(String how, Throwable cause, InetAddress client, Refusals refusals)
            throws Fault {
        if (refusals.refused(Limit.POLICY, plugin.name(), client, how)) {
            FaultLog.warn(LOG, "policy " + plugin.name() + ": " + how, cause);
        }
        if (allowOnFailure) {
            return new AuthPolicy.Allow();
        }
        throw Fault.temporary("policy " + plugin.name() + ": " + how, cause);
    }
}
