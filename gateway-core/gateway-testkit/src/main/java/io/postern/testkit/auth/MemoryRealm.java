package io.postern.testkit.auth;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.Verdict;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/**
 * Stands for the server and its directories before a mechanism under test. It keeps what it was
 * shown, so that a test can say whether the mechanism wiped it. A user's secret is password, shared
 * secret and bearer token in one. Safe for any number of threads.
 */
public final class MemoryRealm implements AuthContext {
    private static final String STAMP = "<1896.697170952@dbc.mtview.ca.us>";

    private final Map<String, String> secrets;
    private final MemoryUsers users;
    private final Map<String, ScramDirectory.Entry> entries = new ConcurrentHashMap<>();
    private final String stamp;
    private final Optional<Fault> fault;
    private final Channel channel;
    private final Set<String> offered;
    private final boolean folding;
    private final List<Secret> shown = new CopyOnWriteArrayList<>();
    private final List<Verdict> verdicts = new CopyOnWriteArrayList<>();

    private MemoryRealm(
            Map<String, String> secrets,
            String stamp,
            Optional<Fault> fault,
            Channel channel,
            Set<String> offered,
            boolean folding) {
        this.secrets = secrets;
        this.users = new MemoryUsers(secrets);
        this.stamp = stamp;
        this.fault = fault;
        this.channel = channel;
        this.offered = offered;
        this.folding = folding;
    }

    /** A realm of these names and secrets, on a connection with the stamp of RFC 1939 §7. */
    public static MemoryRealm of(Map<String, String> secrets) {
        return new MemoryRealm(
                Map.copyOf(secrets),
                STAMP,
                Optional.empty(),
                MemoryChannel.secure(),
                Set.of(),
                false);
    }

    /** The same realm on a connection whose greeting had no stamp. */
    public MemoryRealm withoutStamp() {
        return new MemoryRealm(secrets, "", fault, channel, offered, folding);
    }

    /** The same realm with a directory that is broken. */
    public MemoryRealm failing(Fault how) {
        return new MemoryRealm(secrets, stamp, Optional.of(how), channel, offered, folding);
    }

    /** The same realm on another connection. */
    public MemoryRealm over(Channel other) {
        return new MemoryRealm(secrets, stamp, fault, other, offered, folding);
    }

    /** The same realm where these SASL mechanisms are offered. */
    public MemoryRealm offering(String... mechanisms) {
        return new MemoryRealm(secrets, stamp, fault, channel, Set.of(mechanisms), folding);
    }

    /** The same realm where upper case in a name means nothing, and canonical names have none. */
    public MemoryRealm folding() {
        return new MemoryRealm(secrets, stamp, fault, channel, offered, true);
    }

    /** This realm, with keys of the test's own for one name. */
    public MemoryRealm knowing(String name, ScramDirectory.Entry entry) {
        entries.put(name, entry);
        return this;
    }

    /** Every password and token that it was given, in order; the mechanism's to wipe. */
    public List<Secret> shown() {
        return List.copyOf(shown);
    }

    /** Every answer that it gave, in order. */
    public List<Verdict> verdicts() {
        return List.copyOf(verdicts);
    }

    @Override
    public Verdict checkPassword(String name, Secret password) throws Fault {
        shown.add(password);
        return answer(
                name,
                secret ->
                        password.length() > 0
                                && password.matches(secret.getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public Verdict checkShared(String name, Predicate<Secret> check) throws Fault {
        return answer(
                name,
                text -> {
                    try (var secret = Secret.of(text)) {
                        return check.test(secret);
                    }
                });
    }

    @Override
    public ScramDirectory.Entry scram(String name, ScramHash hash) throws Fault {
        unlessBroken();
        var known = entries.get(name);
        var entry = known == null ? users.scram(canonical(name), hash) : known;
        verdicts.add(entry.verdict());
        return entry;
    }

    @Override
    public Verdict checkToken(String name, Secret token) throws Fault {
        shown.add(token);
        var whose =
                !name.isEmpty()
                        ? name
                        : secrets.keySet().stream()
                                .filter(it ->
                                        token.matches(
                                                secrets.get(it).getBytes(StandardCharsets.UTF_8)))
                                .findFirst()
                                .orElse("");
        return answer(whose, secret -> token.matches(secret.getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public Verdict checkName(String name) throws Fault {
        return answer(name, _ -> true);
    }

    @Override
    public boolean names(String identity, User user) {
        return identity.isEmpty() || canonical(identity).equals(user.name());
    }

    @Override
    public String stamp() {
        return stamp;
    }

    @Override
    public boolean offers(String mechanism) {
        return offered.contains(mechanism);
    }

    @Override
    public boolean encrypted() {
        return channel.encrypted();
    }

    @Override
    public Optional<byte[]> channelBinding(String type) {
        return channel.channelBinding(type);
    }

    @Override
    public List<X509Certificate> clientCertificates() {
        return channel.clientCertificates();
    }

    @Override
    public InetAddress clientAddress() {
        return channel.clientAddress();
    }

    private void unlessBroken() throws Fault {
        if (fault.isPresent()) {
            throw fault.get();
        }
    }

    private String canonical(String name) {
        return folding ? name.toLowerCase(Locale.ROOT) : name;
    }

    private Verdict answer(String typed, Predicate<String> fits) throws Fault {
        unlessBroken();
        var name = canonical(typed);
        var known = secrets.get(name);
        var fitting = fits.test(known == null ? "nobody's secret" : known);
        Verdict verdict;
        if (known == null) {
            verdict = new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
        } else if (fitting) {
            verdict = new Verdict.Accepted(new User(name));
        } else {
            verdict = new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
        }
        verdicts.add(verdict);
        return verdict;
    }
}
