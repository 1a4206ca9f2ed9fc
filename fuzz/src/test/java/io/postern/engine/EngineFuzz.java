package io.postern.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A client that says anything, and plugins that answer anything that their contracts allow: one
 * status line to each line, none without, the same whatever the pieces; and only QUIT removes.
 *
 * <p>The first octet chooses what is offered, the next {@value #ANSWERS} how the plugins answer one
 * after the other, and the rest is the client's.
 */
public final class EngineFuzz {
    private static final int ANSWERS = 6;

    /** So that every place can be tried where the octets may be split. */
    private static final int SHORT = 24;

    private static final String ONE_LINE = "(?:\\+OK|-ERR)(?: [ -~\\x80-\\xff]*)?\r\n";
    private static final String CHALLENGE = "\\+ [A-Za-z0-9+/=]*\r\n";
    private static final String LINES =
            "\\+OK(?: [ -~\\x80-\\xff]*)?\r\n(?:[!-~\\x80-\\xff][ -~\\x80-\\xff]*\r\n)*\\.\r\n";
    private static final Pattern REPLY =
            Pattern.compile(String.join("|", ONE_LINE, CHALLENGE, LINES));

    private static final MessageTable MAIL = mail();

    private EngineFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length <= 1 + ANSWERS) {
            return;
        }
        var client = Arrays.copyOfRange(input, 1 + ANSWERS, input.length);
        var whole = new Talk(input).hear(client, client.length);
        for (var piece : new int[] {1, 3, 16}) {
            expect(new Talk(input).hear(client, piece).equals(whole), "in pieces of " + piece);
        }
        for (var at = 1; at < Math.min(client.length, SHORT); at++) {
            var talk = new Talk(input);
            talk.hear(Arrays.copyOf(client, at), at);
            var rest = Arrays.copyOfRange(client, at, client.length);
            expect(talk.hear(rest, rest.length).equals(whole), "split at " + at);
        }
    }

    /** One session. */
    private static final class Talk {
        private final byte[] choices;
        private final Pop3Engine engine;
        private final LineFramer framer = new LineFramer();
        private final List<String> said = new ArrayList<>();
        private int answers;
        private boolean closed;
        private boolean securing;
        private boolean quit;

        Talk(byte[] choices) {
            this.choices = choices;
            engine = new Pop3Engine(offer(choices[0]));
            act(engine.on(new Event.Connected()));
            said.clear();
        }

        /** Gives everything that was said up to now, one entry for each reply. */
        List<String> hear(byte[] octets, int piece) {
            for (var at = 0; at < octets.length && !closed && !framer.flooded(); ) {
                var length = Math.min(piece, octets.length - at);
                var in = ByteBuffer.wrap(octets, at, length).slice();
                at += length;
                for (Event event;
                        !closed && (event = framer.next(in, engine.lineLimit())) != null; ) {
                    take(event);
                    if (securing) {
                        // What is in the pieces that follow is TLS's, in a way that depends on
                        // nothing but the octets: the rest of this one is thrown away.
                        closed = true;
                    }
                }
            }
            return said;
        }

        private void take(Event event) {
            var before = said.size();
            expect(!engine.waiting(), "a line while it waits");
            if (event instanceof Event.Line(var octets)) {
                quit = quits(octets);
            }
            act(engine.on(event));
            expect(
                    said.size() == before + 1,
                    "not one reply: " + said.subList(before, said.size()));
            if (event instanceof Event.Line(var octets)) {
                for (var octet : octets) {
                    expect(octet == 0, "a line that is not wiped");
                }
            }
        }

        private void act(List<Effect> effects) {
            for (var effect : effects) {
                expect(!closed, "something after the end");
                switch (effect) {
                    case Effect.Send(var reply) -> say(reply);
                    case Effect.Authenticate login -> act(engine.on(login(login.command())));
                    case Effect.Respond _ -> act(engine.on(login(Effect.LoginCommand.AUTH)));
                    case Effect.LoginNotOffered _ -> expect(!engine.waiting(), "waits for a login");
                    case Effect.CancelLogin _ -> expect(!engine.waiting(), "waits for a login");
                    case Effect.Retrieve(var number, _, var octets, _, var head) -> {
                        expect(number >= 1 && number <= MAIL.count(), "no such message");
                        expect(octets == MAIL.octets(number), "another size");
                        if (next() % 3 == 0) {
                            act(engine.on(new Event.Unavailable(Problem.SYS_TEMP)));
                        } else {
                            say(head);
                            act(engine.on(new Event.Retrieved()));
                        }
                    }
                    case Effect.Commit(var marked, var seen) -> {
                        expect(quit, "UPDATE without QUIT");
                        expect(!marked.get(0) && marked.length() <= MAIL.count() + 1, "marks");
                        expect(!marked.intersects(seen), "removed and seen");
                        act(
                                engine.on(
                                        next() % 3 == 0
                                                ? new Event.Committed(1, Problem.SYS_TEMP)
                                                : new Event.Committed(0, Problem.NONE)));
                    }
                    case Effect.StartTls(var reply) -> {
                        say(reply);
                        framer.discard();
                        act(engine.on(new Event.Secured(offer((byte) 0))));
                        securing = true;
                    }
                    case Effect.Close _ -> closed = true;
                }
            }
        }

        private Event login(Effect.LoginCommand command) {
            return switch (next() % 8) {
                case 0 -> new Event.LoginRefused(Problem.AUTH);
                case 1 -> new Event.LoginRefused(Problem.IN_USE);
                case 2 -> new Event.LoginRefused(Problem.LOGIN_DELAY);
                case 3, 4 -> new Event.Challenged(new byte[] {1, 2, 3, (byte) 0xFF});
                case 5 ->
                        command == Effect.LoginCommand.AUTH
                                ? new Event.Challenged(new byte[0])
                                : new Event.LoginRefused(Problem.SYS_PERM);
                default -> new Event.Opened(MAIL);
            };
        }

        private int next() {
            return choices[1 + answers++ % ANSWERS] & 0xFF;
        }

        private void say(Reply reply) {
            var source = reply.octets();
            var buffer = ByteBuffer.allocate(4096);
            var text = new StringBuilder();
            for (var last = false; !last; ) {
                last = source.fill(buffer.clear());
                text.append(
                        new String(
                                buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1));
            }
            var whole = text.toString();
            expect(REPLY.matcher(whole).matches(), "no reply of POP3: " + whole);
            if (whole.startsWith("+ ")) {
                var _ = Base64.getDecoder().decode(whole.strip().substring(1).strip());
            } else {
                expect(whole.indexOf('\n') < 512, "a first line that is too long");
            }
            said.add(whole);
        }
    }

    private static boolean quits(byte[] line) {
        return new String(line, StandardCharsets.ISO_8859_1).matches("[Qq][Uu][Ii][Tt] *");
    }

    private static Offer offer(byte choice) {
        var sasl =
                (choice & 1) != 0
                        ? List.<Offer.Sasl>of()
                        : List.of(new Offer.Sasl("PLAIN", false), new Offer.Sasl("CRAM-MD5", true));
        return new Offer(
                (choice & 2) != 0 ? "<17.4@host>" : "", (choice & 4) == 0, sasl, (choice & 8) != 0);
    }

    private static MessageTable mail() {
        try {
            return MessageTable.freeze(3, number -> 100L * number, number -> "id" + number);
        } catch (ListingViolation e) {
            throw new IllegalStateException(e);
        }
    }

    private static void expect(boolean truth, String what) {
        if (!truth) {
            throw new AssertionError(what);
        }
    }
}
