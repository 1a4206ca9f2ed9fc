package io.postern.store.jdbc;

import io.postern.spi.PluginConfig;
import io.postern.spi.User;
import io.postern.spi.lock.FencingToken;
import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.CommitRequest;
import io.postern.spi.store.CommitResult;
import io.postern.spi.store.Maildrop;
import io.postern.spi.store.MaildropId;
import io.postern.spi.store.MessageRef;
import io.postern.spi.wire.MessageEncoder;

import java.io.ByteArrayInputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A server without a network: mail comes, is read and goes in a file of H2, from several threads.
 * It says on standard output what it does, so that the test that kills it knows what must be there.
 */
final class H2Soak {
    static final int USERS = 4;

    /** Beside the settings that the plugin gives itself. */
    private static final String SETTINGS = System.getProperty("postern.soak.url", "");

    /** Mail of one user from which on more is removed, and none comes, octets. */
    private static final long MUCH = 12 << 20;

    /** Not buffered: each line is one write, which is never torn. */
    private static final OutputStream OUT = new FileOutputStream(FileDescriptor.out);

    private static final long TOO_MUCH = 24 << 20;
    private static final int LARGEST = 4 << 20;

    /** Every body is a part of this. */
    private static final byte[] POOL = new byte[2 * LARGEST];

    static {
        new Random(1).nextBytes(POOL);
    }

    /** What is known of a message. */
    enum Place {
        /** Its delivery is not over. */
        COMING,
        THERE,
        /** Its removal is not over. */
        GOING,
        GONE
    }

    /** What is known of all messages, by unique-id. Safe for use by any number of threads. */
    static final class Ledger {
        private final Map<String, Place> places = new ConcurrentHashMap<>();

        /**
         * @param line as {@link H2Soak} says it: a place and a unique-id
         */
        void note(String line) {
            var words = line.split(" ", -1);
            note(Place.valueOf(words[0]), words[1]);
        }

        private void note(Place place, String id) {
            places.merge(
                    id,
                    place,
                    // A session may be faster to remove than the sender to hear of it.
                    (old, now) -> now == Place.THERE && old != Place.COMING ? old : now);
        }

        /** After an end that left things open: what is there stays, what is not is forgotten. */
        void settle(Set<String> there) {
            places.keySet().retainAll(there);
            places.replaceAll((_, _) -> Place.THERE);
        }

        Set<String> those(int user, Place place) {
            var ids = new HashSet<String>();
            places.forEach((id, now) -> {
                if (now == place && id.startsWith(user + ".")) {
                    ids.add(id);
                }
            });
            return ids;
        }

        Place of(String id) {
            return places.get(id);
        }

        long octets() {
            return places.keySet().stream().mapToLong(H2Soak::length).sum();
        }

        long octets(int user) {
            return those(user, Place.THERE).stream().mapToLong(H2Soak::length).sum();
        }
    }

    private final Path folder;
    private final Ledger ledger;
    private final String life = Ids.random();
    private final AtomicInteger numbers = new AtomicInteger();
    private final JdbcStore store = new JdbcStore();
    private final JdbcLocks locks = new JdbcLocks();
    private volatile boolean over;

    H2Soak(Path folder, Ledger ledger) {
        this.folder = folder;
        this.ledger = ledger;
    }

    /**
     * @param arguments the file's folder, and for how long as a duration
     */
    public static void main(String[] arguments) throws Exception {
        var soak = new H2Soak(Path.of(arguments[0]), new Ledger());
        soak.open();
        soak.work(Duration.parse(arguments[1]));
        soak.close();
    }

    void open() throws Exception {
        store.begin(database());
        locks.begin(database(), Duration.ofSeconds(30));
    }

    void close() {
        locks.close();
        store.close();
    }

    private Database database() throws Exception {
        return Database.open(
                new PluginConfig(
                        store.settings(),
                        Map.of(
                                "url",
                                List.of("jdbc:h2:file:" + folder.resolve("mail") + SETTINGS),
                                "pool-size",
                                List.of("20")),
                        folder,
                        folder),
                Duration.ofSeconds(30));
    }

    private void work(Duration time) throws Exception {
        for (var user = 0; user < USERS; user++) {
            for (var id : listed(user).values()) {
                ledger.note(Place.THERE, id);
            }
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var workers = new ExecutorCompletionService<Void>(threads);
            var running = new ArrayList<Future<Void>>();
            for (var user = 0; user < USERS; user++) {
                var one = user;
                running.add(workers.submit(() -> deliveries(one)));
                running.add(workers.submit(() -> deliveries(one)));
                running.add(workers.submit(() -> sessions(one)));
            }
            try {
                var until = System.nanoTime() + time.toNanos();
                do {
                    store.collect(Duration.ofMillis(200));
                    // One that ends before it is told to has failed.
                } while (workers.poll(300, TimeUnit.MILLISECONDS) == null
                        && System.nanoTime() < until);
            } finally {
                end();
            }
            for (var one : running) {
                one.get();
            }
        }
    }

    private Void deliveries(int user) throws Exception {
        var random = ThreadLocalRandom.current();
        while (!over) {
            var length =
                    switch (random.nextInt(10)) {
                        case 0 -> random.nextInt(LARGEST);
                        case 1, 2 -> random.nextInt(300_000);
                        default -> random.nextInt(20_000);
                    };
            // A body is where its unique-id says.
            var id =
                    String.join(
                            ".",
                            Integer.toString(user),
                            life,
                            Integer.toString(numbers.incrementAndGet()),
                            Integer.toString(random.nextInt(LARGEST)),
                            Integer.toString(length));
            say(Place.COMING, id);
            store.deliver(user(user), new ByteArrayInputStream(body(id)), Optional.of(id));
            say(Place.THERE, id);
            awaitRoom(user);
        }
        return null;
    }

    private Void sessions(int user) throws Exception {
        var owner = new LockOwner("node", "session", "user" + user);
        while (!over) {
            // Of this life, since the lock of one that was killed is not free at once.
            var id = new MaildropId(life + user);
            if (!(locks.tryAcquire(id, owner, Duration.ZERO)
                    instanceof Acquisition.Acquired(var lease))) {
                throw new IllegalStateException("nobody else can have the lock");
            }
            var surely = ledger.those(user, Place.THERE);
            try (lease;
                    var drop = store.open(store.locate(user(user)), lease.token())) {
                var listed = compare(drop, surely);
                for (var number : listed.keySet()) {
                    if (ThreadLocalRandom.current().nextInt(4) == 0) {
                        read(drop, number);
                    }
                }
                remove(drop, listed, lease.token(), ledger.octets(user) > MUCH ? 2 : 8);
            }
        }
        return null;
    }

    /** Everything there is, to the octet. */
    Set<String> check() throws Exception {
        var all = new HashSet<String>();
        for (var user = 0; user < USERS; user++) {
            try (var drop = store.open(store.locate(user(user)), newest())) {
                var listed = compare(drop, ledger.those(user, Place.THERE));
                for (var number : listed.keySet()) {
                    read(drop, number);
                }
                all.addAll(listed.values());
            }
        }
        return all;
    }

    private Map<Integer, String> listed(int user) throws Exception {
        try (var drop = store.open(store.locate(user(user)), newest())) {
            return listed(drop);
        }
    }

    private static Map<Integer, String> listed(Maildrop drop) {
        var ids = new TreeMap<Integer, String>();
        for (var number = 1; number <= drop.listing().count(); number++) {
            ids.put(number, drop.listing().uniqueId(number));
        }
        return ids;
    }

    /**
     * @param surely what must be there
     */
    private Map<Integer, String> compare(Maildrop drop, Set<String> surely) {
        var listed = listed(drop);
        for (var id : listed.values()) {
            var place = ledger.of(id);
            if (place == null || place == Place.GONE) {
                throw new IllegalStateException(id + " is listed and " + place);
            }
        }
        surely.removeAll(listed.values());
        if (!surely.isEmpty()) {
            throw new IllegalStateException("not listed: " + surely);
        }
        return listed;
    }

    private static void read(Maildrop drop, int number) throws Exception {
        var id = drop.listing().uniqueId(number);
        var right = body(id);
        byte[] stored;
        try (var in = drop.content(number)) {
            stored = in.readAllBytes();
        }
        if (!Arrays.equals(right, stored)) {
            throw new IllegalStateException(id + " is damaged");
        }
        var octets = MessageEncoder.measure(new ByteArrayInputStream(right));
        if (octets != drop.listing().octets(number)) {
            throw new IllegalStateException(id + " is listed with another size");
        }
    }

    /** Removes one of so many. */
    private void remove(Maildrop drop, Map<Integer, String> listed, FencingToken token, int share)
            throws Exception {
        var marked = new ArrayList<MessageRef>();
        listed.forEach((number, id) -> {
            if (ThreadLocalRandom.current().nextInt(share) == 0) {
                marked.add(new MessageRef(number, id));
            }
        });
        for (var ref : marked) {
            say(Place.GOING, ref.uniqueId());
        }
        var result =
                drop.commit(
                        new CommitRequest(
                                UUID.randomUUID(),
                                token,
                                marked,
                                List.of(),
                                Duration.ofSeconds(60)));
        if (!result.equals(CommitResult.ok(marked.size(), 0))) {
            throw new IllegalStateException(result.toString());
        }
        for (var ref : marked) {
            say(Place.GONE, ref.uniqueId());
        }
    }

    private static User user(int number) {
        return new User("user" + number);
    }

    /** No lower than those of the locks until now. */
    private static FencingToken newest() {
        return new FencingToken(System.currentTimeMillis(), 1);
    }

    private static byte[] body(String id) {
        var start = Integer.parseInt(id.split("\\.", -1)[3]);
        return Arrays.copyOfRange(POOL, start, start + length(id));
    }

    private static int length(String id) {
        return Integer.parseInt(id.substring(id.lastIndexOf('.') + 1));
    }

    private synchronized void awaitRoom(int user) throws InterruptedException {
        while (!over && ledger.octets(user) > TOO_MUCH) {
            wait();
        }
    }

    private synchronized void end() {
        over = true;
        notifyAll();
    }

    /** Both in one step, so that whoever reads sees the order that holds here. */
    private synchronized void say(Place place, String id) throws IOException {
        ledger.note(place, id);
        if (place == Place.GONE) {
            notifyAll();
        }
        OUT.write((place + " " + id + "\n").getBytes(StandardCharsets.US_ASCII));
    }
}
