package io.postern.lock.file;

import io.postern.spi.lock.LockCoordinator.Acquisition;
import io.postern.spi.lock.LockOwner;
import io.postern.spi.store.MaildropId;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Another process with a {@link FileLocks}. It takes the lock of one maildrop, says its token, and
 * then answers each line it reads: with how long its lease remains, milliseconds, and how it was
 * lost. It ends with its input.
 */
final class OtherServer implements AutoCloseable {
    static final MaildropId ALICE = new MaildropId("processes:alice");

    private final Process process;
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    OtherServer(Path folder) throws IOException {
        process =
                new ProcessBuilder(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin", "java")
                                                .toString(),
                                        "-XX:+UseSerialGC",
                                        "-Xmx64m",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        OtherServer.class.getName(),
                                        folder.toString()))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        Thread.ofVirtual().start(this::listen);
    }

    private void listen() {
        try (var lines = process.inputReader(StandardCharsets.US_ASCII)) {
            for (String line; (line = lines.readLine()) != null; ) {
                said.add(line);
            }
        } catch (IOException e) {
            said.add("ended: " + e);
        }
    }

    /** The next line it says. */
    String hear() throws InterruptedException {
        var line = said.poll(60, TimeUnit.SECONDS);
        if (line == null) {
            throw new AssertionError("the other server says nothing");
        }
        return line;
    }

    /** What is left of its lease, and how it was lost. */
    String ask() throws Exception {
        var out = process.outputWriter(StandardCharsets.US_ASCII);
        out.write("?\n");
        out.flush();
        return hear();
    }

    long pid() {
        return process.pid();
    }

    /** As {@code kill -9} does. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    void signal(String name) throws Exception {
        var kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).inheritIO().start();
        if (kill.waitFor() != 0) {
            throw new AssertionError("cannot send " + name);
        }
    }

    @Override
    public void close() {
        kill();
    }

    /** The other process itself. */
    public static void main(String[] args) throws Exception {
        var locks = FileFixture.started(Path.of(args[0]));
        var owner = new LockOwner("other", "session", "alice");
        var out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
        if (!(locks.tryAcquire(ALICE, owner, Duration.ofSeconds(10))
                instanceof Acquisition.Acquired(var lease))) {
            out.println("not acquired");
            return;
        }
        var losses = new LinkedBlockingQueue<String>();
        lease.onLost(loss -> losses.add(loss.name()));
        out.println(lease.token().generation() + " " + lease.token().counter());
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        while (in.readLine() != null) {
            out.println(lease.remaining().toMillis() + " " + losses);
        }
    }
}
