package io.postern.distribution;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** A client's session that writes down what it does and hears. Used by one thread. */
final class RecordedSession implements AutoCloseable {
    private final History history;
    private final Letters letters;
    private final String user;
    private final Pop3 pop3;
    private final int number;
    private List<String> uniqueIds = List.of();
    private boolean over;

    private RecordedSession(History history, Letters letters, String user, Pop3 pop3) {
        this.history = history;
        this.letters = letters;
        this.user = user;
        this.pop3 = pop3;
        this.number = history.newSession();
    }

    /** Connects and says who it is; the maildrop is asked for by {@link #sendPass}. */
    static RecordedSession connect(History history, Letters letters, int port, String user)
            throws IOException {
        var pop3 = Pop3.connect(port);
        try {
            pop3.line();
            pop3.ok("USER " + user);
            return new RecordedSession(history, letters, user, pop3);
        } catch (Throwable e) {
            pop3.close();
            throw e;
        }
    }

    /**
     * Logs in.
     *
     * @return nothing if the server refuses
     */
    static Optional<RecordedSession> login(
            History history, Letters letters, Servers servers, int server, String user)
            throws IOException {
        var session = connect(history, letters, servers.port(server), user);
        try {
            session.sendPass(server);
            if (session.locked()) {
                return Optional.of(session);
            }
            session.close();
            return Optional.empty();
        } catch (Throwable e) {
            session.close();
            throw e;
        }
    }

    void sendPass(int server) throws IOException {
        history.add(new History.Asked(System.nanoTime(), number, server, user));
        pop3.send("PASS " + letters.password(user) + "\r\n");
    }

    /** Reads the answer to PASS, and the listing if it is good. */
    boolean locked() throws IOException {
        var reply = pop3.line();
        var now = System.nanoTime();
        if (!reply.startsWith("+OK")) {
            history.add(new History.Refused(now, number, reply));
            over = true;
            return false;
        }
        history.add(new History.Locked(now, number));
        var answer = pop3.command("UIDL");
        if (!answer.startsWith("+OK")) {
            throw new IOException("UIDL: " + answer);
        }
        uniqueIds =
                new String(pop3.multiline(), StandardCharsets.ISO_8859_1)
                        .lines()
                        .map(line -> line.split(" ", 2)[1])
                        .toList();
        history.add(new History.Listed(System.nanoTime(), number, uniqueIds));
        return true;
    }

    int count() {
        return uniqueIds.size();
    }

    /**
     * Gets a message.
     *
     * @return false if the server refuses
     */
    boolean retrieve(int message) throws IOException {
        if (!pop3.command("RETR " + message).startsWith("+OK")) {
            return false;
        }
        var octets = pop3.multiline();
        history.add(
                new History.Retrieved(
                        System.nanoTime(),
                        number,
                        uniqueIds.get(message - 1),
                        letters.nameOf(octets)));
        return true;
    }

    /** As {@link #retrieve}, for DELE. */
    boolean mark(int message) throws IOException {
        if (!pop3.command("DELE " + message).startsWith("+OK")) {
            return false;
        }
        history.add(new History.Marked(System.nanoTime(), number, uniqueIds.get(message - 1)));
        return true;
    }

    void sendQuit() throws IOException {
        history.add(new History.Quitting(System.nanoTime(), number));
        pop3.send("QUIT\r\n");
    }

    /** Reads the answer to QUIT: whether it is good. */
    boolean answered() throws IOException {
        var ok = pop3.line().startsWith("+OK");
        history.add(new History.Quit(System.nanoTime(), number, ok));
        over = true;
        return ok;
    }

    boolean quit() throws IOException {
        sendQuit();
        return answered();
    }

    /** Leaves without QUIT, if it was not answered. */
    @Override
    public void close() throws IOException {
        if (!over) {
            over = true;
            history.add(new History.Left(System.nanoTime(), number));
        }
        pop3.close();
    }
}
