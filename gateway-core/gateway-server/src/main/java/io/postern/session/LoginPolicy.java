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
            PluginCalls calls,
            PluginCalls.Question<Ruling> question,
            InetAddress client,
            Refusals refusals)
            throws Fault, InterruptedException {
        var begun = System.nanoTime();
        try {
            return calls.askAside(
                    plugin,
                    "rule on a login",
                    timeLimit,
                    () -> Objects.requireNonNull(question.answer(), "a ruling of null"));
        } catch (Fault | RuntimeException | Error e) {
            var late = System.nanoTime() - begun >= timeLimit.toNanos();
            return failed(
                    calls,
                    late ? "it took longer than " + timeLimit : "it failed",
                    e,
                    client,
                    refusals);
        }
    }

    private Ruling failed(
            PluginCalls calls, String how, Throwable cause, InetAddress client, Refusals refusals)
            throws Fault {
        var name = calls.name(plugin);
        if (refusals.refused(Limit.POLICY, name, client, how)) {
            FaultLog.warn(LOG, "policy " + name + ": " + how, cause);
        }
        if (allowOnFailure) {
            return new AuthPolicy.Allow();
        }
        throw Fault.temporary("policy " + name + ": " + how, cause);
    }
}
