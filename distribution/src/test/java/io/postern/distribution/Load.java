package io.postern.distribution;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Clients that come and go on all servers, and mail that arrives, until it is closed. */
final class Load implements AutoCloseable {
    /** Between two messages, milliseconds. */
    private static final int DELIVERY = 50;

    /** The longest pause of a client between two sessions, milliseconds. */
    private static final int PAUSE = 40;

    private final History history;
    private final Letters letters;
    private final Servers servers;
    private final List<String> users;
    private final CountDownLatch end = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Future<Void>> running = new ArrayList<>();

    Load(History history, Letters letters, Servers servers, List<String> users, int clients) {
        this.history = history;
        this.letters = letters;
        this.servers = servers;
        this.users = users;
        running.add(threads.submit(this::deliver));
        for (var client = 0; client < clients; client++) {
            running.add(threads.submit(this::comeAndGo));
        }
    }

    private Void deliver() throws Exception {
        var random = ThreadLocalRandom.current();
        while (!end.await(DELIVERY, TimeUnit.MILLISECONDS)) {
            letters.send(users.get(random.nextInt(users.size())), random);
        }
        return null;
    }

    private Void comeAndGo() throws InterruptedException {
        var random = ThreadLocalRandom.current();
        while (!end.await(random.nextInt(PAUSE), TimeUnit.MILLISECONDS)) {
            var user = users.get(random.nextInt(users.size()));
            try {
                var session =
                        RecordedSession.login(history, letters, servers, servers.running(), user);
                if (session.isPresent()) {
                    read(session.get());
                }
            } catch (IOException e) {
                // Its server was killed, or has lost the lock: the history tells what it may be.
            }
        }
        return null;
    }

    private static void read(RecordedSession session) throws IOException {
        var random = ThreadLocalRandom.current();
        try (session) {
            for (var message = 1; message <= session.count(); message++) {
                if (random.nextInt(3) == 0 && session.retrieve(message) && random.nextInt(2) == 0) {
                    session.mark(message);
                }
            }
            if (random.nextInt(5) > 0) {
                session.quit();
            }
        }
    }

    /** Waits for all that runs, and fails where a client did. */
    @Override
    public void close() {
        end.countDown();
        try {
            for (var one : running) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError("a client failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            threads.shutdownNow();
        }
    }
}
