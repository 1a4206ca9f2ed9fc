package io.postern.engine;

import io.postern.spi.wire.MessageCounter;
import io.postern.spi.wire.MessageEncoder;
import io.postern.spi.wire.Surrogate;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;

/**
 * Stands in for the session, the plugins and the client's connection: does at once what the engine
 * asks for, and keeps what was asked and said. Text is one character per octet.
 *
 * <p>Who logs in as {@code locked}, {@code temp} or {@code perm} with the right password is refused
 * with that problem. The SASL mechanisms: PLAIN takes one response; CRAM-MD5 speaks first, and so
 * does LOGIN where no name came; FINAL sends a last challenge and wants an empty response to it.
 */
final class FakeSession {
    static final String PASSWORD = " tan  staaf ";
    static final String STAMP = "<1896.697170952@dbc.mtview.ca.us>";

    /** Everything there is, in the clear. */
    static final Offer FULL =
            new Offer(
                    STAMP,
                    true,
                    List.of(
                            new Offer.Sasl("PLAIN", false),
                            new Offer.Sasl("CRAM-MD5", true),
                            new Offer.Sasl("FINAL", false)),
                    true);

    final List<Effect> effects = new ArrayList<>();
    final List<String> responses = new ArrayList<>();
    final Pop3Engine engine;
    private final LineFramer framer = new LineFramer();
    private final StringBuilder said = new StringBuilder();
    private final List<String> messages;
    private String mechanism = "";
    private String loginName = "";

    Offer afterTls = new Offer("", true, List.of(new Offer.Sasl("PLAIN", false)), false);
    BitSet unavailable = new BitSet();
    Event.Committed outcome = new Event.Committed(0, Problem.NONE);
    boolean closed;

    FakeSession(Offer offer, List<String> messages) {
        engine = new Pop3Engine(offer);
        this.messages = List.copyOf(messages);
    }

    /** A session that was greeted. */
    static FakeSession greeted(Offer offer, String... messages) {
        var session = new FakeSession(offer, List.of(messages));
        session.on(new Event.Connected());
        session.said();
        return session;
    }

    /** A session that was greeted and is logged in. */
    static FakeSession loggedIn(String... messages) {
        var session = greeted(FULL, messages);
        session.send("USER alice\r\nPASS " + PASSWORD + "\r\n");
        session.effects.clear();
        session.responses.clear();
        return session;
    }

    /** Lets the client send this, and tells what the server said since the last time. */
    String send(String octets) {
        return send(octets, Integer.MAX_VALUE);
    }

    /** The same in pieces of so many octets. */
    String send(String octets, int chunk) {
        var all = octets.getBytes(StandardCharsets.ISO_8859_1);
        for (var at = 0; at < all.length && !closed; ) {
            var length = Math.min(chunk, all.length - at);
            var in = ByteBuffer.wrap(all, at, length).slice();
            at += length;
            for (Event event; (event = framer.next(in, engine.lineLimit())) != null; ) {
                on(event);
                if (effects.getLast() instanceof Effect.StartTls) {
                    in.position(in.limit());
                }
            }
        }
        return said();
    }

    /** One command, its line end added. */
    String command(String line) {
        return send(line + "\r\n");
    }

    void on(Event event) {
        for (var effect : engine.on(event)) {
            effects.add(effect);
            switch (effect) {
                case Effect.Send(var reply) -> said.append(text(reply));
                case Effect.Authenticate(var command, var name, var response) -> {
                    mechanism = name.isEmpty() ? command.name() : name;
                    judge(response, true);
                }
                case Effect.Respond(var response) -> judge(response, false);
                case Effect.LoginNotOffered _ -> {}
                case Effect.CancelLogin _ -> mechanism = "";
                case Effect.Retrieve retrieve -> retrieve(retrieve);
                case Effect.Commit _ -> on(outcome);
                case Effect.StartTls(var reply) -> {
                    said.append(text(reply));
                    framer.discard();
                    on(new Event.Secured(afterTls));
                    effects.add(effect);
                }
                case Effect.Close _ -> closed = true;
            }
        }
    }

    /** What the server said since the last time. */
    String said() {
        var text = said.toString();
        said.setLength(0);
        return text;
    }

    MessageTable table() {
        try {
            return MessageTable.freeze(
                    messages.size(),
                    number -> size(number).octets(),
                    number -> size(number).surrogateOctets(),
                    number -> "uid-" + number);
        } catch (ListingViolation e) {
            throw new AssertionError(e);
        }
    }

    private MessageCounter.Size size(int number) {
        try {
            return MessageCounter.measure(
                    new ByteArrayInputStream(octets(messages.get(number - 1))));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static MessageTable table(int count, IntToLongFunction size, IntFunction<String> uniqueId) {
        try {
            return MessageTable.freeze(count, size, uniqueId);
        } catch (ListingViolation e) {
            throw new AssertionError(e);
        }
    }

    static String text(Reply reply) {
        var source = reply.octets();
        var buffer = ByteBuffer.allocate(4096);
        var text = new StringBuilder();
        for (var last = false; !last; ) {
            last = source.fill(buffer.clear());
            text.append(
                    new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1));
        }
        return text.toString();
    }

    private void judge(byte[] response, boolean first) {
        var text = new String(response, StandardCharsets.ISO_8859_1);
        responses.add(mechanism + ":" + text);
        on(
                switch (mechanism) {
                    case "USER_PASS" -> known(text, "\0" + PASSWORD);
                    case "APOP" -> known(text, " c4c9334bac560ecc979e58001b3e22fb");
                    case "PLAIN" -> known(text.substring(text.indexOf('\0') + 1), "\0" + PASSWORD);
                    case "CRAM-MD5" ->
                            first
                                    ? new Event.Challenged(octets("<17@host>"))
                                    : known(text, " digest");
                    case "LOGIN" -> login(text, first);
                    case "FINAL" ->
                            first
                                    ? new Event.Challenged(octets("v=proof"))
                                    : text.isEmpty()
                                            ? new Event.Opened(table())
                                            : new Event.LoginRefused(Problem.NONE);
                    default -> throw new AssertionError(mechanism);
                });
    }

    /** Asks for what has not come yet: the name, then the password. */
    private Event login(String text, boolean first) {
        if (first) {
            loginName = "";
        }
        if (first && text.isEmpty()) {
            return new Event.Challenged(octets("Username:"));
        }
        if (loginName.isEmpty()) {
            loginName = text;
            return new Event.Challenged(octets("Password:"));
        }
        return known(loginName + "\0" + text, "\0" + PASSWORD);
    }

    private Event known(String response, String proof) {
        if (!response.endsWith(proof)) {
            return new Event.LoginRefused(Problem.AUTH);
        }
        return switch (response.substring(0, response.length() - proof.length())) {
            case "alice" -> new Event.Opened(table());
            case "locked" -> new Event.LoginRefused(Problem.IN_USE);
            case "temp" -> new Event.LoginRefused(Problem.SYS_TEMP);
            case "perm" -> new Event.LoginRefused(Problem.SYS_PERM);
            default -> new Event.LoginRefused(Problem.AUTH);
        };
    }

    private void retrieve(Effect.Retrieve retrieve) {
        if (unavailable.get(retrieve.number())) {
            on(new Event.Unavailable(Problem.SYS_TEMP));
            return;
        }
        var in = ByteBuffer.wrap(stored(retrieve));
        var out = ByteBuffer.allocate(2 * in.capacity() + 16);
        var encoder = new MessageEncoder(retrieve.bodyLines());
        encoder.encode(in, out);
        if (!encoder.complete()) {
            encoder.finish(out);
        }
        said.append(text(retrieve.head()))
                .append(new String(out.array(), 0, out.position(), StandardCharsets.ISO_8859_1))
                .append(".\r\n");
        on(new Event.Retrieved());
    }

    private byte[] stored(Effect.Retrieve retrieve) {
        var octets = octets(messages.get(retrieve.number() - 1));
        try {
            return retrieve.surrogate()
                    ? Surrogate.of(new ByteArrayInputStream(octets)).readAllBytes()
                    : octets;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
