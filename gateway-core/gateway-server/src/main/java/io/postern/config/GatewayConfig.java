package io.postern.config;

import io.postern.limit.ListenerLimits;
import io.postern.limit.Networks;
import io.postern.spi.SettingException;
import io.postern.tls.ClientCertificates;
import io.postern.tls.IdentitySource;
import io.postern.tls.TlsMode;
import io.postern.tls.TlsProfile;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * All that {@code gateway.xml} says. Plugins are named here and not looked at: whether they exist
 * and like their settings is another room's question.
 *
 * @param serverName what the server calls itself in stamps and logs; empty: the host's name
 * @param listeners at least one
 * @param identities the keys and certificates for TLS, the default first; at least one where a
 *     listener has TLS
 * @param utf8 whether UTF8 and LANG are offered (RFC 6856)
 * @param mechanisms at least one, in the order of the file
 * @param policy whom to ask about login attempts
 * @param realms at least one, exactly one of them the default
 * @param lines where {@code server}, {@code listeners}, {@code tls}, {@code limits} and the limits
 *     in it stand, by name; those that the file does not have are absent
 */
public record GatewayConfig(
        Path file,
        Optional<String> serverName,
        List<Listener> listeners,
        List<TlsIdentity> identities,
        Limits limits,
        boolean utf8,
        List<PluginPlace> mechanisms,
        Optional<Policy> policy,
        PluginPlace locks,
        List<Realm> realms,
        Map<String, Integer> lines) {

    public GatewayConfig {
        listeners = List.copyOf(listeners);
        identities = List.copyOf(identities);
        mechanisms = List.copyOf(mechanisms);
        realms = List.copyOf(realms);
        lines = Map.copyOf(lines);
    }

    /** What can be used, and is hardly meant so. */
    public List<Problem> warnings() {
        var warnings = new ArrayList<Problem>();
        for (var realm : realms) {
            for (var at = 0; at < realm.directories().size(); at++) {
                var directory = realm.directories().get(at);
                realm.directories().subList(0, at).stream()
                        .filter(directory::repeats)
                        .findFirst()
                        .ifPresent(first ->
                                warnings.add(
                                        directory.problem(
                                                "it is the same as at line "
                                                        + first.line()
                                                        + ", so the same users are looked up twice",
                                                "Remove one of them.")));
            }
        }
        return warnings;
    }

    /**
     * A setting that cannot be used, with its place.
     *
     * @param line of the element
     */
    public Problem problem(int line, SettingException wrong) {
        return new Problem(file, line, wrong.setting(), wrong.getMessage(), wrong.remedy());
    }

    /** Every place that names a plugin, in the order in which plugins are started. */
    public List<PluginPlace> places() {
        var places = new ArrayList<>(List.of(locks));
        realms.forEach(realm -> places.add(realm.store()));
        realms.forEach(realm -> places.addAll(realm.directories()));
        places.addAll(mechanisms);
        policy.ifPresent(it -> places.add(it.place()));
        return places;
    }

    /**
     * Where clients are waited for.
     *
     * @param address a numeric address or a host name
     * @param port from 0 to 65535; 0 takes any free one
     * @param profile which versions and suites of TLS it takes
     * @param allowPlaintext whether passwords may travel in the clear
     * @param clients present where clients are asked for certificates
     * @param limits its own, or those of all listeners
     * @param proxy from whom connections with a PROXY header come, where they are to have one
     * @param line where it stands in the file
     */
    public record Listener(
            String address,
            int port,
            TlsMode tls,
            TlsProfile profile,
            boolean allowPlaintext,
            Optional<ClientCertificates> clients,
            ListenerLimits limits,
            Optional<Proxy> proxy,
            int line) {

        /** What an operator is reminded of at each start and check: a sentence. */
        public Optional<String> warning() {
            return profile == TlsProfile.LEGACY
                    ? Optional.of(
                            "the listener %s port %d takes TLS 1.0, TLS 1.1 and suites with CBC"
                                            .formatted(address, port)
                                    + " (tls-profile=\"legacy\"): let only those devices use it"
                                    + " that have nothing better.")
                    : Optional.empty();
        }
    }

    /**
     * A key and its certificate, which the file names and nobody has looked at.
     *
     * @param line where it stands in the file
     */
    public record TlsIdentity(IdentitySource source, int line) {}

    /**
     * Proxies that say in a header for whom they connect.
     *
     * @param from where they are; not empty
     * @param headerTimeout how long the header may take
     */
    public record Proxy(Networks from, Duration headerTimeout) {}

    /**
     * A plugin that is asked about login attempts.
     *
     * @param timeLimit how long it may take for one answer
     * @param allowOnFailure whether a login goes on when it gives none
     */
    public record Policy(PluginPlace place, Duration timeLimit, boolean allowOnFailure) {}

    /**
     * What a client may take, and for how long.
     *
     * @param idleTimeout how long a logged-in client may be silent (RFC 1939 §3)
     * @param loginTimeout how long a client may take to log in
     * @param writeStall how long a client may take nothing of what is sent
     * @param lockWait how long to wait for a maildrop that is in use; at most 10 s
     * @param commitLimit how long the removal at QUIT may take
     * @param drain how long a stop waits for what is running
     * @param handshakeTimeout how long a TLS handshake may take
     * @param pluginStart how long a plugin may take to start
     * @param pluginAnswer how long a plugin may take for its part of a login
     * @param usual for the listeners that have none of their own
     * @param trusted networks whose clients are not slowed down, and not limited by address
     * @param failureDelay what failed logins make the next one wait at first; zero turns it off
     * @param longestFailureDelay where the doubling of it ends
     */
    public record Limits(
            Duration idleTimeout,
            Duration loginTimeout,
            Duration writeStall,
            Duration lockWait,
            Duration commitLimit,
            Duration drain,
            Duration handshakeTimeout,
            Duration pluginStart,
            Duration pluginAnswer,
            ListenerLimits usual,
            Networks trusted,
            Duration failureDelay,
            Duration longestFailureDelay) {}

    /**
     * Users and their mail.
     *
     * @param name lower-case letters, digits and hyphens; no two realms share one
     * @param byDefault whether it takes the names without a domain, and those of unknown domains
     * @param domains lower-case; no two realms share one
     * @param stripDomain whether its directories are asked for the name without the domain
     * @param loginDelay the longest delay that any of its accounts has; zero for none
     * @param expire the fewest days that mail stays, or 0 for ever; empty where nothing is promised
     * @param directories at least one, asked in this order
     * @param stopOnUnknown those of them behind which nobody is asked
     * @param nextOnFailure those of them that have the next one asked where they have no answer
     * @param kept where removed mail stays for a while; empty where it does not
     */
    public record Realm(
            String name,
            boolean byDefault,
            List<String> domains,
            boolean stripDomain,
            Duration loginDelay,
            OptionalInt expire,
            List<PluginPlace> directories,
            Set<PluginPlace> stopOnUnknown,
            Set<PluginPlace> nextOnFailure,
            PluginPlace store,
            Optional<Kept> kept) {
        public Realm {
            domains = List.copyOf(domains);
            directories = List.copyOf(directories);
            stopOnUnknown = Set.copyOf(stopOnUnknown);
            nextOnFailure = Set.copyOf(nextOnFailure);
        }
    }

    /**
     * Where removed mail stays for a while.
     *
     * @param folder of this realm alone, in the one that the file names
     * @param days how long; 1 or more
     * @param line where it stands in the file
     */
    public record Kept(Path folder, int days, int line) {}
}
