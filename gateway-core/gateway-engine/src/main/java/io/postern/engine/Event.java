package io.postern.engine;

/** What happens to a session, in the order in which it happens. */
public sealed interface Event {

    /** The client is connected and may be greeted. */
    record Connected() implements Event {}

    /** The client is connected and may not stay; the greeting says why (RFC 2449 §8). */
    record TurnedAway(Problem problem, String text) implements Event {}

    /**
     * A line from the client, without its line end.
     *
     * @param octets the engine's to keep; it wipes them, for they may be a password
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over once, compared by nobody
    record Line(byte[] octets) implements Event {}

    /** A line was longer than {@link Pop3Engine#lineLimit()} and has been thrown away. */
    record Overlong() implements Event {}

    /** The connection is encrypted now, and this is what may be used (RFC 2595 §4). */
    record Secured(Offer offer) implements Event {}

    /**
     * Answer to {@link Effect.Authenticate} or {@link Effect.Respond}: the client is asked for
     * more.
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over once, compared by nobody
    record Challenged(byte[] octets) implements Event {}

    /**
     * Answer to {@link Effect.Authenticate} or {@link Effect.Respond}: no login. Whatever was
     * locked or opened on the way has been let go before (RFC 1939 §4).
     */
    record LoginRefused(Problem problem) implements Event {}

    /**
     * Answer to the same: authenticated, locked, opened.
     *
     * @param terms this user's
     */
    record Opened(MessageTable messages, Terms terms) implements Event {
        /** For a user without terms. */
        public Opened(MessageTable messages) {
            this(messages, Terms.NONE);
        }
    }

    /** Answer to {@link Effect.Retrieve}: nothing of it was sent, for the message can't be had. */
    record Unavailable(Problem problem) implements Event {}

    /** Answer to {@link Effect.Retrieve}: head, message and final dot are out. */
    record Retrieved() implements Event {}

    /**
     * Answer to {@link Effect.Commit}; the lock has been let go before.
     *
     * @param failed how many marked messages may still be there
     * @param problem {@link Problem#NONE} where all are gone
     */
    record Committed(int failed, Problem problem) implements Event {}

    /**
     * The session cannot go on. The next command is answered with this and the connection closed;
     * nothing is removed, and nothing is said before the client asks (RFC 1939 §3).
     */
    record Doomed(Problem problem, Text text) implements Event {}
}
