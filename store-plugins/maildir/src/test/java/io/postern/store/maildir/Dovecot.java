package io.postern.store.maildir;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real Dovecot on loopback with a configuration of its own, as it comes with the Debian packages
 * dovecot-pop3d and dovecot-imapd. Run by root, it gives the mail to the user {@code mail}; run by
 * anybody else, it runs as that user.
 */
final class Dovecot implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Path home;
    private final int port;
    private final int imapPort;
    private final boolean root;
    private final Process process;

    /**
     * @param home a folder for its files; a user's Maildir is {@code mail/<user>} in it
     */
    Dovecot(Path home, String uidlFormat) throws Exception {
        this(home, uidlFormat, "");
    }

    /**
     * @param more lines of configuration
     */
    Dovecot(Path home, String uidlFormat, String more) throws Exception {
        this.home = home;
        this.root = System.getProperty("user.name").equals("root");
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var another = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
            imapPort = another.getLocalPort();
        }
        for (var above = home; above != null && root; above = above.getParent()) {
            run(List.of("chmod", "a+x", above.toString())); // its processes give root up
        }
        var user = root ? "mail" : System.getProperty("user.name");
        Files.writeString(
                home.resolve("dovecot.conf"),
                """
                base_dir = %1$s/run
                state_dir = %1$s/state
                log_path = %1$s/dovecot.log
                protocols = pop3 imap
                listen = 127.0.0.1
                ssl = no
                disable_plaintext_auth = no
                first_valid_uid = 1
                mail_location = maildir:%1$s/mail/%%u
                mail_privileged_group =
                pop3_uidl_format = %2$s
                passdb {
                  driver = static
                  args = password=secret
                }
                userdb {
                  driver = static
                  args = uid=%3$s gid=%3$s home=%1$s/mail/%%u allow_all_users=yes
                }
                service pop3-login {
                  chroot =
                  inet_listener pop3 {
                    port = %4$d
                  }
                  inet_listener pop3s {
                    port = 0
                  }
                }
                service imap-login {
                  chroot =
                  inet_listener imap {
                    port = %6$d
                  }
                  inet_listener imaps {
                    port = 0
                  }
                }
                service anvil {
                  chroot =
                }
                %5$s
                %7$s
                """
                        .formatted(
                                home,
                                uidlFormat,
                                user,
                                port,
                                root
                                        ? ""
                                        : "default_internal_user = "
                                                + user
                                                + "\ndefault_login_user = "
                                                + user,
                                imapPort,
                                more));
        own();
        process =
                new ProcessBuilder("dovecot", "-F", "-c", home.resolve("dovecot.conf").toString())
                        .redirectErrorStream(true)
                        .redirectOutput(home.resolve("dovecot.out").toFile())
                        .start();
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> {
                    try (var session = new Session(port);
                            var imap = new Session(imapPort)) {
                        session.reply();
                        imap.untagged("* OK");
                        return true;
                    }
                });
    }

    Path maildir(String user) {
        return home.resolve("mail").resolve(user);
    }

    /** Gives the mail to the user as whom Dovecot reads it. */
    void own() throws Exception {
        if (root && Files.exists(home.resolve("mail"))) {
            run(List.of("chown", "-R", "mail:mail", home.resolve("mail").toString()));
        }
    }

    /** Delivers by Dovecot's own delivery agent. */
    void deliver(String user, String message) throws Exception {
        var file = Files.writeString(home.resolve("message"), message);
        var delivery =
                new ProcessBuilder(
                                "/usr/lib/dovecot/dovecot-lda",
                                "-c",
                                home.resolve("dovecot.conf").toString(),
                                "-d",
                                user)
                        .redirectInput(file.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(home.resolve("lda.out").toFile())
                        .start();
        assertTrue(delivery.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        assertEquals(0, delivery.exitValue(), Files.readString(home.resolve("lda.out")));
    }

    /** Runs {@code doveadm}, for example to change flags. */
    String admin(String... command) throws Exception {
        return run(
                Stream.concat(
                                Stream.of("doveadm", "-c", home.resolve("dovecot.conf").toString()),
                                Arrays.stream(command))
                        .toList());
    }

    /** What its POP3 server shows: the content by unique-id. */
    Map<String, String> pop3(String user) throws IOException {
        try (var session = new Session(port)) {
            session.reply();
            session.ask("USER " + user);
            session.ask("PASS secret");
            session.ask("UIDL");
            var ids = session.lines();
            var all = new LinkedHashMap<String, String>();
            for (var line : ids) {
                session.ask("RETR " + line.split(" ", -1)[0]);
                all.put(line.split(" ", -1)[1], String.join("\n", session.lines()) + "\n");
            }
            session.ask("QUIT");
            return all;
        }
    }

    /** One session of its IMAP server in a user's INBOX: each command is to be answered OK. */
    void imap(String user, String... commands) throws IOException {
        try (var session = new Session(imapPort)) {
            session.untagged("* OK");
            session.tagged("LOGIN " + user + " secret");
            session.tagged("SELECT INBOX");
            for (var command : commands) {
                session.tagged(command);
            }
            session.tagged("LOGOUT");
        }
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }

    private String run(List<String> command) throws Exception {
        var output = home.resolve("command.out");
        var running =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        assertTrue(running.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), command::toString);
        var text = Files.readString(output, StandardCharsets.ISO_8859_1);
        assertEquals(0, running.exitValue(), () -> command + ": " + text);
        return text;
    }

    private static final class Session implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;

        Session(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout((int) PATIENCE.toMillis());
            in =
                    new BufferedReader(
                            new InputStreamReader(
                                    socket.getInputStream(), StandardCharsets.ISO_8859_1));
        }

        void reply() throws IOException {
            var line = in.readLine();
            assertTrue(line != null && line.startsWith("+OK"), () -> "Dovecot says " + line);
        }

        void untagged(String start) throws IOException {
            var line = in.readLine();
            assertTrue(line != null && line.startsWith(start), () -> "Dovecot says " + line);
        }

        /** An IMAP command; what comes before its answer is nobody's business here. */
        void tagged(String command) throws IOException {
            socket.getOutputStream()
                    .write(("a " + command + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            var line = in.readLine();
            while (line != null && !line.startsWith("a ")) {
                line = in.readLine();
            }
            var answer = line;
            assertTrue(answer != null && answer.startsWith("a OK"), () -> command + ": " + answer);
        }

        void ask(String command) throws IOException {
            socket.getOutputStream()
                    .write((command + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            reply();
        }

        List<String> lines() throws IOException {
            var lines = new ArrayList<String>();
            for (var line = in.readLine(); !line.equals("."); line = in.readLine()) {
                lines.add(line.startsWith(".") ? line.substring(1) : line);
            }
            return lines;
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
