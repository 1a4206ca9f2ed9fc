package io.postern.session;

import io.postern.engine.Effect;
import io.postern.engine.Offer;
import io.postern.engine.Terms;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthMechanism.Command;

import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The ways to log in: those of the configuration that a directory of some realm can serve.
 * Immutable.
 */
public final class Mechanisms {
    /** Longest capability line, octets, CRLF included (RFC 2449 §5). */
    private static final int MAX_CAPABILITY = 512;

    /** RFC 4422 §3.1. */
    private static final Pattern SASL_NAME = Pattern.compile("[A-Z0-9_-]{1,20}");

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Terms terms;
    private final boolean utf8;
    private final AuthMechanism userPass;
    private final AuthMechanism apop;
    private final Map<String, AuthMechanism> sasl = new LinkedHashMap<>();

    /** Those of a server that does not offer UTF-8. */
    public Mechanisms(List<AuthMechanism> configured, Realms realms) {
        this(configured, realms, false);
    }

    /**
     * @param configured in the order to announce
     * @param utf8 whether UTF8 and LANG are offered (RFC 6856)
     * @throws IllegalArgumentException if two share a command or a name, a SASL name is illegal, or
     *     the names together do not fit a capability line
     */
    public Mechanisms(List<AuthMechanism> configured, Realms realms, boolean utf8) {
        this.utf8 = utf8;
        terms = realms.terms();
        AuthMechanism forUserPass = null;
        AuthMechanism forApop = null;
        var line = "SASL".length() + "\r\n".length();
        for (var mechanism : configured) {
            if (realms.all().stream()
                    .flatMap(realm -> realm.directories().stream())
                    .noneMatch(mechanism::servedBy)) {
                continue;
            }
            switch (mechanism.command()) {
                case USER_PASS -> forUserPass = onlyOne(forUserPass, mechanism);
                case APOP -> forApop = onlyOne(forApop, mechanism);
                case AUTH -> {
                    var name = mechanism.mechanism();
                    if (!SASL_NAME.matcher(name).matches()) {
                        throw new IllegalArgumentException(
                                "'" + name + "' is no SASL name: 1 to 20 of A-Z 0-9 - _");
                    }
                    onlyOne(sasl.put(name, mechanism), mechanism);
                    line += 1 + name.length();
                }
            }
        }
        if (line > MAX_CAPABILITY) {
            throw new IllegalArgumentException(
                    "the SASL names take "
                            + line
                            + " octets in a capability line, which may have "
                            + MAX_CAPABILITY
                            + ": configure fewer mechanisms");
        }
        userPass = forUserPass;
        apop = forApop;
    }

    /**
     * The APOP stamp of one connection: never the same twice, and not to be guessed (RFC 1939 §7).
     * It is spelled in digits, as every known client finds it. Empty where APOP is not offered.
     */
    String stamp(String host) {
        return apop == null
                ? ""
                : "<"
                        + (RANDOM.nextLong() & Long.MAX_VALUE)
                        + "."
                        + (RANDOM.nextLong() & Long.MAX_VALUE)
                        + "@"
                        + host
                        + ">";
    }

    /**
     * What a connection is offered as it is now. A mechanism that shows the password is offered
     * only where the connection may carry one (RFC 8314 §4.1).
     *
     * @param stamp of {@link #stamp}, which lasts as long as the connection
     */
    Offer offer(String stamp, Connection connection) {
        return new Offer(
                fits(apop, connection) ? stamp : "",
                fits(userPass, connection),
                sasl.values().stream()
                        .filter(it -> fits(it, connection))
                        .map(Mechanisms::sasl)
                        .toList(),
                connection.offersTls(),
                terms,
                utf8);
    }

    private static Offer.Sasl sasl(AuthMechanism mechanism) {
        return new Offer.Sasl(
                mechanism.mechanism(), mechanism.serverFirst(), mechanism.initialResponse());
    }

    private static boolean fits(AuthMechanism mechanism, Connection connection) {
        return mechanism != null
                && (connection.plaintextAllowed() || !mechanism.plaintext())
                && mechanism.fits(new ClientChannel(connection));
    }

    /** Starts the attempt that the engine asks for. */
    AuthExchange begin(Effect.Authenticate login, AuthContext context) {
        return mechanism(login).begin(context);
    }

    /** The mechanism's name, for the log; a question mark for one that no connection is offered. */
    String name(Effect.LoginNotOffered refused) {
        return switch (refused.command()) {
            case USER_PASS -> "USER";
            case APOP -> "APOP";
            case AUTH -> {
                var name = refused.mechanism().toUpperCase(Locale.ROOT);
                yield sasl.containsKey(name) ? name : "?";
            }
        };
    }

    /** The plugin that the engine's attempt goes to. */
    AuthMechanism mechanism(Effect.Authenticate login) {
        return switch (login.command()) {
            case USER_PASS -> userPass;
            case APOP -> apop;
            case AUTH -> sasl.get(login.mechanism());
        };
    }

    private static AuthMechanism onlyOne(AuthMechanism earlier, AuthMechanism mechanism) {
        if (earlier != null) {
            var what =
                    mechanism.command() == Command.AUTH
                            ? mechanism.mechanism()
                            : mechanism.command().name();
            throw new IllegalArgumentException(
                    "two plugins for " + what + ": " + earlier.name() + ", " + mechanism.name());
        }
        return mechanism;
    }
}
