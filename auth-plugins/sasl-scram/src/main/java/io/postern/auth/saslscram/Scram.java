package io.postern.auth.saslscram;

import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.ScramDirectory;
import io.postern.spi.auth.ScramHash;
import io.postern.spi.auth.UserDirectory;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * SCRAM (RFC 5802, RFC 7677): client and server prove to each other that they know the password, or
 * what is made of it, and neither shows it.
 */
abstract class Scram implements AuthMechanism {

    /** The types of channel binding that are understood here (RFC 9266, RFC 5929 §4). */
    static final List<String> BINDINGS = List.of("tls-exporter", "tls-server-end-point");

    /** Octets of the server's part of the nonce. */
    private static final int NONCE = 18;

    private static final String PLUS = "-PLUS";

    private static final SecureRandom RANDOM = new SecureRandom();

    private final ScramHash hash;
    private final boolean plus;
    private final Supplier<String> nonces;

    /**
     * @param plus whether the login is bound to the TLS connection
     */
    Scram(ScramHash hash, boolean plus) {
        this(hash, plus, Scram::nonce);
    }

    Scram(ScramHash hash, boolean plus, Supplier<String> nonces) {
        this.hash = hash;
        this.plus = plus;
        this.nonces = nonces;
    }

    @Override
    public String name() {
        return mechanism().toLowerCase(Locale.ROOT);
    }

    @Override
    public String mechanism() {
        return plus ? hash.mechanism() + PLUS : hash.mechanism();
    }

    @Override
    public boolean plaintext() {
        return false;
    }

    @Override
    public boolean servedBy(UserDirectory directory) {
        return directory instanceof ScramDirectory;
    }

    @Override
    public boolean fits(Channel channel) {
        return !plus
                || BINDINGS.stream().anyMatch(type -> channel.channelBinding(type).isPresent());
    }

    @Override
    public AuthExchange begin(AuthContext context) {
        var downgraded = !plus && context.offers(hash.mechanism() + PLUS);
        return new ScramExchange(hash, plus, downgraded, context, nonces.get());
    }

    private static String nonce() {
        var octets = new byte[NONCE];
        RANDOM.nextBytes(octets);
        return Base64.getEncoder().encodeToString(octets);
    }
}
