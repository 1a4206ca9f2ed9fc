package io.postern.distribution;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The server of the unpacked tarball, as a process of its own, started by {@code bin/postern}. */
final class PackagedServer implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);
    private static final Duration STOP = Duration.ofSeconds(20);
    private static final Pattern LISTENS = Pattern.compile("listening on 127\\.0\\.0\\.1:(\\d+)");

    private final Process process;
    private final Path log;
    private final Site site;
    private final Path certificate;
    private List<Integer> ports = List.of();

    private PackagedServer(Installation installation, Process process, Path log, Site site) {
        this.certificate = installation.home().resolve("state/tls/certificate.pem");
        this.process = process;
        this.log = log;
        this.site = site;
    }

    static PackagedServer start(Site site) throws IOException, InterruptedException {
        return start(Installation.shared(), site);
    }

    static PackagedServer start(Installation installation, Site site) throws IOException {
        var server = launch(installation, site);
        server.awaitReady();
        return server;
    }

    /** One more on the configuration of another, which is left as it is. */
    static PackagedServer start(Installation installation, Site site, Path config)
            throws IOException {
        var server = launch(installation, site, config);
        server.awaitReady();
        return server;
    }

    /**
     * Starts it and does not wait.
     *
     * @param prefix a program that starts the launcher, with its arguments
     */
    static PackagedServer launch(Installation installation, Site site, String... prefix)
            throws IOException {
        return launch(installation, site, site.write(), prefix);
    }

    private static PackagedServer launch(
            Installation installation, Site site, Path config, String... prefix)
            throws IOException {
        var log = Files.createTempFile(config.getParent(), "server", ".log");
        var command = new ArrayList<>(List.of(prefix));
        command.addAll(
                List.of(installation.launcher().toString(), "run", "--config", config.toString()));
        var process =
                new ProcessBuilder(command)
                        .directory(config.getParent().toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        return new PackagedServer(installation, process, log, site);
    }

    /** Waits until clients may come; where that fails, the process is ended. */
    void awaitReady() {
        try {
            await("the server is ready")
                    .atMost(START)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> {
                        if (!process.isAlive()) {
                            throw new AssertionError("the server did not start:\n" + log());
                        }
                        return log().contains("ready");
                    });
        } catch (Throwable e) {
            process.destroyForcibly();
            throw e;
        }
        ports =
                LISTENS.matcher(log())
                        .results()
                        .map(listens -> Integer.valueOf(listens.group(1)))
                        .toList();
    }

    /** Of the listener that the site has added. */
    int addedPort() {
        return ports.getLast();
    }

    /** Where passwords may travel in the clear. */
    int port() {
        return ports.getFirst();
    }

    /** Where clients come in this way, in the order of the site's listeners. */
    int port(Security security) {
        return ports.get(List.of(Security.values()).indexOf(security));
    }

    /** Of a listener by its place in the configuration, from 0. */
    int port(int place) {
        return ports.get(place);
    }

    /** Where the listener is that the site has after the three usual ones. */
    int extraPort() {
        return ports.getLast();
    }

    /** What it shows to clients with TLS. */
    Path certificate() {
        return certificate;
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Logs a user of the site in. */
    Pop3 login(String user) throws IOException {
        return Pop3.login(port(), user, site.password(user));
    }

    /** Asks the server to end, as a service manager does; the launcher became the server. */
    void terminate() {
        process.destroy();
    }

    /** Stops it as a debugger does, and returns when none of its threads runs any more. */
    void stop() throws InterruptedException {
        signal("STOP");
        var threads = Path.of("/proc", Long.toString(process.pid()), "task");
        await("the server stands still")
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .until(() -> {
                    try (var tasks = Files.newDirectoryStream(threads)) {
                        for (var task : tasks) {
                            var stat = Files.readString(task.resolve("stat"));
                            if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
                                return false;
                            }
                        }
                        return true;
                    }
                });
    }

    /** Lets it go on after {@link #stop}. */
    void goOn() throws InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws InterruptedException {
        Program.of("kill", "-" + name, Long.toString(process.pid())).run().well();
    }

    /** Ends it at once, as a crash does. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        ended();
    }

    /** Waits for its end and gives its exit status. */
    int ended() throws InterruptedException {
        if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the server does not end:\n" + log());
        }
        return process.exitValue();
    }

    /** Waits that long; false if it ended meanwhile. */
    boolean survives(long millis) throws InterruptedException {
        return !process.waitFor(millis, TimeUnit.MILLISECONDS);
    }

    /** Throws the log of a server that has ended away, once it was searched for passwords. */
    void dropLog() throws IOException {
        Secrets.search(log());
        Files.delete(log);
    }

    boolean alive() {
        return process.isAlive();
    }

    /** Ends it, and fails the test if a password got into the log. */
    @Override
    public void close() {
        process.destroy();
        try {
            ended();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        if (Files.exists(log)) {
            Secrets.search(log());
        }
    }
}
