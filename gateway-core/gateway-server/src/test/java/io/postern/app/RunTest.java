package io.postern.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** {@code postern run}: the whole server in this JVM, started and stopped by its command. */
@Timeout(60)
class RunTest {
    @TempDir private Path home;
    private TestSite site;

    @BeforeEach
    void anInstallation() {
        site = new TestSite(home);
    }

    @Test
    void mailIsReadAndAStopEndsEverythingInReverseOrder() throws Exception {
        site.config(TestSite.good(0));
        var server = new Server(site);
        try {
            assertEquals("anybody+ words+", TestSite.life());
            try (var client = new Client(server.port())) {
                client.says("+OK");
                client.send("USER alice").says("+OK");
                client.send("PASS hunter2").says("+OK");
                client.send("STAT").says("+OK 1 22");
                client.send("RETR 1").says("+OK");
                client.says("Subject: one").says("").says("..dot").says(".");
                client.send("QUIT").says("+OK");
            }
        } finally {
            server.stop();
        }
        assertEquals(ExitCode.OK, server.code(), server.err());
        assertEquals("anybody+ words+ words- anybody-", TestSite.life());
        assertThrows(ConnectException.class, () -> new Client(server.port()).close());
        assertFalse(server.out().contains("hunter2"));
    }

    @Test
    void anInterruptThatIsNoStopHasAStatusOfItsOwn() throws Exception {
        var server = new Server(site.config(TestSite.good(0)));
        server.interrupt();
        assertEquals(ExitCode.ENDED_FROM_WITHIN, server.code());
        assertEquals("anybody+ words+ words- anybody-", TestSite.life());
    }

    @Test
    void aStopEndsASessionThatDidNotQuit() throws Exception {
        site.config(TestSite.good(0));
        var server = new Server(site);
        try (var client = new Client(server.port())) {
            client.says("+OK");
            client.send("USER alice").says("+OK");
            client.send("PASS hunter2").says("+OK");
            client.send("DELE 1").says("+OK");
            server.stop();
            assertEquals(ExitCode.OK, server.code());
            client.ended();
        } finally {
            server.stop();
        }
    }

    @Test
    void whatIsRemovedIsKeptAndWhatWasKeptLongEnoughGoesAtTheStart() throws Exception {
        var kept = home.resolve("kept/main/alice");
        Files.createDirectories(kept);
        var old =
                Files.writeString(
                        kept.resolve(
                                "1000-0123456789abcdef-1-0123456789abcdef0123456789abcdef.kept"),
                        "old");
        site.config(keeping());
        var server = new Server(site);
        try {
            await().atMost(Duration.ofSeconds(30)).until(() -> !Files.exists(old));
            try (var client = new Client(server.port())) {
                client.says("+OK");
                client.send("USER alice").says("+OK");
                client.send("PASS hunter2").says("+OK");
                client.send("DELE 1").says("+OK");
                client.send("QUIT").says("+OK");
            }
        } finally {
            server.stop();
        }
        assertEquals(ExitCode.OK, server.code(), server.err());
        try (var files = Files.list(kept)) {
            var text = Files.readString(files.findFirst().orElseThrow());
            assertTrue(text.startsWith("Postern-Kept: 1\nUser: alice\n"), text);
            assertTrue(text.endsWith("\n\nSubject: one\n\n.dot\n"), text);
        }
    }

    @Test
    void aServerThatCannotKeepDoesNotStart() throws Exception {
        Files.createFile(home.resolve("kept"));
        var ended = site.config(keeping()).run("run");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(
                ended.err()
                        .contains(": kept-deletions: " + home.resolve("kept/main") + " cannot be"),
                ended.err());
        assertEquals("", TestSite.life());
    }

    private static String keeping() {
        return TestSite.good(0)
                .replace("<store", "<kept-deletions folder=\"kept\" days=\"1\"/><store");
    }

    @Test
    void aPortInUseIsCode3AndSaidSo() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var ended = site.config(TestSite.good(taken.getLocalPort())).run("run");
            assertEquals(ExitCode.START, ended.code());
            assertTrue(ended.err().contains("127.0.0.1:" + taken.getLocalPort()), ended.err());
            assertTrue(ended.err().contains("in use"), ended.err());
            assertFalse(ended.out().contains("ready"));
        }
        assertEquals("anybody+ words+ words- anybody-", TestSite.life());
    }

    @Test
    void aBadConfigurationIsCode1AndStartsNothing() throws Exception {
        var ended = site.config("<gateway/>").run("run");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(ended.err().contains("gateway.xml:1: listeners: it is missing"), ended.err());
        assertEquals("", TestSite.life());
    }

    @Test
    void aSettingThatAPluginCannotUseIsToldWithItsLineAndWithoutItsSecret() throws Exception {
        var ended = trouble("setting");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertEquals(
                home.resolve("conf/gateway.xml")
                        + ":11: password: \"${file:UTF-8:secret}\" is too short. Be longer.",
                ended.err().lines().findFirst().orElse(""));
        assertEquals("anybody+ words+ words- anybody-", TestSite.life());
    }

    @Test
    void aPluginThatCannotWorkNowIsCode3() throws Exception {
        var ended = trouble("fault");
        assertEquals(ExitCode.START, ended.code());
        assertEquals(
                "postern: "
                        + home.resolve("conf/gateway.xml")
                        + ":11: directory: anybody cannot start: the server is away: nobody answers."
                        + " See that what it needs is there and can be used, then start again.\n",
                ended.err());
        assertEquals("anybody+ words+ words- anybody-", TestSite.life());
    }

    @Test
    void aPluginThatFailsWithADefectIsCode3() throws Exception {
        var ended = trouble("defect");
        assertEquals(ExitCode.START, ended.code());
        assertEquals(
                "postern: <directory plugin=\"anybody\"> cannot start, it has a defect:"
                        + " java.lang.IllegalStateException: it is broken\n",
                ended.err());
    }

    @Test
    void aPluginWhoseLibraryIsMissingIsExplained() throws Exception {
        var ended = trouble("link");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertTrue(
                ended.err().contains(":11: directory: ")
                        && ended.err().contains(" needs the class lib.Missing, which no jar"),
                ended.err());
    }

    private TestSite.Ended trouble(String how) throws IOException {
        return site.config(
                        TestSite.good(0)
                                .replace(
                                        "</password>", "</password><trouble>" + how + "</trouble>"))
                .run("run");
    }

    /** {@code postern run} on a thread of its own. */
    static final class Server {
        private static final Pattern PORT = Pattern.compile("listening on 127\\.0\\.0\\.1:(\\d+)");

        private final StringWriter out = new StringWriter();
        private final StringWriter err = new StringWriter();
        private final FutureTask<Integer> command;
        private final Thread thread;

        Server(TestSite site) {
            command =
                    new FutureTask<>(() ->
                            site.execute(
                                    new PrintWriter(out, true), new PrintWriter(err, true), "run"));
            thread = Thread.ofPlatform().start(command);
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> command.isDone() || out().contains("ready"));
            assertEquals("", err());
        }

        /** What a plugin does that interrupts every thread that it finds. */
        void interrupt() {
            thread.interrupt();
        }

        int port() {
            var port = PORT.matcher(out());
            assertTrue(port.find(), out());
            return Integer.parseInt(port.group(1));
        }

        /** What the JVM's shutdown does. */
        void stop() {
            Run.stop(thread);
        }

        int code() throws Exception {
            return command.get(30, TimeUnit.SECONDS);
        }

        String out() {
            return out.toString();
        }

        String err() {
            return err.toString();
        }
    }

    /** A client that knows what it should hear. */
    static final class Client implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;

        Client(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(20_000);
            in =
                    new BufferedReader(
                            new InputStreamReader(
                                    socket.getInputStream(), StandardCharsets.US_ASCII));
        }

        Client send(String line) throws IOException {
            socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
            return this;
        }

        Client says(String start) throws IOException {
            var line = in.readLine();
            assertTrue(
                    start.isEmpty() ? "".equals(line) : line != null && line.startsWith(start),
                    "wanted " + start + ", got " + line);
            return this;
        }

        /** Nothing comes any more but the end. */
        void ended() throws IOException {
            String line;
            while ((line = in.readLine()) != null) {
                assertFalse(line.startsWith("+OK"), line);
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
