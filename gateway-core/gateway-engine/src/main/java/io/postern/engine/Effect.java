package io.postern.engine;

import java.util.BitSet;

/** What the engine wants done, in this order. */
public sealed interface Effect {

    /** Write this. */
    record Send(Reply reply) implements Effect {}

    /** Which command a login came by. */
    enum LoginCommand {
        USER_PASS,
        APOP,
        AUTH
    }

    /**
     * Start a login. The engine waits for {@link Event.Challenged}, {@link Event.LoginRefused} or
     * {@link Event.Opened}.
     *
     * @param mechanism the SASL name, for {@link LoginCommand#AUTH} only
     * @param response the first response: name NUL password; name space digest; or, for AUTH, the
     *     decoded initial response, empty for a mechanism where the server speaks first. The
     *     receiver's to keep and to wipe
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over once, compared by nobody
    record Authenticate(LoginCommand command, String mechanism, byte[] response)
            implements Effect {}

    /** Go on with a login; the answers are those of {@link Authenticate}. */
    @SuppressWarnings("ArrayRecordComponent") // handed over once, compared by nobody
    record Respond(byte[] response) implements Effect {}

    /**
     * A login could not begin, for the log: this connection does not offer what it came by. The
     * answer follows; the engine does not wait.
     *
     * @param command that the client sent
     * @param mechanism the SASL name as the client spelled it, for {@link LoginCommand#AUTH} only;
     *     not trusted
     * @param name as it came with USER or APOP, in UTF-8; empty where there is none, or the
     *     arguments are not those of the command, so that no password is taken for a name; not
     *     trusted
     * @param startTls whether STLS has to come first (RFC 2595 §4)
     */
    record LoginNotOffered(LoginCommand command, String mechanism, String name, boolean startTls)
            implements Effect {}

    /** The client gave the login up (RFC 5034 §4); the engine does not wait. */
    record CancelLogin() implements Effect {}

    /**
     * Send one message. The engine waits for {@link Event.Unavailable} or {@link Event.Retrieved}.
     * Once the head is out there is no third answer: what fails then closes the connection, without
     * the final dot.
     *
     * @param bodyLines as in {@link io.postern.spi.wire.MessageEncoder}
     * @param octets what the listing says a whole message takes
     * @param surrogate whether {@link io.postern.spi.wire.Surrogate} is to be sent in its place
     * @param head the status line, to be sent only when the message is open
     */
    record Retrieve(int number, int bodyLines, long octets, boolean surrogate, Reply head)
            implements Effect {}

    /**
     * UPDATE (RFC 1939 §6): remove the marked messages, let go of the lock. The engine waits for
     * {@link Event.Committed}.
     *
     * @param marked message-numbers; bit 0 is never set
     * @param seen message-numbers that RETR sent and that stay
     */
    record Commit(BitSet marked, BitSet seen) implements Effect {}

    /**
     * Send this in the clear, then encrypt. Everything the client sent before that is thrown away
     * (RFC 2595 §4). The engine waits for {@link Event.Secured}.
     */
    record StartTls(Reply reply) implements Effect {}

    /** Close the connection when all that was sent before is out. */
    record Close() implements Effect {}
}
