package io.postern.distribution;

import io.postern.distribution.Ledger.Seen;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A mail program that logs in to one maildrop again and again until the server is killed, and tells
 * the {@link Ledger} what it sees and asks for. One thread.
 */
final class KillClient implements Runnable {

    /**
     * One life of the server.
     *
     * @param killed set just before
     * @param quits counts each QUIT before it is sent
     * @param answers counts the answers to them
     */
    record Life(int port, AtomicBoolean killed, AtomicInteger quits, AtomicInteger answers) {
        Life(int port) {
            this(port, new AtomicBoolean(), new AtomicInteger(), new AtomicInteger());
        }
    }

    private final Life life;
    private final String login;
    private final String password;
    private final Ledger ledger;
    private final Random random;

    KillClient(Life life, String login, String password, Ledger ledger, Random random) {
        this.life = life;
        this.login = login;
        this.password = password;
        this.ledger = ledger;
        this.random = random;
    }

    @Override
    public void run() {
        try {
            // What an earlier server left is looked at to the last octet.
            for (var whole = true; !life.killed.get(); whole = false) {
                session(whole);
            }
        } catch (SocketTimeoutException e) {
            ledger.violated("the server neither answers nor closes");
        } catch (IOException e) {
            if (!life.killed.get()) {
                ledger.violated("the server ended a session before it was killed: " + e);
            }
        } catch (AssertionError e) {
            ledger.violated(e.getMessage());
        }
    }

    private void session(boolean whole) throws IOException {
        var due = ledger.due();
        try (var session = Pop3.login(life.port, login, password)) {
            var listing = listing(session, whole);
            ledger.listed(due, listing);
            var marked = new ArrayList<String>();
            for (var number = 1; number <= listing.size(); number++) {
                if (random.nextInt(5) < 2) {
                    session.ok("DELE " + number);
                    marked.add(listing.get(number - 1).uniqueId());
                }
            }
            switch (random.nextInt(8)) {
                case 0 -> session.reset();
                case 1 -> {
                    session.ok("RSET");
                    session.ok("QUIT");
                }
                default -> quit(session, marked);
            }
        }
    }

    /** One session that looks at all and removes all. */
    void removeAll() throws IOException {
        var due = ledger.due();
        try (var session = Pop3.login(life.port, login, password)) {
            var listing = listing(session, true);
            ledger.listed(due, listing);
            for (var number = 1; number <= listing.size(); number++) {
                session.ok("DELE " + number);
            }
            quit(session, listing.stream().map(Seen::uniqueId).toList());
        }
    }

    private void quit(Pop3 session, List<String> marked) throws IOException {
        ledger.asked(marked);
        life.quits.incrementAndGet();
        var answer = session.command("QUIT");
        life.answers.incrementAndGet();
        if (answer.startsWith("+OK")) {
            ledger.answered(marked);
        } else {
            ledger.violated("QUIT: " + answer);
        }
    }

    private List<Seen> listing(Pop3 session, boolean whole) throws IOException {
        session.ok("UIDL");
        var ids = lines(session);
        session.ok("LIST");
        var sizes = lines(session);
        if (ids.size() != sizes.size()) {
            throw new AssertionError(ids.size() + " in UIDL, " + sizes.size() + " in LIST");
        }
        var listing = new ArrayList<Seen>();
        for (var number = 1; number <= ids.size(); number++) {
            var id = ids.get(number - 1).split(" ", -1)[1];
            var retrieved = whole || !ledger.knows(id) || random.nextBoolean();
            listing.add(
                    new Seen(
                            id,
                            Long.parseLong(sizes.get(number - 1).split(" ", -1)[1]),
                            retrieved
                                    ? Optional.of(text(session.retrieve(number)))
                                    : Optional.empty()));
        }
        return listing;
    }

    private static List<String> lines(Pop3 session) throws IOException {
        return text(session.multiline()).lines().toList();
    }

    private static String text(byte[] octets) {
        return new String(octets, StandardCharsets.ISO_8859_1);
    }
}
