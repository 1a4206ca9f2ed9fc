package io.postern.spi.auth;

import io.postern.spi.Plugin;

/**
 * A way for a client to prove who it is: USER and PASS, APOP, or a SASL mechanism.
 *
 * <p>A plugin names itself in {@code META-INF/services/io.postern.spi.auth.AuthMechanism}. Any
 * number of virtual threads call it at the same time.
 */
public interface AuthMechanism extends Plugin {

    /** The POP3 command that starts a mechanism. */
    enum Command {
        /**
         * USER and PASS (RFC 1939 §7). The one response is the name, a NUL octet, and the password:
         * the rest of the PASS line as it came.
         */
        USER_PASS,
        /**
         * APOP (RFC 1939 §7). The one response is the command's argument: the name, a space, and
         * the digest.
         */
        APOP,
        /** AUTH (RFC 5034). Responses and challenges are those of the SASL mechanism. */
        AUTH
    }

    /** The command that starts it; two mechanisms of one listener never share USER_PASS or APOP. */
    default Command command() {
        return Command.AUTH;
    }

    /**
     * The SASL name: 1 to 20 of the characters {@code A-Z 0-9 - _} (RFC 4422 §3.1). For USER_PASS
     * and APOP, the word by which the log and {@code gateway.xml} call it.
     */
    String mechanism();

    /**
     * Whether the server speaks first. The first {@link AuthExchange#next} of such a mechanism gets
     * an empty response, unless the client sent an {@link #initialResponse}.
     */
    default boolean serverFirst() {
        return false;
    }

    /**
     * Whether AUTH may bring an initial response (RFC 5034 §4). A mechanism where the server speaks
     * first takes none by the text; one whose clients send it all the same overrides this, and its
     * first {@link AuthExchange#next} then gets that response. An empty one stands for none.
     */
    default boolean initialResponse() {
        return !serverFirst();
    }

    /** Whether somebody who reads the line learns the password. */
    boolean plaintext();

    /** Whether this directory has what the mechanism needs. */
    boolean servedBy(UserDirectory directory);

    /**
     * Whether a client can use it over this channel. A mechanism that is {@link #plaintext} need
     * not look whether the channel is encrypted: the server does.
     */
    default boolean fits(Channel channel) {
        return true;
    }

    /** Starts one attempt. Must not block. */
    AuthExchange begin(AuthContext context);
}
