package io.postern.engine;

import io.postern.spi.wire.MessageEncoder;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * POP3 as one session speaks it: events in, effects out (RFC 1939, 2449, 2595 §4, 3206, 5034,
 * 6856). No I/O, no clock, no thread; one thread at a time uses it.
 *
 * <p>What the texts leave open is settled like this:
 *
 * <ul>
 *   <li>PASS comes right after a USER, or it is refused. Any other command in between forgets the
 *       name, CAPA, a second USER's refusal and a line too long included (RFC 1939 §7).
 *   <li>USER says +OK to every name (RFC 1939 §13), and all refused credentials are answered in the
 *       same words, whatever command brought them.
 *   <li>Arguments are separated by one space. Accommodation: spaces at the end of a line are
 *       tolerated where a command may stand without argument.
 *   <li>A control octet in a command is refused with the command. Octets above 0x7F may stand in
 *       names and passwords, and mean nothing here.
 *   <li>Accommodation: AUTH LOGIN may bring the name along, as curl and others send it, although
 *       the server speaks first in that one.
 *   <li>Accommodation: AUTH alone lists the mechanisms, for clients older than CAPA.
 *   <li>A message that RETR has sent and DELE has not marked counts as seen; TOP does not.
 *   <li>What the client sent is never part of an answer.
 *   <li>Where UTF8 is offered, a client that has not said it gets surrogates, and their sizes, of
 *       messages with an internationalised header (RFC 6856 §2.1). Unique-ids are the same for
 *       both. Every message can be retrieved in both ways, so [UTF8] is never said.
 *   <li>STLS is refused after UTF8, and takes LANG back: what was said in the clear does not count.
 * </ul>
 *
 * <p>Every command line is answered with one status line, at once or after the effect that it waits
 * for. Nothing is removed but by {@link Effect.Commit}, and only QUIT gives that. Once {@link
 * Effect.Close} is out every event is ignored.
 */
public final class Pop3Engine {
    /** Longest command, octets, CRLF included (RFC 2449 §4). */
    private static final int COMMAND_LIMIT = 255;

    /** Longest SASL response, octets, CRLF included; RFC 5034 §4 names no number. */
    private static final int RESPONSE_LIMIT = 65_536;

    /** Octets of a line end, which {@link Event.Line} has lost. */
    private static final int LINE_END = 2;

    private static final byte[] NOTHING = {};
    private static final State NO_NAME = new State.Authorization(NOTHING);

    private static final List<Effect> OK = say(Reply.ok(""));
    private static final List<Effect> EMPTY_CHALLENGE = say(Reply.challenge(""));

    private Offer offer;
    private State state = new State.Silent();

    /** The user's, after the login. */
    private Terms terms = Terms.NONE;

    /** The answer to the next command, whatever that is; null while the session may go on. */
    private Reply doom;

    /** The client's, by LANG. */
    private Language language = Language.ENGLISH;

    /** Whether the client has said UTF8. */
    private boolean utf8;

    private int badCommands;

    public Pop3Engine(Offer offer) {
        this.offer = offer;
    }

    /**
     * Takes an event. The only entrance.
     *
     * @return what to do about it, in this order; often nothing
     * @throws IllegalStateException for an event that cannot be now: a line while {@link #waiting},
     *     or an answer that nothing waits for
     */
    public List<Effect> on(Event event) {
        return switch (event) {
            case Event.Line(var octets) -> {
                try {
                    yield counted(line(octets));
                } finally {
                    Arrays.fill(octets, (byte) 0);
                }
            }
            case Event _ when state instanceof State.Ended -> List.of();
            case Event.Overlong _ -> counted(overlong());
            case Event.Connected _ -> {
                expect(State.Silent.class);
                state = NO_NAME;
                yield say(Reply.ok("Postern ready" + (offer.apop() ? " " + offer.stamp() : "")));
            }
            case Event.TurnedAway(var problem, var text) -> {
                expect(State.Silent.class);
                yield sayLast(Reply.err(problem, text));
            }
            case Event.Secured(var now) -> secured(now);
            case Event.Challenged(var octets) -> challenged(octets);
            case Event.LoginRefused(var problem) -> {
                expect(State.LoggingIn.class);
                state = NO_NAME;
                yield loginRefused(problem);
            }
            case Event.Opened(var messages, var granted) -> opened(messages, granted);
            case Event.Unavailable(var problem) -> {
                state = new State.Ready(expect(State.Retrieving.class).maildrop());
                yield err(problem, Text.MESSAGE_UNAVAILABLE);
            }
            case Event.Retrieved _ -> retrieved();
            case Event.Committed(var failed, var problem) -> committed(failed, problem);
            case Event.Doomed(var problem, var text) -> doomed(problem, text);
        };
    }

    /**
     * Whether an effect is out that has to be answered before the next line: {@link
     * Effect.Authenticate}, {@link Effect.Respond}, {@link Effect.StartTls}, {@link
     * Effect.Retrieve} or {@link Effect.Commit}.
     */
    public boolean waiting() {
        return state instanceof State.Waiting;
    }

    /**
     * The longest line that is accepted now, octets, line end included: 255 (RFC 2449 §4), or
     * 65,536 where it may be a SASL response. AUTH may bring one along (RFC 5034 §4), so that
     * before a login this is the larger one; other commands of that length are refused here.
     */
    public int lineLimit() {
        return switch (state) {
            case State.Silent _,
                    State.Authorization _,
                    State.LoggingIn _,
                    State.InitialAwaited _,
                    State.ResponseAwaited _ ->
                    offer.sasl().isEmpty() ? COMMAND_LIMIT : RESPONSE_LIMIT;
            case State.Securing _,
                    State.Ready _,
                    State.Retrieving _,
                    State.Updating _,
                    State.Ended _ ->
                    COMMAND_LIMIT;
        };
    }

    /**
     * How many lines in a row, up to now, were no command that POP3 knows, or none that can be
     * where the session stands, or had wrong arguments. A message that is not there, and a command
     * that is not offered, are other matters.
     */
    public int badCommands() {
        return badCommands;
    }

    /** Whether an event is QUIT, which ends a session in any case. */
    public static boolean isQuit(Event event) {
        return event instanceof Event.Line(var octets)
                && Command.of(octets) == Command.QUIT
                && blank(octets, Command.QUIT.argument());
    }

    // Lines

    private List<Effect> line(byte[] octets) {
        return switch (state) {
            case State.Ready(var maildrop) when doom == null -> transaction(maildrop, octets);
            case State.Authorization(var name) when doom == null -> authorization(name, octets);
            case State.InitialAwaited(var mechanism) when doom == null ->
                    initialResponse(mechanism, octets);
            case State.ResponseAwaited _ when doom == null -> response(octets);
            case State.ResponseAwaited _ ->
                    end(new Effect.CancelLogin(), new Effect.Send(doom), new Effect.Close());
            case State.Ready _, State.Authorization _, State.InitialAwaited _ -> sayLast(doom);
            case State.Ended _ -> List.of();
            case State.Silent _, State.Waiting _ -> throw unexpected();
        };
    }

    private List<Effect> overlong() {
        return switch (state) {
            case State.Ready _ when doom == null -> refuse(Text.LINE_TOO_LONG);
            case State.Authorization _, State.InitialAwaited _ when doom == null -> {
                state = NO_NAME;
                yield refuse(Text.LINE_TOO_LONG);
            }
            case State.ResponseAwaited _ when doom == null -> cancel(refuse(Text.LINE_TOO_LONG));
            case State _ -> line(NOTHING);
        };
    }

    private List<Effect> doomed(Problem problem, Text text) {
        if (doom == null) {
            doom = Reply.err(problem, language.text(text), language);
        }
        return List.of();
    }

    // AUTHORIZATION (RFC 1939 §4, §7)

    /**
     * @param name of the USER right before, or empty
     */
    private List<Effect> authorization(byte[] name, byte[] line) {
        state = NO_NAME;
        var command = Command.of(line);
        if (line.length > COMMAND_LIMIT - LINE_END && command != Command.AUTH) {
            return refuse(Text.LINE_TOO_LONG);
        }
        if (hasControl(line)) {
            return refuse(Text.CONTROL_CHARACTER);
        }
        if (command.bare() && !blank(line, command.argument())) {
            return refuse(Text.NO_ARGUMENT);
        }
        return switch (command) {
            case USER -> user(line);
            case PASS -> pass(name, line);
            case APOP -> apop(line);
            case AUTH -> auth(line);
            case CAPA -> capabilities(false);
            case STLS -> startTls();
            case UTF8 -> utf8();
            case LANG -> lang(line);
            case QUIT -> sayLast(Reply.ok(language.text(Text.BYE), language));
            case RETR, DELE, LIST, UIDL, TOP, NOOP, STAT, RSET -> refuse(Text.LOG_IN_FIRST);
            case UNKNOWN -> refuse(Text.UNKNOWN_COMMAND);
        };
    }

    private List<Effect> user(byte[] line) {
        var argument = Command.USER.argument();
        var one = line.length > argument && indexOf(' ', line, argument) == line.length;
        if (!offer.userPass()) {
            return notOffered(
                    Effect.LoginCommand.USER_PASS,
                    "",
                    one ? text(line, argument, line.length) : "");
        }
        if (!one) {
            return refuse(Text.ONE_ARGUMENT);
        }
        state = new State.Authorization(rest(line, argument));
        return language.ok(Text.SEND_PASS);
    }

    private List<Effect> pass(byte[] name, byte[] line) {
        if (!offer.userPass()) {
            return notOffered();
        }
        if (name.length == 0) {
            return refuse(Text.USER_FIRST);
        }
        var argument = Command.PASS.argument();
        if (line.length <= argument) {
            return refuse(Text.NO_PASSWORD);
        }
        var response = Arrays.copyOf(name, name.length + 1 + line.length - argument);
        System.arraycopy(line, argument, response, name.length + 1, line.length - argument);
        return logIn(Effect.LoginCommand.USER_PASS, "", response);
    }

    private List<Effect> apop(byte[] line) {
        var argument = Command.APOP.argument();
        var space = indexOf(' ', line, argument);
        var two =
                space > argument
                        && space < line.length - 1
                        && indexOf(' ', line, space + 1) == line.length;
        if (!offer.apop()) {
            return notOffered(Effect.LoginCommand.APOP, "", two ? text(line, argument, space) : "");
        }
        return two
                ? logIn(Effect.LoginCommand.APOP, "", rest(line, argument))
                : refuse(Text.TWO_ARGUMENTS);
    }

    private List<Effect> startTls() {
        if (!offer.startTls()) {
            return notOffered(Text.NOT_OFFERED);
        }
        if (utf8) {
            return refuse(Text.NO_STLS_AFTER_UTF8);
        }
        state = new State.Securing();
        return List.of(new Effect.StartTls(Reply.ok(language.text(Text.BEGIN_TLS), language)));
    }

    private List<Effect> secured(Offer now) {
        expect(State.Securing.class);
        if (now.startTls()) {
            throw new IllegalArgumentException("STLS is offered over TLS");
        }
        offer = now;
        state = NO_NAME;
        language = Language.ENGLISH;
        return List.of();
    }

    private List<Effect> notOffered(Effect.LoginCommand command, String mechanism, String name) {
        return List.of(
                new Effect.LoginNotOffered(command, mechanism, name, offer.startTls()),
                notOffered().getFirst());
    }

    private List<Effect> notOffered() {
        return notOffered(offer.startTls() ? Text.TLS_FIRST : Text.NOT_OFFERED);
    }

    /** A client that tries what it knows is no stranger: this is not counted as a bad command. */
    private List<Effect> notOffered(Text text) {
        return err(Problem.NONE, text);
    }

    // UTF-8 and languages (RFC 6856)

    private List<Effect> utf8() {
        if (!offer.utf8()) {
            return notOffered(Text.NOT_OFFERED);
        }
        utf8 = true;
        return language.ok(Text.UTF8);
    }

    private List<Effect> lang(byte[] line) {
        if (!offer.utf8()) {
            return notOffered(Text.NOT_OFFERED);
        }
        var argument = Command.LANG.argument();
        if (blank(line, argument)) {
            return languages();
        }
        var range = new String(rest(line, argument), StandardCharsets.ISO_8859_1);
        if (!Language.isRange(range)) {
            return refuse(Text.NO_LANGUAGE_RANGE);
        }
        var found = Language.lookUp(range);
        if (found == null) {
            return err(Problem.NONE, Text.NO_LANGUAGE);
        }
        language = found;
        return say(Reply.ok(found.tag() + " " + found.text(Text.LANGUAGE), found));
    }

    private List<Effect> languages() {
        var lines = new StringBuilder();
        for (var one : Language.ALL) {
            lines.append(one.tag()).append(' ').append(one.name()).append("\r\n");
        }
        return say(Reply.ok(language.text(Text.LANGUAGES), language, lines.toString()));
    }

    // AUTH (RFC 5034 §4)

    private List<Effect> auth(byte[] line) {
        var argument = Command.AUTH.argument();
        if (blank(line, argument)) {
            return offer.sasl().isEmpty() ? notOffered() : mechanisms();
        }
        var space = indexOf(' ', line, argument);
        var mechanism = offered(line, argument, space);
        if (mechanism == null) {
            return notOffered(Effect.LoginCommand.AUTH, text(line, argument, space), "");
        }
        if (blank(line, space)) {
            if (mechanism.serverFirst()) {
                return logIn(Effect.LoginCommand.AUTH, mechanism.name(), NOTHING);
            }
            state = new State.InitialAwaited(mechanism.name());
            return EMPTY_CHALLENGE;
        }
        if (!mechanism.initialResponse()) {
            return refuse(Text.SERVER_FIRST);
        }
        if (space == line.length - 2 && line[space + 1] == '=') {
            return logIn(Effect.LoginCommand.AUTH, mechanism.name(), NOTHING);
        }
        var response = decode(line, space + 1);
        return response == null
                ? refuse(Text.NOT_BASE64)
                : logIn(Effect.LoginCommand.AUTH, mechanism.name(), response);
    }

    /** The mechanism of that name, or null. */
    private Offer.Sasl offered(byte[] line, int from, int to) {
        for (var mechanism : offer.sasl()) {
            var name = mechanism.name();
            var same = name.length() == to - from;
            for (var at = 0; same && at < name.length(); at++) {
                same = name.charAt(at) == Command.upper(line[from + at]);
            }
            if (same) {
                return mechanism;
            }
        }
        return null;
    }

    private List<Effect> initialResponse(String mechanism, byte[] line) {
        state = NO_NAME;
        if (isCancel(line)) {
            return cancelled();
        }
        var response = decode(line, 0);
        return response == null
                ? refuse(Text.NOT_BASE64)
                : logIn(Effect.LoginCommand.AUTH, mechanism, response);
    }

    private List<Effect> response(byte[] line) {
        if (isCancel(line)) {
            return cancel(cancelled());
        }
        var response = decode(line, 0);
        if (response == null) {
            return cancel(refuse(Text.NOT_BASE64));
        }
        state = new State.LoggingIn(Effect.LoginCommand.AUTH);
        return List.of(new Effect.Respond(response));
    }

    private List<Effect> challenged(byte[] octets) {
        if (expect(State.LoggingIn.class).command() != Effect.LoginCommand.AUTH) {
            // A mechanism of USER_PASS or APOP that asks back: there is no way to ask the client.
            return cancel(loginRefused(Problem.SYS_PERM));
        }
        state = new State.ResponseAwaited();
        return say(Reply.challenge(Base64.getEncoder().encodeToString(octets)));
    }

    /** Gives the login up that has begun. */
    private List<Effect> cancel(List<Effect> answer) {
        state = NO_NAME;
        return List.of(new Effect.CancelLogin(), answer.getFirst());
    }

    private List<Effect> logIn(Effect.LoginCommand command, String mechanism, byte[] response) {
        state = new State.LoggingIn(command);
        return List.of(new Effect.Authenticate(command, mechanism, response));
    }

    private List<Effect> opened(MessageTable messages, Terms granted) {
        expect(State.LoggingIn.class);
        terms = granted;
        var maildrop = new Transaction(messages, offer.utf8() && !utf8);
        state = new State.Ready(maildrop);
        return say(inside(maildrop));
    }

    /** One text for all refused credentials, so that it says nothing about the account. */
    private List<Effect> loginRefused(Problem problem) {
        return err(
                problem,
                switch (problem) {
                    case NONE -> Text.LOGIN_NOT_PROPER;
                    case AUTH -> Text.LOGIN_REFUSED;
                    case IN_USE -> Text.MAILDROP_LOCKED;
                    case LOGIN_DELAY -> Text.LOGIN_TOO_EARLY;
                    case SYS_TEMP -> Text.LOGIN_LATER;
                    case SYS_PERM -> Text.LOGIN_WHEN_MENDED;
                });
    }

    // TRANSACTION (RFC 1939 §5, §7)

    private List<Effect> transaction(Transaction maildrop, byte[] line) {
        if (line.length > COMMAND_LIMIT - LINE_END) {
            return refuse(Text.LINE_TOO_LONG);
        }
        if (hasControl(line)) {
            return refuse(Text.CONTROL_CHARACTER);
        }
        var command = Command.of(line);
        var argument = command.argument();
        if (command.bare() && !blank(line, argument)) {
            return refuse(Text.NO_ARGUMENT);
        }
        return switch (command) {
            case NOOP -> OK;
            case STAT -> say(Reply.ok(maildrop.count(), maildrop.octets()));
            case LIST, UIDL -> listing(maildrop, line, command == Command.UIDL);
            case DELE -> {
                var number = Decimal.parse(line, argument, line.length);
                if (!maildrop.has(number)) {
                    yield noMessage(number);
                }
                maildrop.mark(number);
                yield language.ok(Text.MARKED);
            }
            case RETR -> {
                var number = Decimal.parse(line, argument, line.length);
                yield maildrop.has(number) ? retrieve(maildrop, number) : noMessage(number);
            }
            case TOP -> top(maildrop, line);
            case RSET -> {
                maildrop.unmarkAll();
                yield say(inside(maildrop));
            }
            case CAPA -> capabilities(true);
            case LANG -> lang(line);
            case QUIT -> {
                state = new State.Updating();
                yield List.of(maildrop.commit());
            }
            case USER, PASS, APOP, AUTH, STLS, UTF8 -> refuse(Text.LOGGED_IN);
            case UNKNOWN -> refuse(Text.UNKNOWN_COMMAND);
        };
    }

    private List<Effect> listing(Transaction maildrop, byte[] line, boolean uniqueIds) {
        var argument = Command.LIST.argument();
        if (blank(line, argument)) {
            return say(maildrop.listing(uniqueIds, language));
        }
        var number = Decimal.parse(line, argument, line.length);
        if (!maildrop.has(number)) {
            return noMessage(number);
        }
        return say(uniqueIds ? maildrop.uniqueIdListing(number) : maildrop.scanListing(number));
    }

    private List<Effect> retrieve(Transaction maildrop, int number) {
        state = new State.Retrieving(maildrop, number, true);
        var octets = maildrop.octets(number);
        return List.of(
                new Effect.Retrieve(
                        number,
                        MessageEncoder.WHOLE,
                        octets,
                        maildrop.surrogate(number),
                        Reply.ok(language.text(Text.OCTETS, octets), language)));
    }

    private List<Effect> top(Transaction maildrop, byte[] line) {
        var argument = Command.TOP.argument();
        var space = indexOf(' ', line, argument);
        var number = Decimal.parse(line, argument, space);
        var bodyLines = Decimal.parse(line, space + 1, line.length);
        if (bodyLines == Decimal.NOT_A_NUMBER) {
            return refuse(Text.TWO_ARGUMENTS);
        }
        if (!maildrop.has(number)) {
            return noMessage(number);
        }
        state = new State.Retrieving(maildrop, number, false);
        return List.of(
                new Effect.Retrieve(
                        number,
                        bodyLines,
                        maildrop.octets(number),
                        maildrop.surrogate(number),
                        Reply.ok(language.text(Text.TOP_OF_MESSAGE), language)));
    }

    private List<Effect> retrieved() {
        var sent = expect(State.Retrieving.class);
        if (sent.whole()) {
            sent.maildrop().retrieved(sent.number());
        }
        state = new State.Ready(sent.maildrop());
        return List.of();
    }

    private List<Effect> noMessage(int number) {
        return number == Decimal.NOT_A_NUMBER
                ? refuse(Text.NO_NUMBER)
                : err(Problem.NONE, Text.NO_MESSAGE);
    }

    private Reply inside(Transaction maildrop) {
        return Reply.ok(language.text(Text.INSIDE, maildrop.count(), maildrop.octets()), language);
    }

    // UPDATE (RFC 1939 §6)

    private List<Effect> committed(int failed, Problem problem) {
        expect(State.Updating.class);
        if (failed == 0 && problem == Problem.NONE) {
            return sayLast(Reply.ok(language.text(Text.BYE), language));
        }
        return sayLast(
                Reply.err(
                        problem,
                        failed == 0
                                ? language.text(Text.REMOVAL_FAILED)
                                : language.text(Text.REMOVAL_UNSURE, failed),
                        language));
    }

    // CAPA (RFC 2449 §5)

    /**
     * What is offered before a login is announced after it too, for one CAPA has to be enough; STLS
     * alone is not, for its tag speaks of the current state (RFC 2595 §4).
     */
    private List<Effect> capabilities(boolean loggedIn) {
        var lines = new StringBuilder("TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING");
        lines.append("\r\n");
        if (offer.userPass()) {
            lines.append("USER\r\n");
        }
        if (!offer.sasl().isEmpty()) {
            lines.append("SASL");
            for (var mechanism : offer.sasl()) {
                lines.append(' ').append(mechanism.name());
            }
            lines.append("\r\n");
        }
        if (offer.utf8()) {
            lines.append("UTF8 USER\r\nLANG\r\n");
        }
        lines.append((loggedIn ? terms : offer.terms()).capabilities(loggedIn));
        if (offer.startTls() && !loggedIn) {
            lines.append("STLS\r\n");
        }
        if (loggedIn) {
            lines.append("IMPLEMENTATION Postern\r\n");
        }
        return say(Reply.ok(language.text(Text.CAPABILITIES), language, lines.toString()));
    }

    private List<Effect> mechanisms() {
        var lines = new StringBuilder();
        for (var mechanism : offer.sasl()) {
            lines.append(mechanism.name()).append("\r\n");
        }
        return say(Reply.ok(language.text(Text.MECHANISMS), language, lines.toString()));
    }

    // Octets

    private static boolean hasControl(byte[] line) {
        for (var octet : line) {
            if ((octet >= 0 && octet < ' ') || octet == 0x7F) {
                return true;
            }
        }
        return false;
    }

    /** Whether there is nothing but spaces from there on, or nothing at all. */
    private static boolean blank(byte[] line, int from) {
        for (var at = from; at < line.length; at++) {
            if (line[at] != ' ') {
                return false;
            }
        }
        return true;
    }

    /** Where the octet is; the length of the line where it is not. */
    private static int indexOf(char wanted, byte[] line, int from) {
        var at = Math.min(from, line.length);
        while (at < line.length && line[at] != wanted) {
            at++;
        }
        return at;
    }

    private static String text(byte[] line, int from, int to) {
        return new String(line, from, to - from, StandardCharsets.UTF_8);
    }

    private static byte[] rest(byte[] line, int from) {
        return Arrays.copyOfRange(line, from, line.length);
    }

    private static boolean isCancel(byte[] line) {
        return line.length == 1 && line[0] == '*';
    }

    /** Base64 with all its padding and nothing else (RFC 5034 §4), or null. Empty is empty. */
    private static byte[] decode(byte[] line, int from) {
        if ((line.length - from) % 4 != 0) {
            return null;
        }
        var text = rest(line, from);
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException _) {
            return null;
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    // Effects

    private static List<Effect> say(Reply reply) {
        return List.of(new Effect.Send(reply));
    }

    private List<Effect> refuse(Text text) {
        return language.refusal(text);
    }

    private List<Effect> err(Problem problem, Text text) {
        return say(Reply.err(problem, language.text(text), language));
    }

    private List<Effect> cancelled() {
        return err(Problem.NONE, Text.CANCELLED);
    }

    private List<Effect> counted(List<Effect> answer) {
        var bad =
                !answer.isEmpty()
                        && answer.getLast() instanceof Effect.Send(var reply)
                        && reply.isToNoCommand();
        badCommands = bad ? badCommands + 1 : 0;
        return answer;
    }

    private List<Effect> sayLast(Reply reply) {
        return end(new Effect.Send(reply), new Effect.Close());
    }

    private List<Effect> end(Effect... effects) {
        state = new State.Ended();
        return List.of(effects);
    }

    private <S extends State> S expect(Class<S> wanted) {
        if (!wanted.isInstance(state)) {
            throw unexpected();
        }
        return wanted.cast(state);
    }

    private IllegalStateException unexpected() {
        return new IllegalStateException("not in state " + state.getClass().getSimpleName());
    }
}
