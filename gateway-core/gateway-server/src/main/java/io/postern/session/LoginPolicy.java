package io.postern.session;

import io.postern.call.FaultLog;
import io.postern.call.PluginCalls;
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
    Ruling ask(
            PluginCalls.Question<Ruling> question,
            InetAddress client,
            Refusals refusals,
            PluginCalls calls)
            throws Fault, InterruptedException {
        try {
            return calls.askInTime(
                    plugin,
                    "rule on a login",
                    timeLimit,
                    () -> Objects.requireNonNull(question.answer(), "a ruling of null"),
                    _ -> {},
                    () -> {});
        } catch (Fault e) {
            var late = e.getCause() instanceof TimeoutException;
            return failed(
                    late ? "it took longer than " + timeLimit : "it failed", e, client, refusals);
        } catch (RuntimeException | Error e) {
            return failed("it failed", e, client, refusals);
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
