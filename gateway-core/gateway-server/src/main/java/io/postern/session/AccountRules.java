package io.postern.session;

import io.postern.engine.Terms;
import io.postern.limit.Networks;
import io.postern.spi.Fault;
import io.postern.spi.User;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a directory's attributes say of how a user may log in. An attribute that cannot be read lets
 * nobody in: somebody meant to forbid something.
 *
 * @param pop3 whether the user may use POP3 at all
 * @param tlsRequired whether only an encrypted connection will do
 * @param mechanisms by their SASL names, or USER and APOP; empty for any. One stands for its form
 *     with -PLUS, too, which is the stronger
 * @param networks where the client has to be; empty for anywhere
 * @param sessions how many of this user's may run at the same time, 1 or more
 * @param terms what is announced to this user
 */
record AccountRules(
        boolean pop3,
        boolean tlsRequired,
        Set<String> mechanisms,
        Optional<Networks> networks,
        OptionalInt sessions,
        Terms terms) {

    private static final Pattern WORDS = Pattern.compile("[\\s,]+");
    private static final Pattern COUNT = Pattern.compile("[1-9][0-9]{0,5}");

    /**
     * @param realms terms: those of the users who are off worst, and of those without their own
     * @throws Fault if an attribute cannot be read, or a user is off worse than was announced to
     *     everybody
     */
    static AccountRules of(User user, Terms realms) throws Fault {
        return new AccountRules(
                switch (text(user, "pop3")) {
                    case "", "on" -> true;
                    case "off" -> false;
                    default -> throw unreadable(user, "pop3", "on or off");
                },
                switch (text(user, "tls")) {
                    case "", "optional" -> false;
                    case "required" -> true;
                    default -> throw unreadable(user, "tls", "required or optional");
                },
                mechanisms(user),
                networks(user),
                sessions(user),
                new Terms(loginDelay(user, realms), expire(user, realms)));
    }

    /**
     * Why this login must not go on although the user is who they say.
     *
     * @param mechanism by which it came
     * @return the reason, for the log; empty if it may
     */
    Optional<LoginRefusal> against(String mechanism, Connection connection) {
        if (!pop3) {
            return Optional.of(LoginRefusal.POP3_OFF);
        }
        if (tlsRequired && connection.encryption().isEmpty()) {
            return Optional.of(LoginRefusal.TLS_REQUIRED);
        }
        if (!mechanisms.isEmpty()
                && !mechanisms.contains(mechanism)
                && !mechanisms.contains(mechanism.replaceFirst("-PLUS$", ""))) {
            return Optional.of(LoginRefusal.MECHANISM);
        }
        if (networks.isPresent() && !networks.get().contains(connection.client().getAddress())) {
            return Optional.of(LoginRefusal.NETWORK);
        }
        return Optional.empty();
    }

    private static Set<String> mechanisms(User user) throws Fault {
        var text = text(user, "mechanisms").toUpperCase(Locale.ROOT);
        if (text.isEmpty() && user.attributes().containsKey("mechanisms")) {
            throw unreadable(user, "mechanisms", "names such as USER PLAIN SCRAM-SHA-256");
        }
        return text.isEmpty() ? Set.of() : Set.copyOf(List.of(WORDS.split(text)));
    }

    private static Optional<Networks> networks(User user) throws Fault {
        if (!user.attributes().containsKey("networks")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Networks.parse(text(user, "networks")));
        } catch (IllegalArgumentException e) {
            throw unreadable(user, "networks", "addresses such as 192.0.2.0/24 2001:db8::/32");
        }
    }

    private static OptionalInt sessions(User user) throws Fault {
        var text = text(user, "sessions");
        if (!user.attributes().containsKey("sessions")) {
            return OptionalInt.empty();
        }
        if (!COUNT.matcher(text).matches()) {
            throw unreadable(user, "sessions", "a number from 1 on");
        }
        return OptionalInt.of(Integer.parseInt(text));
    }

    private static OptionalInt loginDelay(User user, Terms realms) throws Fault {
        if (!user.attributes().containsKey("login-delay")) {
            return realms.loginDelay();
        }
        try {
            var seconds = seconds(Duration.parse(text(user, "login-delay")));
            if (seconds >= 0 && seconds <= realms.loginDelay().orElse(0)) {
                return OptionalInt.of((int) seconds);
            }
        } catch (DateTimeParseException | ArithmeticException e) {
            // Told below.
        }
        throw unreadable(
                user,
                "login-delay",
                "a duration such as PT5M, not longer than <login-delay> of the realm");
    }

    /** What is announced has no fractions, so that what is kept to has none, either. */
    static long seconds(Duration delay) {
        return delay.plusNanos(999_999_999).toSeconds();
    }

    private static OptionalInt expire(User user, Terms realms) throws Fault {
        var text = text(user, "expire");
        if (!user.attributes().containsKey("expire")) {
            return realms.expire();
        }
        if (realms.expire().isPresent()
                && (text.equals("NEVER") || COUNT.matcher(text).matches())) {
            var days = text.equals("NEVER") ? Terms.NEVER : Integer.parseInt(text);
            if (days >= realms.expire().getAsInt()) {
                return OptionalInt.of(days);
            }
        }
        throw unreadable(
                user, "expire", "NEVER or a number of days, not fewer than <expire> of the realm");
    }

    private static String text(User user, String attribute) {
        return user.attributes().getOrDefault(attribute, "").strip();
    }

    private static Fault unreadable(User user, String attribute, String good) {
        return Fault.permanent(
                "the attribute "
                        + attribute
                        + " of "
                        + SessionLog.value(user.name())
                        + " is "
                        + SessionLog.value(user.attributes().get(attribute))
                        + ": give it "
                        + good
                        + ", or remove it",
                null);
    }
}
