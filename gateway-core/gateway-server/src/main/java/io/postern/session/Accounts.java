package io.postern.session;

import io.postern.call.FaultLog;
import io.postern.call.PluginCalls;
import io.postern.call.Supervised;
import io.postern.engine.Offer;
import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Standing;
import io.postern.spi.auth.TokenDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetAddress;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The realms' directories behind one door, for one login attempt. Used by the session's virtual
 * thread.
 *
 * <p>A directory is asked only if it can answer, in its realm's order, the next one only when one
 * knows no such user, or as the realm says otherwise. What a directory throws is a fault, and stays
 * one even if the mechanism forgets it: see {@link #fault}. If the next directory is asked then,
 * and knows the user, there was no fault.
 *
 * <p>A refusal costs the same, whichever directory it comes from: those behind it are asked about a
 * stranger, for nothing but the time that takes (RFC 1939 §13). None but the stranger's name and a
 * random password is shown to them.
 */
final class Accounts implements AuthContext {
    /** Length of the secret that a proof for nobody is checked against, octets. */
    private static final int RANDOM_SECRET = 16;

    /** Before a name, makes one that nobody has: {@link io.postern.spi.User} has no controls. */
    private static final String NOBODY = "\0";

    private static final Logger log = LoggerFactory.getLogger(Accounts.class);

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Verdict UNKNOWN = new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
    private static final Verdict WRONG = new Verdict.Refused(Verdict.Reason.WRONG_PROOF);
    private static final Verdict NOT_ALLOWED = new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
    private static final Verdict MALFORMED = new Verdict.Refused(Verdict.Reason.MALFORMED);

    private final Realms realms;
    private final ClientChannel channel;
    private final Offer offer;
    private final Vetting vetting;
    private final PluginCalls calls;
    private String name = "";
    private Realm realm;

    /** The name as the realm's directories see it. */
    private String placed = "";

    private Fault fault;

    /** What kept a directory from answering for which the next one is asked. */
    private Fault skipped;

    Accounts(
            Realms realms, Connection connection, Offer offer, Vetting vetting, PluginCalls calls) {
        this.calls = calls;
        this.realms = realms;
        this.vetting = vetting;
        this.channel = new ClientChannel(connection);
        this.offer = offer;
    }

    /**
     * With UTF-8, name and password are prepared by SASLprep (RFC 6856 §2.2). A password that is
     * kept as it was typed, and that SASLprep changes, fits as well: it is asked for second, and
     * always where the first was refused, so that the time says nothing.
     */
    @Override
    public Verdict checkPassword(String login, Secret password) throws Fault, InterruptedException {
        if (!offer.utf8() || password.length() == 0) {
            return checkPassword(place(login), login, List.of(password), password);
        }
        var prepared = SaslPrep.query(password);
        var named = prepared(login);
        if (prepared.isEmpty() || named.isEmpty()) {
            prepared.ifPresent(Secret::close);
            name = login;
            return MALFORMED;
        }
        try (var first = prepared.get()) {
            var octets = first.octets();
            var forms = password.matches(octets) ? List.of(first) : List.of(first, password);
            Arrays.fill(octets, (byte) 0);
            return checkPassword(place(named.get()), named.get(), forms, password);
        }
    }

    private Verdict checkPassword(
            Optional<Realms.Place> place, String login, List<Secret> forms, Secret typed)
            throws Fault, InterruptedException {
        if (typed.length() == 0) {
            return WRONG;
        }
        vetting.tries(typed);
        Verdict verdict = WRONG;
        for (var form : forms) {
            var answer = verify(place, login, form);
            if (answer instanceof Verdict.Accepted) {
                return answer;
            }
            // That one of them is right, for an account that may not log in, says more.
            verdict = verdict.equals(NOT_ALLOWED) ? verdict : answer;
        }
        return verdict;
    }

    private Verdict verify(Optional<Realms.Place> place, String login, Secret password)
            throws Fault, InterruptedException {
        var able = able(place, PasswordDirectory.class);
        // For everybody: the time to make it would tell users from strangers.
        try (var random = randomSecret()) {
            for (var i = 0; i < able.size(); i++) {
                var one = able.get(i);
                var answer =
                        attempt(
                                one,
                                "check a password",
                                () -> one.verify(place.orElseThrow().name(), password, channel));
                if (answer.isPresent() && decides(one, answer.get())) {
                    if (answer.get() instanceof Verdict.Refused) {
                        spend(able, i + 1, rest -> rest.verify(NOBODY + login, random, channel));
                    }
                    return answer.get();
                }
            }
        }
        return nobody();
    }

    /** With UTF-8, the name is a query string and the secret a stored one (RFC 6856 §2.2). */
    @Override
    public Verdict checkShared(String typed, Predicate<Secret> proof)
            throws Fault, InterruptedException {
        var named = prepared(typed);
        if (named.isEmpty()) {
            name = typed;
            return MALFORMED;
        }
        var login = named.get();
        Predicate<Secret> check = offer.utf8() ? secret -> fits(secret, proof) : proof;
        var place = place(login);
        var able = able(place, SecretDirectory.class);
        for (var i = 0; i < able.size(); i++) {
            var one = able.get(i);
            var answer =
                    attempt(one, "find a secret", () -> one.shared(place.orElseThrow().name()));
            if (answer.isEmpty() || !decides(one, answer.get().verdict())) {
                continue;
            }
            var verdict = answer.get().verdict();
            try (var secret = answer.get().secret().orElseGet(Accounts::randomSecret)) {
                if (check.test(secret) && verdict instanceof Verdict.Accepted) {
                    return verdict;
                }
            }
            spend(able, i + 1, rest -> rest.shared(NOBODY + login));
            return verdict instanceof Verdict.Accepted ? WRONG : verdict;
        }
        try (var nobodys = randomSecret()) {
            var _ = check.test(nobodys);
        }
        return nobody();
    }

    @Override
    public ScramDirectory.Entry scram(String login, ScramHash hash)
            throws Fault, InterruptedException {
        var place = place(login);
        var able = able(place, ScramDirectory.class);
        ScramDirectory.Entry unknown = null;
        for (var i = 0; i < able.size(); i++) {
            var one = able.get(i);
            var answer =
                    attempt(one, "find keys", () -> one.scram(place.orElseThrow().name(), hash));
            if (answer.isPresent()) {
                var entry = answer.get();
                unknown = unknown == null ? entry : unknown;
                if (decides(one, entry.verdict())) {
                    // Nothing is proven yet, so the time must not tell anything either.
                    spend(able, i + 1, rest -> rest.scram(NOBODY + login, hash));
                    return entry.verdict().equals(UNKNOWN) ? unknown : entry;
                }
            }
        }
        var _ = nobody();
        return unknown == null ? nobody(login, hash) : unknown;
    }

    /** A name as it is looked up; empty where UTF-8 is offered and SASLprep forbids it. */
    private Optional<String> prepared(String login) {
        return offer.utf8() && !login.isEmpty() ? SaslPrep.query(login) : Optional.of(login);
    }

    /** Whether a proof fits a secret, prepared or as it is kept. Both are always looked at. */
    private static boolean fits(Secret secret, Predicate<Secret> proof) {
        var fits = proof.test(secret);
        var prepared = SaslPrep.stored(secret);
        if (prepared.isPresent()) {
            try (var stored = prepared.get()) {
                fits |= proof.test(stored);
            }
        }
        return fits;
    }

    /** For a name that leads nowhere: as one of those who have users would make it up. */
    private ScramDirectory.Entry nobody(String login, ScramHash hash)
            throws Fault, InterruptedException {
        var one =
                realms.all().stream()
                        .flatMap(it -> able(it, ScramDirectory.class).stream())
                        .findFirst()
                        .orElseThrow(() -> Fault.permanent("no directory has SCRAM keys", null));
        var entry = ask(one, "find keys", () -> one.scram(NOBODY + login, hash));
        return new ScramDirectory.Entry(entry.keys(), UNKNOWN);
    }

    /** The token of somebody else is a wrong one; case does not make another user. */
    @Override
    public Verdict checkToken(String login, Secret token) throws Fault, InterruptedException {
        var place = place(login);
        if (token.length() == 0) {
            return WRONG;
        }
        for (var one : place.map(it -> able(it.realm(), TokenDirectory.class)).orElse(List.of())) {
            var answer = attempt(one, "check a token", () -> one.verifyToken(token));
            if (answer.isEmpty() || !decides(one, answer.get())) {
                continue;
            }
            var verdict = answer.get();
            if (verdict instanceof Verdict.Accepted(var user)
                    && !login.isEmpty()
                    && !same(user.name(), login)
                    && !same(user.name(), placed)) {
                return new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
            }
            return verdict;
        }
        return nobody();
    }

    @Override
    public Verdict checkName(String login) throws Fault, InterruptedException {
        var place = place(login);
        for (var one : able(place, NameDirectory.class)) {
            var answer =
                    attempt(one, "look a name up", () -> one.lookUp(place.orElseThrow().name()));
            if (answer.isPresent() && decides(one, answer.get())) {
                return answer.get();
            }
        }
        return nobody();
    }

    @Override
    public boolean names(String identity, User user) {
        if (identity.isEmpty()) {
            return true;
        }
        var prepared = prepared(identity);
        if (prepared.isEmpty()) {
            return false;
        }
        if (same(prepared.get(), user.name())) {
            return true;
        }
        var leadsTo = realms.place(prepared.get());
        return realm != null
                && leadsTo.isPresent()
                && leadsTo.get().realm().equals(realm)
                && (same(leadsTo.get().name(), user.name()) || same(leadsTo.get().name(), placed));
    }

    private static boolean same(String one, String other) {
        return Realms.lowerCase(one).equals(Realms.lowerCase(other));
    }

    @Override
    public String stamp() {
        return offer.stamp();
    }

    @Override
    public boolean offers(String mechanism) {
        return offer.sasl().stream().anyMatch(it -> it.name().equals(mechanism));
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

    /**
     * The name that was asked for last, prepared if it can be; empty where none was. For the log.
     */
    String name() {
        return name;
    }

    /** The realm of the name that was asked for last. */
    Optional<Realm> realm() {
        return Optional.ofNullable(realm);
    }

    /** What kept a directory from answering in this attempt. */
    Optional<Fault> fault() {
        return Optional.ofNullable(fault);
    }

    /** Where a name leads, after the attempt was vetted; nowhere if it must not go on. */
    private Optional<Realms.Place> place(String login) throws Fault, InterruptedException {
        name = login;
        var place = realms.place(login);
        realm = place.map(Realms.Place::realm).orElse(null);
        placed = place.map(Realms.Place::name).orElse("");
        skipped = null;
        var account = place.map(it -> it.realm().name() + "/" + it.name()).orElse("/" + login);
        var countedAs = login.isEmpty() ? "" : Realms.lowerCase(account);
        // What the policy and a penalty take is not the mechanism's time.
        return Supervised.outside(() -> vetting.passes(login, countedAs))
                ? place
                : Optional.empty();
    }

    /** Nobody is asked for the empty name (RFC 4513 §5.1.2 has it mean an anonymous bind). */
    private static <D extends UserDirectory> List<D> able(
            Optional<Realms.Place> place, Class<D> ability) {
        return place.filter(it -> !it.name().isEmpty())
                .map(it -> able(it.realm(), ability))
                .orElse(List.of());
    }

    private static <D extends UserDirectory> List<D> able(Realm realm, Class<D> ability) {
        return realm.directories().stream().filter(ability::isInstance).map(ability::cast).toList();
    }

    private static Secret randomSecret() {
        var octets = new byte[RANDOM_SECRET];
        RANDOM.nextBytes(octets);
        try {
            return Secret.of(octets);
        } finally {
            Arrays.fill(octets, (byte) 0);
        }
    }

    private interface Waste<D> {
        Object on(D directory) throws Fault, InterruptedException;
    }

    /** Asks those behind the one that has decided, only for the time it takes. */
    private <D extends UserDirectory> void spend(List<D> all, int from, Waste<D> question)
            throws InterruptedException {
        for (var directory : all.subList(from, all.size())) {
            try {
                var _ =
                        calls.askAside(
                                directory,
                                "answer in vain",
                                standing(() -> question.on(directory)));
            } catch (Fault | RuntimeException | Error _) {
                // It was not asked for an answer. Whoever needs one of it hears of this.
            }
        }
    }

    /** An answer, or none where the next directory is asked instead. */
    private <T> Optional<T> attempt(
            UserDirectory directory, String doing, PluginCalls.Question<T> question)
            throws Fault, InterruptedException {
        var before = fault;
        try {
            return Optional.of(ask(directory, doing, question));
        } catch (Fault e) {
            if (!realm.nextOnFailure().contains(directory)) {
                throw e;
            }
            FaultLog.warn(
                    log,
                    "directory " + calls.name(directory) + " has no answer; the next one is asked",
                    e);
            skipped = e;
            fault = before;
            return Optional.empty();
        }
    }

    /** Whether no other directory is asked behind this answer. */
    private boolean decides(UserDirectory directory, Verdict verdict) throws Fault {
        if (!verdict.equals(UNKNOWN)) {
            skipped = null;
            return true;
        }
        if (!realm.stopOnUnknown().contains(directory)) {
            return false;
        }
        var _ = nobody();
        return true;
    }

    /** What it comes to when nobody knows the user: one that did not answer may. */
    private Verdict nobody() throws Fault {
        if (skipped != null) {
            fault = skipped;
            throw skipped;
        }
        return UNKNOWN;
    }

    private <T> T ask(UserDirectory directory, String doing, PluginCalls.Question<T> question)
            throws Fault, InterruptedException {
        try {
            var answer = inTime(directory, doing, question);
            if (answer == null) {
                throw Fault.temporary(
                        "directory " + calls.name(directory) + " answered null", null);
            }
            return answer;
        } catch (Fault e) {
            fault = e;
            throw e;
        } catch (RuntimeException | Error e) {
            fault = Fault.temporary("directory " + calls.name(directory) + " failed", e);
            throw fault;
        }
    }

    /** On a thread of its own where another directory stands in for one that does not answer. */
    private <T> T inTime(UserDirectory directory, String doing, PluginCalls.Question<T> question)
            throws Fault, InterruptedException {
        var replaced = realm != null && realm.nextOnFailure().contains(directory);
        return replaced
                ? calls.askAside(directory, doing, standing(question))
                : calls.askInTime(directory, doing, standing(question));
    }

    /** The directory can see who asks, to take those first who have logged in before. */
    private <T> PluginCalls.Question<T> standing(PluginCalls.Question<T> question) {
        var asks = ScopedValue.where(Standing.CURRENT, vetting.standing());
        return () -> within(asks, question);
    }

    private static <T> T within(ScopedValue.Carrier asks, PluginCalls.Question<T> question)
            throws Fault, InterruptedException {
        try {
            return asks.call(question::answer);
        } catch (Fault | InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("no plugin may throw this", e);
        }
    }
}
