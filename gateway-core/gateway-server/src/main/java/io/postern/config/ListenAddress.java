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
