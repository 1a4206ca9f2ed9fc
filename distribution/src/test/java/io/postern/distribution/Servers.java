package io.postern.distribution;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Several server processes on one configuration, which are stopped, let go on and killed by one
 * thread, while any number of threads are their clients.
 */
final class Servers implements AutoCloseable {
    private static final Pattern LOST =
            Pattern.compile("lock of \\S*/(\\w+) lost: (?:EXPIRED|UNREACHABLE)");

    private final Site site;
    private final Path config;
    private final History history;
    private final List<PackagedServer> servers = new CopyOnWriteArrayList<>();

    /** Every process that there was, with its number, for its log. */
    private final List<Started> started = new ArrayList<>();

    /** Those that do nothing now. */
    private final Set<Integer> stopped = ConcurrentHashMap.newKeySet();

    private record Started(int number, PackagedServer server) {}

    Servers(Site site, int count, History history) throws IOException, InterruptedException {
        this.site = site;
        this.history = history;
        config = site.write();
        try {
            for (var number = 0; number < count; number++) {
                servers.add(start(number));
            }
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private PackagedServer start(int number) throws IOException, InterruptedException {
        var server = PackagedServer.start(Installation.shared(), site, config);
        started.add(new Started(number, server));
        return server;
    }

    int count() {
        return servers.size();
    }

    /** Any of those that run. */
    int running() {
        var able = IntStream.range(0, count()).filter(one -> !stopped.contains(one)).toArray();
        return able[ThreadLocalRandom.current().nextInt(able.length)];
    }

    int port(int number) {
        return servers.get(number).port();
    }

    void stop(int number) throws InterruptedException {
        servers.get(number).stop();
        stopped.add(number);
        history.add(new History.Stopped(System.nanoTime(), number));
    }

    void goOn(int number) throws InterruptedException {
        history.add(new History.Continued(System.nanoTime(), number));
        servers.get(number).goOn();
        stopped.remove(number);
    }

    void kill(int number) throws InterruptedException {
        stopped.add(number);
        history.add(new History.Killed(System.nanoTime(), number));
        servers.get(number).kill();
    }

    /** Starts another one in the place of one that was killed. */
    void startAgain(int number) throws IOException, InterruptedException {
        servers.set(number, start(number));
        stopped.remove(number);
    }

    /** Writes down which leases the servers say they lost by time. */
    void noteLosses() {
        for (var one : started) {
            var lost = LOST.matcher(one.server.log());
            while (lost.find()) {
                history.add(new History.SaidLost(System.nanoTime(), one.number, lost.group(1)));
            }
        }
    }

    /** Their logs, for people who look for the cause of a failure. */
    String logs() {
        var logs = new StringBuilder();
        for (var one : started) {
            logs.append("--- server ").append(one.number).append('\n').append(one.server.log());
        }
        return logs.toString();
    }

    /** Ends all of them, those that are stopped, too. */
    @Override
    public void close() {
        try {
            for (var one : started) {
                if (one.server.alive()) {
                    one.server.goOn();
                    one.server.terminate();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        started.forEach(one -> one.server.close());
    }
}
