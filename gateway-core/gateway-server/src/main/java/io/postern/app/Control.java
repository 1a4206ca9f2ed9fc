package io.postern.app;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The door through which commands reach a running server: a Unix domain socket in a folder that is
 * open to the server's own user only. One line is asked, some lines are the answer, and the last of
 * them is the exit code. No network leads here.
 */
final class Control implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Control.class);

    /** Longest question, octets. */
    private static final int LONGEST = 64;

    private final Path socket;
    private final ServerSocketChannel channel;

    private Control(Path socket, ServerSocketChannel channel) {
        this.socket = socket;
        this.channel = channel;
    }

    /**
     * Opens the door of this process.
     *
     * @param folder which all servers of the installation share; made where it is missing
     * @param answers to a question; called by threads of the door's own, may block
     */
    static Control open(Path folder, Function<String, Reply> answers) throws IOException {
        var owner =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(folder.getParent());
        Files.createDirectories(folder, owner);
        for (var old : sockets(folder)) {
            if (!answered(old)) {
                Files.deleteIfExists(old);
            }
        }
        var socket = folder.resolve(Long.toString(ProcessHandle.current().pid()));
        var channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(socket));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        var control = new Control(socket, channel);
        thread(() -> control.accept(answers));
        return control;
    }

    /** The doors that are there; some may lead nowhere. */
    static List<Path> sockets(Path folder) throws IOException {
        var all = new ArrayList<Path>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "[0-9]*")) {
            files.forEach(all::add);
        } catch (NoSuchFileException e) {
            log.trace("no server has run yet", e);
        }
        all.sort(null);
        return all;
    }

    /**
     * Asks a server.
     *
     * @throws ConnectException if nobody is behind the door any more
     */
    static Reply ask(Path socket, String question) throws IOException {
        try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            write(channel, question + "\n");
            var lines =
                    new ArrayList<>(
                            new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))
                                    .lines()
                                    .toList());
            if (lines.isEmpty() || !lines.getLast().matches("[0-9]{1,3}")) {
                throw new IOException("the server has stopped before it answered");
            }
            var code = Integer.parseInt(lines.removeLast());
            return new Reply(code, lines);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            log.warn("{} stays behind", socket, e);
        }
    }

    /** Whether a server is behind the door. */
    static boolean answered(Path socket) {
        try (var _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return true;
        } catch (IOException e) {
            log.trace("{} leads nowhere", socket, e);
            return false;
        }
    }

    private void accept(Function<String, Reply> answers) {
        while (true) {
            try {
                var client = channel.accept();
                thread(() -> serve(client, answers));
            } catch (ClosedChannelException e) {
                return; // the stop
            } catch (IOException e) {
                log.warn("{} takes no more commands", socket, e);
                return;
            }
        }
    }

    /** A platform thread: whatever becomes of virtual ones, the door can be knocked at. */
    private static void thread(Runnable task) {
        Thread.ofPlatform().daemon().name("control").start(task);
    }

    private static void serve(SocketChannel client, Function<String, Reply> answers) {
        try (client) {
            var question = line(client);
            if (!question.isEmpty()) {
                var reply = answers.apply(question);
                write(client, String.join("\n", reply.lines()) + "\n" + reply.code() + "\n");
            }
        } catch (IOException e) {
            log.debug("a command has gone away", e);
        }
    }

    /** A line of ASCII, without its end; empty where none comes. */
    private static String line(SocketChannel client) throws IOException {
        var octets = ByteBuffer.allocate(LONGEST);
        while (octets.hasRemaining() && client.read(octets) >= 0) {
            var text = StandardCharsets.US_ASCII.decode(octets.duplicate().flip()).toString();
            if (text.endsWith("\n")) {
                return text.strip();
            }
        }
        return "";
    }

    private static void write(SocketChannel channel, String text) throws IOException {
        var octets = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (octets.hasRemaining()) {
            channel.write(octets);
        }
    }
}
