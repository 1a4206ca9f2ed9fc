package io.postern.session;

import io.postern.call.Bounded;
import io.postern.call.PluginCalls;
import io.postern.engine.Effect;
import io.postern.engine.Offer;
import io.postern.engine.Terms;
import io.postern.spi.Fault;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthMechanism.Command;
import io.postern.spi.auth.Channel;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The ways to log in: those of the configuration that a directory of some realm can serve.
 * Immutable.
 */
public final class Mechanisms {
    private static final Logger LOG = LoggerFactory.getLogger(Mechanisms.class);

    /** How long a mechanism may take to say what it is. */
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(10);

    /** Longest capability line, octets, CRLF included (RFC 2449 §5). */
    private static final int MAX_CAPABILITY = 512;

    /** RFC 4422 §3.1. */
    private static final Pattern SASL_NAME = Pattern.compile("[A-Z0-9_-]{1,20}");

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Terms terms;
    private final boolean utf8;
    private final Way userPass;
    private final Way apop;
    private final Map<String, Way> sasl = new LinkedHashMap<>();

    /**
     * A mechanism, with what it says of itself: it is asked once, so that nobody who looks for it
     * has to wait for a plugin.
     *
     * @param alwaysFits whether it leaves {@link AuthMechanism#fits} as it is: it need not be asked
     */
    private record Way(
            AuthMechanism plugin,
            Command command,
            String name,
            boolean serverFirst,
            boolean initialResponse,
            boolean plaintext,
            boolean served,
            boolean alwaysFits) {

        static Way of(AuthMechanism plugin, Realms realms) {
            try {
                return Bounded.ask(LONGEST_LOOK, () -> asked(plugin, realms), _ -> {}, () -> {});
            } catch (ExecutionException e) {
                switch (e.getCause()) {
                    case RuntimeException defect -> throw defect;
                    case Error error -> throw error;
                    case null, default -> throw new IllegalArgumentException(e.getCause());
                }
            } catch (TimeoutException e) {
                throw new IllegalArgumentException(
                        plugin.getClass().getName()
                                + " does not say what kind of mechanism it is within "
                                + LONGEST_LOOK,
                        e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalArgumentException("the stop came first", e);
            }
        }

        private static Way asked(AuthMechanism plugin, Realms realms) throws NoSuchMethodException {
            return new Way(
                    plugin,
                    plugin.command(),
                    plugin.mechanism(),
                    plugin.serverFirst(),
                    plugin.initialResponse(),
                    plugin.plaintext(),
                    realms.all().stream()
                            .flatMap(realm -> realm.directories().stream())
                            .anyMatch(plugin::servedBy),
                    plugin.getClass()
                            .getMethod("fits", Channel.class)
                            .getDeclaringClass()
                            .equals(AuthMechanism.class));
        }
    }

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
        Way forUserPass = null;
        Way forApop = null;
        var line = "SASL".length() + "\r\n".length();
        for (var one : configured) {
            var mechanism = Way.of(one, realms);
            if (!mechanism.served()) {
                continue;
            }
            switch (mechanism.command()) {
                case USER_PASS -> forUserPass = onlyOne(forUserPass, mechanism);
                case APOP -> forApop = onlyOne(forApop, mechanism);
                case AUTH -> {
                    var name = mechanism.name();
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
     * Whether {@link #offer} asks plugins, and so may block. Else it can be asked by any thread.
     */
    boolean offerAsksPlugins() {
        return Stream.concat(Stream.of(userPass, apop), sasl.values().stream())
                .anyMatch(it -> it != null && !it.alwaysFits());
    }

    /**
     * What a connection is offered as it is now. A mechanism that shows the password is offered
     * only where the connection may carry one (RFC 8314 §4.1); one that does not say in time
     * whether it fits is not.
     *
     * @param stamp of {@link #stamp}, which lasts as long as the connection
     */
    Offer offer(PluginCalls calls, String stamp, Connection connection) {
        var fitting = new ArrayList<Offer.Sasl>();
        for (var one : sasl.values()) {
            if (fits(calls, one, connection)) {
                fitting.add(new Offer.Sasl(one.name(), one.serverFirst(), one.initialResponse()));
            }
        }
        return new Offer(
                fits(calls, apop, connection) ? stamp : "",
                fits(calls, userPass, connection),
                fitting,
                connection.offersTls(),
                terms,
                utf8);
    }

    private static boolean fits(PluginCalls calls, Way mechanism, Connection connection) {
        if (mechanism == null || !(connection.plaintextAllowed() || !mechanism.plaintext())) {
            return false;
        }
        if (mechanism.alwaysFits()) {
            return true;
        }
        var channel = new ClientChannel(connection);
        try {
            return calls.askAside(
                    mechanism.plugin(),
                    "say whether it fits",
                    () -> mechanism.plugin().fits(channel));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (Fault | RuntimeException | Error e) {
            LOG.warn("mechanism {} is not offered: {}", mechanism.name(), e.toString());
            return false;
        }
    }

    /** Starts the attempt that the engine asks for. */
    AuthExchange begin(Effect.Authenticate login, AuthContext context) {
        return way(login).plugin().begin(context);
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

    /** The mechanism's name, for the log. */
    String name(Effect.Authenticate login) {
        return way(login).name();
    }

    /** The plugin that is asked. */
    AuthMechanism plugin(Effect.Authenticate login) {
        return way(login).plugin();
    }

    private Way way(Effect.Authenticate login) {
        return switch (login.command()) {
            case USER_PASS -> userPass;
            case APOP -> apop;
            case AUTH -> sasl.get(login.mechanism());
        };
    }

    private static Way onlyOne(Way earlier, Way mechanism) {
        if (earlier != null) {
            var what =
                    mechanism.command() == Command.AUTH
                            ? mechanism.name()
                            : mechanism.command().name();
            throw new IllegalArgumentException(
                    "two plugins for "
                            + what
                            + ": "
                            + earlier.plugin().name()
                            + ", "
                            + mechanism.plugin().name());
        }
        return mechanism;
    }
}
