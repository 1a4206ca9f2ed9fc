package io.postern.session;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;

import java.net.InetAddress;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The realms' directories behind one door, for one login attempt. Used by the session's virtual
 * thread.
 *
 * <p>A directory is asked only if it can answer, in its realm's order, the next one only when one
 * knows no such user. What a directory throws is a fault, and stays one even if the mechanism
 * forgets it: see {@link #fault}.
 */
final class Accounts implements AuthContext {
    /** Length of the secret that a proof for nobody is checked against, octets. */
    private static final int RANDOM_SECRET = 16;

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Verdict UNKNOWN = new Verdict.Refused(Verdict.Reason.UNKNOWN_USER);
    private static final Verdict WRONG = new Verdict.Refused(Verdict.Reason.WRONG_PROOF);

    private final Realms realms;
    private final Connection connection;
    private final String stamp;
    private String name = "";
    private Realm realm;
    private Fault fault;

    Accounts(Realms realms, Connection connection, String stamp) {
        this.realms = realms;
        this.connection = connection;
        this.stamp = stamp;
    }

    @Override
    public Verdict checkPassword(String login, Secret password) throws Fault, InterruptedException {
        var place = place(login);
        if (password.length() == 0) {
            return WRONG;
        }
        for (var directory : directories(place)) {
            if (directory instanceof PasswordDirectory it) {
                var verdict = ask(it, () -> it.verify(place.orElseThrow().name(), password));
                if (!verdict.equals(UNKNOWN)) {
                    return verdict;
                }
            }
        }
        return UNKNOWN;
    }

    @Override
    public Verdict checkShared(String login, Predicate<Secret> check)
            throws Fault, InterruptedException {
        var place = place(login);
        for (var directory : directories(place)) {
            if (directory instanceof SecretDirectory it) {
                var found = ask(it, () -> whole(it.shared(place.orElseThrow().name())));
                if (found.isPresent()) {
                    try (var secret = found.get().secret()) {
                        return check.test(secret)
                                ? new Verdict.Accepted(found.get().user())
                                : WRONG;
                    }
                }
            }
        }
        var octets = new byte[RANDOM_SECRET];
        RANDOM.nextBytes(octets);
        try (var nobodys = Secret.of(octets)) {
            var _ = check.test(nobodys);
        }
        Arrays.fill(octets, (byte) 0);
        return UNKNOWN;
    }

    @Override
    public String stamp() {
        return stamp;
    }

    @Override
    public boolean encrypted() {
        return connection.encryption().isPresent();
    }

    @Override
    public List<X509Certificate> clientCertificates() {
        return connection.encryption().map(Encryption::clientCertificates).orElse(List.of());
    }

    @Override
    public Optional<byte[]> channelBinding(String type) {
        return connection.encryption().flatMap(it -> it.channelBinding(type));
    }

    @Override
    public InetAddress clientAddress() {
        return connection.client().getAddress();
    }

    /** The name that was asked for last, as it was typed; empty where none was. For the log. */
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

    private Optional<Realms.Place> place(String login) {
        name = login;
        var place = realms.place(login);
        realm = place.map(Realms.Place::realm).orElse(null);
        return place;
    }

    /** Nobody is asked for the empty name (RFC 4513 §5.1.2 has it mean an anonymous bind). */
    private static List<UserDirectory> directories(Optional<Realms.Place> place) {
        return place.filter(it -> !it.name().isEmpty())
                .map(it -> it.realm().directories())
                .orElse(List.of());
    }

    private static Optional<SecretDirectory.Shared> whole(Optional<SecretDirectory.Shared> found) {
        found.ifPresent(it -> {
            Objects.requireNonNull(it.user(), "a shared secret without its user");
            Objects.requireNonNull(it.secret(), "a user without the shared secret");
        });
        return found;
    }

    private interface Question<T> {
        T answer() throws Fault, InterruptedException;
    }

    private <T> T ask(UserDirectory directory, Question<T> question)
            throws Fault, InterruptedException {
        try {
            var answer = question.answer();
            if (answer == null) {
                throw Fault.temporary("directory " + directory.name() + " answered null", null);
            }
            return answer;
        } catch (Fault e) {
            fault = e;
            throw e;
        } catch (RuntimeException | Error e) {
            fault = Fault.temporary("directory " + directory.name() + " failed", e);
            throw fault;
        }
    }
}
