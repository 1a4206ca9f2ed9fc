package io.postern.engine;

/** Where a session stands (RFC 1939 §3). Each state holds what only it needs. */
sealed interface State {

    /** Nothing was said yet. */
    record Silent() implements State {}

    /**
     * AUTHORIZATION.
     *
     * @param name what a USER right before this gave; empty where PASS may not come
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record Authorization(byte[] name) implements State {}

    /** Our own empty challenge is out: the next line is the initial response (RFC 5034 §4). */
    record InitialAwaited(String mechanism) implements State {}

    /** A mechanism's challenge is out: the next line is a response, no command (RFC 5034 §4). */
    record ResponseAwaited() implements State {}

    /** An effect is out, and a line may come only after the answer to it. */
    sealed interface Waiting extends State {}

    /** For a login to be judged. */
    record LoggingIn(Effect.LoginCommand command) implements Waiting {}

    /** For the handshake (RFC 2595 §4). */
    record Securing() implements Waiting {}

    /**
     * For a message to be sent.
     *
     * @param whole RETR; TOP otherwise
     */
    record Retrieving(Transaction maildrop, int number, boolean whole) implements Waiting {}

    /** UPDATE: for the removal. */
    record Updating() implements Waiting {}

    /** TRANSACTION. */
    record Ready(Transaction maildrop) implements State {}

    /** All was said. */
    record Ended() implements State {}
}
