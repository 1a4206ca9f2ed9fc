package io.postern.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.ToIntFunction;

/**
 * The server is killed at random moments, again and again, while clients read and remove mail from
 * a maildrop in each store and others deliver into it. The next server's clients, and a look at the
 * disk between the two, find every message that no QUIT named, whole and with its unique-id, none
 * of those whose removal was answered, and no lock.
 *
 * <p>{@code -Dpostern.kills=200} is for a change of a store, {@code -Dpostern.kills=2000} for the
 * long one; {@code -Dpostern.seed=...} takes an earlier run's seed: the same messages, marks and
 * moments, as far as time can be the same.
 */
class KillIT {
    private static final int KILLS = Integer.getInteger("postern.kills");
    private static final long SEED = Long.getLong("postern.seed");

    private static final List<String> USERS = List.of("anna", "bela");

    /** Messages in one maildrop at most. */
    private static final int MOST = 12;

    /** And where they come between two servers only. */
    private static final int MOST_BETWEEN = 40;

    /** From the start to a kill that may come before the server is ready, milliseconds. */
    private static final int START_MILLIS = 700;

    /** From readiness to the kill at most, milliseconds. */
    private static final int LOAD_MILLIS = 500;

    /** From a QUIT to a kill that is meant for it, at most, nanoseconds. */
    private static final int QUIT_NANOS = 4_000_000;

    @TempDir Path folder;

    private final Random random = new Random();
    private final Map<Depot, Map<String, Ledger>> ledgers = new LinkedHashMap<>();
    private final ReadWriteLock disk = new ReentrantReadWriteLock();
    private final AtomicBoolean over = new AtomicBoolean();
    private Site site;
    private Installation installation;
    private int beforeReady;
    private int unansweredQuits;
    private int interruptedRewrites;

    @Test
    void noKillLosesOrDamagesAMessage() throws Exception {
        var seed = SEED == 0 ? new SecureRandom().nextLong() : SEED;
        System.out.println("kill -9: seed " + seed);
        random.setSeed(seed);
        installation = Installation.unpack(Files.createDirectory(folder.resolve("installed")));
        site = new Site(folder);
        SqlServer.addDriver(installation);
        try (var postgresql = SqlServer.postgresql(folder.resolve("postgresql"));
                var mariadb = SqlServer.mariadb(folder.resolve("mariadb"));
                var inPostgresql = new SqlMail(installation, postgresql.url(), folder);
                var inMariadb = new SqlMail(installation, mariadb.url(), folder)) {
            kill(
                    seed,
                    List.of(
                            new Depot.Maildirs(folder.resolve("mail")),
                            new Depot.Mboxes(folder.resolve("mbox")),
                            new Depot.H2(installation, folder.resolve("h2")),
                            new Depot.Tables(postgresql, inPostgresql),
                            new Depot.Tables(mariadb, inMariadb)));
        }
        report();
    }

    private void kill(long seed, List<Depot> depots) throws Exception {
        var realms = new StringBuilder();
        for (var depot : depots) {
            realms.append(realm(depot, realms.isEmpty()));
        }
        site.realms(realms.toString());
        for (var user : USERS) {
            site.user(user);
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var deliverers = new ArrayList<Future<?>>();
            for (var depot : depots) {
                var maildrops = new LinkedHashMap<String, Ledger>();
                ledgers.put(depot, maildrops);
                for (var user : USERS) {
                    var ledger = new Ledger(depot.name() + " " + user);
                    maildrops.put(user, ledger);
                    depot.make(user);
                    var own = new Random(random.nextLong());
                    if (depot.besideServer()) {
                        deliverers.add(
                                threads.submit(() -> {
                                    deliver(depot, user, ledger, own);
                                    return null;
                                }));
                    }
                }
            }
            try {
                for (var kill = 1; kill <= KILLS; kill++) {
                    // Mostly the next server finds what the killed one left as it is.
                    if (kill == 1 || random.nextInt(3) == 0) {
                        fill();
                    }
                    live(kill, seed, threads);
                }
            } finally {
                over.set(true);
                all().forEach(Ledger::close);
            }
            for (var deliverer : deliverers) {
                deliverer.get(20, TimeUnit.SECONDS);
            }
        }
        end();
    }

    /** Delivers where mail can come only between two servers. */
    private void fill() throws Exception {
        for (var depot : ledgers.entrySet()) {
            if (depot.getKey().besideServer()) {
                continue;
            }
            try (var _ = depot.getKey().betweenServers()) {
                for (var maildrop : depot.getValue().entrySet()) {
                    var user = maildrop.getKey();
                    var ledger = maildrop.getValue();
                    while (ledger.there() < MOST_BETWEEN) {
                        var subject = depot.getKey().name() + " " + user + " " + ledger.delivered();
                        var message = message(subject, random);
                        ledger.arriving(onTheWire(message));
                        assertTrue(depot.getKey().deliver(user, message));
                        ledger.arrived(onTheWire(message));
                    }
                }
            }
        }
    }

    private String realm(Depot depot, boolean first) {
        return """
            <realm name="%1$s" default="%2$s" strip-domain="true">
              <domain>%1$s.example</domain>
              <directory plugin="xml-users"><file>%3$s</file></directory>
              %4$s
            </realm>
        """
                .formatted(depot.name(), first, site.users(), depot.store());
    }

    /** One life of the server, from its start to its end. */
    private void live(int kill, long seed, ExecutorService threads) throws Exception {
        var server = PackagedServer.launch(installation, site);
        try (server) {
            var clients = new ArrayList<Future<?>>();
            if (random.nextInt(10) == 0) {
                beforeReady++;
                assertTrue(server.survives(random.nextInt(START_MILLIS)), server::log);
                server.kill();
            } else {
                server.awaitReady();
                var life = new KillClient.Life(server.port());
                ledgers.forEach((depot, maildrops) ->
                        maildrops.forEach((user, ledger) ->
                                clients.add(threads.submit(client(life, depot, user, ledger)))));
                awaitMoment(server, life.quits());
                life.killed().set(true);
                server.kill();
                for (var client : clients) {
                    client.get(30, TimeUnit.SECONDS);
                }
                unansweredQuits += life.quits().get() > life.answers().get() ? 1 : 0;
            }
            look();
            var violations =
                    all().stream().flatMap(ledger -> ledger.violations().stream()).toList();
            assertEquals(
                    List.of(),
                    violations,
                    () -> "kill " + kill + ", seed " + seed + "\n" + server.log());
        }
        server.dropLog();
    }

    private KillClient client(KillClient.Life life, Depot depot, String user, Ledger ledger) {
        return new KillClient(
                life,
                user + "@" + depot.name() + ".example",
                site.password(user),
                ledger,
                new Random(random.nextLong()));
    }

    /** Until any time, or until shortly after some QUIT. */
    private void awaitMoment(PackagedServer server, AtomicInteger quits) throws Exception {
        if (random.nextBoolean()) {
            assertTrue(server.survives(random.nextInt(LOAD_MILLIS)), server::log);
            return;
        }
        var nth = 1 + random.nextInt(3 * ledgers.size() * USERS.size());
        var end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(4 * LOAD_MILLIS);
        while (quits.get() < nth && System.nanoTime() < end) {
            LockSupport.parkNanos(50_000);
        }
        LockSupport.parkNanos(random.nextInt(QUIT_NANOS));
        assertTrue(server.alive(), server::log);
    }

    /** Compares the disk, where nobody writes now, with what has to be there. */
    private void look() throws IOException {
        disk.writeLock().lock();
        try {
            for (var depot : ledgers.entrySet()) {
                for (var maildrop : depot.getValue().entrySet()) {
                    var ledger = maildrop.getValue();
                    var stored = depot.getKey().stored(maildrop.getKey());
                    if (stored.isEmpty()) {
                        interruptedRewrites++;
                    } else {
                        ledger.onDisk(stored.get().stream().map(KillIT::onTheWire).toList());
                    }
                }
            }
        } finally {
            disk.writeLock().unlock();
        }
    }

    /** A last server, whose clients read and remove all, and which is stopped as it should be. */
    private void end() throws Exception {
        try (var server = PackagedServer.launch(installation, site)) {
            server.awaitReady();
            var life = new KillClient.Life(server.port());
            for (var depot : ledgers.entrySet()) {
                for (var maildrop : depot.getValue().entrySet()) {
                    var ledger = maildrop.getValue();
                    client(life, depot.getKey(), maildrop.getKey(), ledger).removeAll();
                    assertEquals(List.of(), ledger.violations());
                }
            }
            server.terminate();
            assertEquals(0, server.ended(), server.log());
        }
        for (var depot : ledgers.keySet()) {
            for (var user : USERS) {
                assertEquals(List.of(), depot.stored(user).orElseThrow());
            }
            assertEquals(List.of(), depot.leftovers());
        }
    }

    private void report() {
        ledgers.forEach((depot, maildrops) ->
                System.out.printf(
                        "counted %d kills of %s: %d messages delivered; removals answered: %d; not"
                                + " answered and gone: %d; not answered and there: %d%n",
                        KILLS,
                        depot.name(),
                        sum(maildrops, Ledger::delivered),
                        sum(maildrops, Ledger::removed),
                        sum(maildrops, Ledger::wentUnanswered),
                        sum(maildrops, Ledger::cameBack)));
        System.out.printf(
                "kill -9: %d before the server was ready, %d with a QUIT unanswered, %d in the"
                        + " rewrite of an mbox; %d violations%n",
                beforeReady,
                unansweredQuits,
                interruptedRewrites,
                all().stream().mapToInt(ledger -> ledger.violations().size()).sum());
    }

    private static int sum(Map<String, Ledger> maildrops, ToIntFunction<Ledger> count) {
        return maildrops.values().stream().mapToInt(count).sum();
    }

    private List<Ledger> all() {
        return ledgers.values().stream().flatMap(maildrops -> maildrops.values().stream()).toList();
    }

    private void deliver(Depot depot, String user, Ledger ledger, Random own) throws Exception {
        for (var number = 1; ledger.awaitRoom(MOST); number++) {
            var message = message(depot.name() + " " + user + " " + number, own);
            ledger.arriving(onTheWire(message));
            for (var done = false; !done && !over.get(); ) {
                disk.readLock().lock();
                try {
                    done = depot.deliver(user, message);
                    if (done) {
                        ledger.arrived(onTheWire(message));
                    }
                } finally {
                    disk.readLock().unlock();
                }
                if (!done) {
                    LockSupport.parkNanos(1_000_000); // as long as another one has the lock
                }
            }
        }
    }

    /** Mostly a few lines, sometimes some hundred kilobytes; with all that has to be quoted. */
    private static String message(String subject, Random random) {
        var text = new StringBuilder("Subject: ").append(subject).append("\n\n");
        var lines =
                switch (random.nextInt(20)) {
                    case 0 -> 4000;
                    case 1, 2 -> 400;
                    default -> random.nextInt(40);
                };
        for (var line = 0; line < lines; line++) {
            switch (random.nextInt(12)) {
                case 0 -> text.append("From here");
                case 1 -> text.append(">From there");
                case 2 -> text.append('.');
                case 3 -> text.append("..");
                case 4 -> text.append("\u00ff\u0080 8 bit");
                case 5 -> {
                    // An empty line.
                }
                default -> text.append(random.nextLong()).append(" x".repeat(random.nextInt(30)));
            }
            text.append('\n');
        }
        return text.append("the end of ").append(subject).append('\n').toString();
    }

    private static String onTheWire(String stored) {
        return stored.replace("\n", "\r\n");
    }
}
