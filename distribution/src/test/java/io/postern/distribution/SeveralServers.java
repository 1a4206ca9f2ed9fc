package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * Two and three server processes share mail and locks, under load. A server that holds maildrops is
 * stopped for longer than its leases last, others take them over, and it goes on: what it does then
 * commits nothing. One that is killed leaves its maildrops free. {@link HistoryChecker} judges what
 * all clients saw.
 *
 * <p>{@code -Dpostern.long=true} runs it for longer.
 */
@Timeout(1800)
abstract class SeveralServers {
    /** The shortest that the locks take. */
    static final Duration LEASE = Duration.ofSeconds(3);

    private static final int ROUNDS = Boolean.getBoolean("postern.long") ? 30 : 1;
    private static final int CLIENTS = 6;

    /** What a maildrop gets at first and before each stop, messages. */
    private static final int MAIL = 4;

    /** How late something may be on a machine that is busy with other things. */
    private static final Duration SLACK = Duration.ofSeconds(15);

    private static final List<String> READERS = List.of("reader0", "reader1", "reader2", "reader3");

    /** What a session does when its server is stopped. */
    private enum Moment {
        /** Its PASS was sent a moment ago. */
        LOGIN,
        /** It has marked nothing yet. */
        LISTED,
        MARKED,
        /** It sends QUIT while the server is stopped. */
        QUIT_WAITS,
        /** Its QUIT was sent a moment ago. */
        QUIT_RUNS;

        /** Whether the server may be stopped within a change that it has begun. */
        boolean mayBlock() {
            return this == LOGIN || this == QUIT_RUNS;
        }

        String user(int victim) {
            return name().toLowerCase(Locale.ROOT).replace("_", "") + victim;
        }
    }

    private record Holder(Moment moment, String user, int server, RecordedSession session) {}

    private final History history = new History();
    private Site site;
    private Letters letters;
    private Servers servers;
    private int blocked;

    /** A site with this mail and these locks; the leases last for {@link #LEASE}. */
    abstract Site site(Path folder) throws Exception;

    /** A delivery agent for it. */
    abstract Letters.Delivery delivery(Site site) throws Exception;

    @Test
    void twoServers(@TempDir Path folder) throws Exception {
        run(
                folder,
                2,
                () -> {
                    for (var round = 0; round < ROUNDS; round++) {
                        stopped(List.of(0), round % 2 == 0);
                        stopped(List.of(1), round % 2 == 1);
                    }
                });
    }

    @Test
    void threeServers(@TempDir Path folder) throws Exception {
        run(
                folder,
                3,
                () -> {
                    for (var round = 0; round < ROUNDS; round++) {
                        stopped(List.of(round % 3, (round + 1) % 3), round % 2 == 0);
                        killed((round + 2) % 3, round < ROUNDS - 1);
                    }
                });
    }

    private void fill(String user) throws Exception {
        for (var message = 0; message < MAIL; message++) {
            letters.send(user, ThreadLocalRandom.current());
        }
    }

    @FunctionalInterface
    private interface Deeds {
        void run() throws Exception;
    }

    private void run(Path folder, int count, Deeds deeds) throws Exception {
        site = site(folder);
        letters = new Letters(site, history, delivery(site));
        var users = new ArrayList<>(READERS);
        for (var moment : Moment.values()) {
            users.add(moment.user(0));
            users.add(moment.user(1));
        }
        for (var user : users) {
            site.user(user);
            fill(user);
        }
        try (var started = new Servers(site, count, history)) {
            servers = started;
            try (var _ = new Load(history, letters, servers, READERS, CLIENTS)) {
                deeds.run();
            }
            for (var user : users) {
                readAll(user);
            }
            servers.noteLosses();
            var checker = new HistoryChecker(history.events(), LEASE);
            var violations = checker.violations();
            System.out.printf(
                    "%s, %d servers: %s, blocked=%d%n",
                    getClass().getSimpleName(), count, checker.counts(), blocked);
            assertEquals(List.of(), violations, servers::logs);
            assertTrue(checker.counts().takeovers() > 0, "nothing was taken over");
        }
    }

    /**
     * Stops some servers at every moment of a session, until all that they held is taken over.
     *
     * @param stay whether those who took it over are there yet when the servers go on
     */
    private void stopped(List<Integer> victims, boolean stay) throws Exception {
        var holders = new ArrayList<Holder>();
        var takers = new ArrayList<RecordedSession>();
        try {
            for (var victim : victims) {
                for (var moment : Moment.values()) {
                    holders.add(hold(moment, victims.indexOf(victim), victim));
                }
            }
            for (var holder : holders) {
                if (holder.moment == Moment.LOGIN) {
                    holder.session.sendPass(holder.server);
                } else if (holder.moment == Moment.QUIT_RUNS) {
                    holder.session.sendQuit();
                }
            }
            for (var victim : victims) {
                servers.stop(victim);
            }
            for (var holder : holders) {
                if (holder.moment == Moment.QUIT_WAITS) {
                    holder.session.sendQuit();
                }
            }
            takers.addAll(takeOver(holders, stay));
            for (var victim : victims) {
                servers.goOn(victim);
            }
            for (var holder : holders) {
                finish(holder);
            }
            for (var taker : takers) {
                assertTrue(
                        taker.quit(),
                        () -> "a session that holds its maildrop removes\n" + servers.logs());
            }
        } finally {
            for (var holder : holders) {
                holder.session.close();
            }
            for (var taker : takers) {
                taker.close();
            }
        }
    }

    private Holder hold(Moment moment, int index, int server) throws Exception {
        var user = moment.user(index);
        fill(user);
        if (moment == Moment.LOGIN) {
            var session = RecordedSession.connect(history, letters, servers.port(server), user);
            return new Holder(moment, user, server, session);
        }
        var session = login(server, user, SLACK).orElseThrow();
        session.retrieve(1);
        session.retrieve(2);
        if (moment != Moment.LISTED) {
            session.mark(1);
            session.mark(2);
        }
        return new Holder(moment, user, server, session);
    }

    /** Gets each maildrop on a server that runs, removes something, and gives those that stay. */
    private List<RecordedSession> takeOver(List<Holder> holders, boolean stay)
            throws InterruptedException {
        var all = new ArrayList<Future<Optional<RecordedSession>>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var holder : holders) {
                all.add(
                        threads.submit(() -> {
                            var taker =
                                    login(
                                            servers.running(),
                                            holder.user,
                                            holder.moment.mayBlock()
                                                    ? LEASE.multipliedBy(2)
                                                    : LEASE.plus(SLACK));
                            assertTrue(
                                    taker.isPresent() || holder.moment.mayBlock(),
                                    () -> holder + " is not taken over");
                            if (taker.isPresent() && taker.get().count() > 0) {
                                taker.get().retrieve(taker.get().count());
                                taker.get().mark(taker.get().count());
                            }
                            return taker;
                        }));
            }
        }
        var staying = new ArrayList<RecordedSession>();
        try {
            for (var one : all) {
                var taker = one.get();
                if (taker.isEmpty()) {
                    blocked++;
                } else if (stay) {
                    staying.add(taker.get());
                } else {
                    try (var session = taker.get()) {
                        assertTrue(session.quit(), "a session that holds its maildrop removes");
                    }
                }
            }
        } catch (ExecutionException | IOException e) {
            throw new AssertionError(servers.logs(), e);
        }
        return staying;
    }

    /** What a client does whose server went on after all that time. */
    private void finish(Holder holder) {
        var ok = false;
        try {
            switch (holder.moment) {
                case LOGIN -> {
                    if (holder.session.locked()) {
                        holder.session.quit();
                    }
                }
                case LISTED -> {
                    holder.session.mark(1);
                    ok = holder.session.quit();
                }
                case MARKED -> ok = holder.session.quit();
                case QUIT_WAITS -> ok = holder.session.answered();
                case QUIT_RUNS -> holder.session.answered();
            }
        } catch (IOException e) {
            // The server may close without a word to a client whose lock was lost.
        }
        assertFalse(ok, () -> holder + " heard +OK to QUIT after the takeover");
    }

    /** Kills a server that holds maildrops: they are free when its leases are over. */
    private void killed(int victim, boolean again) throws Exception {
        var holders = new ArrayList<Holder>();
        for (var moment : List.of(Moment.LISTED, Moment.MARKED, Moment.QUIT_WAITS)) {
            holders.add(hold(moment, 0, victim));
        }
        servers.kill(victim);
        for (var holder : holders) {
            try (var taker =
                            login(servers.running(), holder.user, LEASE.plus(SLACK)).orElseThrow();
                    var _ = holder.session) {
                assertTrue(taker.quit());
            }
        }
        if (again) {
            servers.startAgain(victim);
        }
    }

    /** Asks again and again while the maildrop is in use. */
    private Optional<RecordedSession> login(int server, String user, Duration patience)
            throws IOException {
        var end = System.nanoTime() + patience.toNanos();
        while (true) {
            var session = RecordedSession.login(history, letters, servers, server, user);
            if (session.isPresent() || System.nanoTime() - end > 0) {
                return session;
            }
            LockSupport.parkNanos(50_000_000);
        }
    }

    /** The last session of a maildrop. */
    private void readAll(String user) throws IOException {
        try (var session = login(servers.running(), user, LEASE.plus(SLACK)).orElseThrow()) {
            for (var message = 1; message <= session.count(); message++) {
                assertTrue(session.retrieve(message));
            }
            assertTrue(session.quit());
        }
    }
}
