package io.postern.config;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;

/**
 * The address of a listener as far as it can be told without asking anybody for names.
 *
 * @param literal absent for a host name
 * @param port from 1
 * @param line of the listener
 */
record ListenAddress(String text, Optional<InetAddress> literal, int port, int line) {

    /** Whether it is a numeric address, or may be a host name. */
    static boolean fits(String text) {
        // The name of an interface behind % is the host's to know.
        var numeric = text.matches("[0-9.]+") || (text.contains(":") && !text.contains("%"));
        return text.matches("[0-9A-Za-z.:%_-]+")
                && (!numeric || of(text, 1, 0).literal().isPresent());
    }

    static ListenAddress of(String text, int port, int line) {
        Optional<InetAddress> literal;
        try {
            literal = Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException _) {
            literal = Optional.empty();
        }
        return new ListenAddress(text.toLowerCase(Locale.ROOT), literal, port, line);
    }

    boolean sameAs(ListenAddress other) {
        var same = literal.isPresent() ? literal.equals(other.literal) : text.equals(other.text);
        return same && port == other.port;
    }

    /** Whether one of the two takes all addresses, of both families, and so the other's, too. */
    boolean covers(ListenAddress other) {
        return port == other.port && (wildcard() || other.wildcard());
    }

    private boolean wildcard() {
        return literal.isPresent() && literal.get().isAnyLocalAddress();
    }
}
