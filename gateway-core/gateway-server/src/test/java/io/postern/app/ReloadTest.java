package io.postern.app;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.postern.plugin.TestJar;
import io.postern.spi.auth.AuthPolicy;
import io.postern.spi.auth.UserDirectory;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** {@code postern plugins reload} and {@code health}, against a server in this JVM. */
@Timeout(120)
class ReloadTest {
    private static final int CLIENTS = 4;

    @TempDir private Path home;
    private TestSite site;
    private RunTest.Server server;

    @BeforeEach
    void aServer() throws Exception {
        System.getProperties().put("postern.test.loaders", new ConcurrentHashMap<>());
        site = new TestSite(home);
        marked("one").write(jar());
        site.config(TestSite.good(0));
        server = new RunTest.Server(site);
    }

    @AfterEach
    void itsEnd() throws Exception {
        server.stop();
        assertEquals(ExitCode.OK, server.code(), server.err());
        System.getProperties().remove("postern.test.loaders");
        try (var sockets = Files.list(home.resolve("state/run"))) {
            assertEquals(List.of(), sockets.toList());
        }
    }

    @Test
    void newLoginsUseTheNewPluginAndNothingOfTheOldOneIsLeft() throws Exception {
        login();
        assertEquals("one", System.getProperty("postern.test.version"));
        var stop = new AtomicBoolean();
        var logins = new AtomicInteger();
        var failures = new ArrayList<Future<?>>();
        try (var clients = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var client = 0; client < CLIENTS; client++) {
                failures.add(
                        clients.submit(() -> {
                            while (!stop.get()) {
                                login();
                                logins.incrementAndGet();
                            }
                            return null;
                        }));
            }
            try {
                for (var version = 1; version <= 5; version++) {
                    marked("two." + version).write(jar());
                    var ended = site.run("plugins", "reload");
                    assertEquals("reloaded:\n  replaced  directories\n", ended.out(), ended.err());
                    assertEquals(ExitCode.OK, ended.code());
                    var so = logins.get();
                    await().atMost(Duration.ofSeconds(30)).until(() -> logins.get() > so + CLIENTS);
                    assertEquals("two." + version, System.getProperty("postern.test.version"));
                }
            } finally {
                stop.set(true);
            }
            for (var client : failures) {
                client.get(); // no login has failed
            }
        }
        await().atMost(Duration.ofSeconds(60))
                .until(() -> {
                    System.gc();
                    return loaders().entrySet().stream()
                            .filter(it -> !it.getKey().equals("two.5"))
                            .allMatch(it -> it.getValue().get() == null);
                });
        assertEquals(6, loaders().size());
        assertTrue(loaders().get("two.5").get() != null);
    }

    /** What a reload leaves out, and the words for it. */
    private static Stream<Arguments> leftOut() {
        return Stream.of(
                Arguments.of(
                        "<drain>PT5S</drain>",
                        "<drain>PT5S</drain><idle-timeout>PT20M</idle-timeout>",
                        "5: idle-timeout: it is PT20M, and the server goes on with PT10M. It holds"),
                Arguments.of(
                        "<drain>PT5S</drain>",
                        "<drain>PT5S</drain>\n<logins>7</logins>",
                        "6: logins: it is 7, and the server goes on with 64. It holds after a"),
                Arguments.of(
                        "<drain>PT5S</drain>",
                        "<trusted-networks>::1</trusted-networks>",
                        "5: trusted-networks: it is 0:0:0:0:0:0:0:1/128, and the server goes on"),
                Arguments.of(
                        "port=\"0\"",
                        "port=\"1\"",
                        "3: listener: it is new, or has changed, and the server does not"),
                Arguments.of(
                        "port=\"0\"",
                        "port=\"1\"",
                        "2: listener: 127.0.0.1 port 0 is not here any more as it was, and is still"),
                Arguments.of(
                        "</listeners>",
                        "<listener address=\"::1\" port=\"1\" allow-plaintext=\"true\"/></listeners>",
                        "4: listener: it is new, or has changed"),
                Arguments.of(
                        "allow-plaintext=\"true\"/>",
                        "allow-plaintext=\"true\"><limits><logins>3</logins></limits></listener>",
                        "3: listener: it is new, or has changed"),
                Arguments.of(
                        "<listeners>",
                        "<server name=\"mail.example\"/><listeners>",
                        "2: server: the server's name has changed. It holds after a restart."),
                Arguments.of(
                        "</listeners>",
                        "</listeners><tls><identity self-signed=\"true\"/></tls>",
                        "4: tls: the keys and certificates that it names are others. It holds"));
    }

    @ParameterizedTest
    @MethodSource("leftOut")
    void whatIsNotAppliedIsToldWithItsLineAndStatusOneEachTime(
            String good, String changed, String words) throws Exception {
        site.config(TestSite.good(0).replace(good, changed));
        for (var time = 0; time < 2; time++) {
            var ended = site.run("plugins", "reload");
            assertEquals(ExitCode.CONFIGURATION, ended.code(), ended.out());
            assertTrue(
                    ended.err()
                            .startsWith(
                                    "reloaded: no jar has changed\nnot applied, and as it was at the"
                                            + " start:\n  "),
                    ended.err());
            assertTrue(
                    ended.err().contains("  " + home.resolve("conf/gateway.xml") + ":" + words),
                    ended.err());
        }
        site.config(TestSite.good(0));
        assertEquals(ExitCode.OK, site.run("plugins", "reload").code());
    }

    @Test
    void whatIsAppliedOrIsNoChangeIsNotToldAsLeftOut() throws Exception {
        for (var change :
                List.of(
                        "<drain>PT6S</drain>",
                        "<drain>PT5S</drain><plugin-start>PT2M</plugin-start>",
                        "<drain>PT5S</drain><idle-timeout>PT10M</idle-timeout><logins>64</logins>",
                        "\n\n<drain>PT5S</drain>")) {
            site.config(TestSite.good(0).replace("<drain>PT5S</drain>", change));
            var ended = site.run("plugins", "reload");
            assertEquals("reloaded: no jar has changed\n", ended.out(), change + ended.err());
            assertEquals(ExitCode.OK, ended.code());
        }
        site.config(
                "\n" + TestSite.good(0).replace("<store", "<login-delay>PT0S</login-delay><store"));
        assertEquals(ExitCode.OK, site.run("plugins", "reload").code());
    }

    @Test
    void aSessionThatHasBegunLogsInByThePluginItBeganWith() throws Exception {
        try (var client = new RunTest.Client(server.port())) {
            client.says("+OK");
            marked("two").write(jar());
            assertEquals(ExitCode.OK, site.run("plugins", "reload").code());
            assertTrue(loaders().containsKey("two"));
            assertFalse(TestSite.life().contains("anybody-"), TestSite.life());
            client.send("USER alice").says("+OK");
            client.send("PASS hunter2").says("+OK");
            assertEquals("one", System.getProperty("postern.test.version"));
            // From here on it holds nothing of the old one, though it stays.
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> TestSite.life().contains("anybody-"));
            client.send("STAT").says("+OK 1 ");
            client.send("QUIT").says("+OK");
        }
    }

    @Test
    void aBrokenNewVersionLeavesTheOldOneAtWork() throws Exception {
        var before = TestSite.life();
        for (var broken :
                List.of(
                        TestSite.directories("")
                                .entry("META-INF/postern-plugin.properties", "name=x\nspi=9.0"),
                        TestSite.directories("")
                                .entry(
                                        "META-INF/postern-plugin.properties",
                                        "name=x\nversion=1\nspi=9.0"),
                        TestSite.directories("{ if (true) throw new AssertionError(\"no\"); }"),
                        new TestJar().entry("hello.txt", "hello"))) {
            broken.write(jar());
            refused(jar().toString());
        }
        Files.writeString(jar(), "torn");
        refused(jar() + " cannot be read as a jar");
        Files.delete(jar());
        refused("there is no plugin \"anybody\" of this kind");
        assertEquals(before, TestSite.life(), "nothing was started or closed");

        TestSite.directories("").write(jar());
        site.config(
                TestSite.good(0).replace("</password>", "</password><trouble>defect</trouble>"));
        refused("it has a defect: java.lang.IllegalStateException: it is broken");
        assertEquals(before + " anybody+ anybody-", TestSite.life(), "closed after it failed");

        site.config(TestSite.good(0));
        assertEquals(ExitCode.OK, site.run("plugins", "reload").code());
        login();
    }

    @Test
    void storesAndRealmsStayAsTheyAre() throws Exception {
        site.config(TestSite.good(0).replace("<load>mail</load>", "<load>other</load>"));
        refused(
                home.resolve("conf/gateway.xml")
                        + ":12: store: this is not what the server has started with: the jars in its"
                        + " folder, or its settings, are others. Stores, lock coordinators and realms"
                        + " come and go with a restart only: restart, or put back what was there.");
        site.config("<gateway/>");
        refused("gateway.xml:1: listeners: it is missing");
        site.config(TestSite.good(0));
        var ended = site.run("plugins", "reload");
        assertEquals("reloaded: no jar has changed\n", ended.out());
    }

    @Test
    void aFolderIsAddedAndRemoved() throws Exception {
        new TestJar()
                .source(
                        "demo.Third",
                        "package demo; public class Third implements"
                                + " io.postern.spi.auth.UserDirectory {}")
                .service(UserDirectory.class, "demo.Third")
                .write(home.resolve("plugins/third/third.jar"));
        site.config(TestSite.good(0).replace("<store", "<directory plugin=\"third\"/><store"));
        assertEquals("reloaded:\n  added  third\n", site.run("plugins", "reload").out());
        assertTrue(site.run("plugins", "health").out().contains("<directory plugin=\"third\">"));
        login();
        site.config(TestSite.good(0));
        Files.delete(home.resolve("plugins/third/third.jar"));
        Files.delete(home.resolve("plugins/third"));
        assertEquals("reloaded:\n  removed  third\n", site.run("plugins", "reload").out());
        assertFalse(site.run("plugins", "health").out().contains("third"));
        login();
    }

    @Test
    void healthSaysHowEachPluginIsAndWhatItHasDone() throws Exception {
        login();
        TestSite.directories("")
                .source(
                        "demo.Ill",
                        """
                        package demo;
                        public class Ill implements
                                io.postern.spi.auth.UserDirectory, io.postern.spi.Health {
                            public java.util.Optional<String> trouble() {
                                return java.util.Optional.of("the server is away");
                            }
                        }
                        """)
                .service(UserDirectory.class, "demo.Anybody", "demo.Nobody", "demo.Ill")
                .entry("META-INF/postern-plugin.properties", "name=x\nversion=1\nspi=1.0")
                .write(jar());
        site.config(TestSite.good(0).replace("<store", "<directory plugin=\"ill\"/><store"));
        assertEquals(ExitCode.OK, site.run("plugins", "reload").code());
        login();
        var ended = site.run("plugins", "health");
        assertEquals(ExitCode.CONFIGURATION, ended.code());
        assertEquals("", ended.err());
        assertTrue(
                ended.out()
                        .contains(
                                """
                                <directory plugin="ill">  unwell: the server is away
                                    x 1, for plugin interface 1.0
                                """),
                ended.out());
        assertTrue(
                ended.out()
                        .matches(
                                "(?s).*<directory plugin=\"anybody\">  running\n"
                                        + "    x 1, for plugin interface 1.0\n"
                                        + "    1 calls, 0 failed, slowest [0-9]+ ms"
                                        + " \\(check a password\\)\n.*"),
                ended.out());
    }

    private static boolean hangUpIsIgnored() throws IOException {
        var ignored =
                Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .findFirst()
                        .orElseThrow()
                        .substring("SigIgn:".length())
                        .strip();
        return (Long.parseUnsignedLong(ignored, 16) & 1) != 0;
    }

    @Test
    void healthCountsMechanismsAndPoliciesAndWhatTheyFailThemselves() throws Exception {
        new TestJar()
                .source(
                        "demo.Ruler",
                        """
                        package demo;
                        import io.postern.spi.*;
                        import io.postern.spi.auth.*;
                        public class Ruler implements AuthPolicy {
                            public Ruling before(Attempt attempt) throws Fault {
                                switch (attempt.name()) {
                                    case "refused": return new Refuse("no");
                                    case "failed": throw Fault.temporary("away", null);
                                    case "broken": throw new IllegalStateException("defect");
                                    case "null": return null;
                                    default: return new Allow();
                                }
                            }
                        }
                        """)
                .service(AuthPolicy.class, "demo.Ruler")
                .write(home.resolve("plugins/ruler.jar"));
        TestSite.directories(
                        """
                        public Verdict verify(String name, Secret given, Channel channel)
                                throws Fault {
                            if (name.equals("outage")) {
                                throw Fault.temporary("the server is away", null);
                            }
                            return verify(name, given);
                        }
                        """)
                .write(jar());
        site.config(
                TestSite.good(0)
                        .replace(
                                "</authentication>",
                                "<policy plugin=\"ruler\"/></authentication>"));
        assertEquals(ExitCode.OK, site.run("plugins", "reload").code());

        attempt("alice", "+OK");
        counted("mechanism plugin=\"words", 1, 0, "take a response");
        counted("policy plugin=\"ruler", 2, 0, "rule on a login"); // before, and with the verdict
        attempt("refused", "-ERR [AUTH]");
        counted("policy plugin=\"ruler", 4, 0, "rule on a login");
        for (var name : List.of("failed", "broken", "null")) {
            attempt(name, "-ERR [SYS/TEMP]");
        }
        counted("policy plugin=\"ruler", 7, 3, "rule on a login");
        attempt("outage", "-ERR [SYS/TEMP]");
        counted("directory plugin=\"anybody", 2, 1, "check a password");
        // None of this was the mechanism's doing.
        counted("mechanism plugin=\"words", 6, 0, "take a response");
    }

    private void attempt(String name, String answer) throws Exception {
        try (var client = new RunTest.Client(server.port())) {
            client.says("+OK");
            client.send("USER " + name).says("+OK");
            client.send("PASS hunter2").says(answer);
        }
    }

    private void counted(String plugin, int calls, int failed, String doing) {
        var health = site.run("plugins", "health").out();
        assertTrue(
                health.matches(
                        "(?s).*<%s\">  running\n[^<]*    %d calls, %d failed, slowest [0-9]+ ms \\(%s\\)\n.*"
                                .formatted(plugin, calls, failed, doing)),
                plugin + " " + calls + " " + failed + "\n" + health);
    }

    /** Java leaves SIGHUP alone where it was started with it ignored, as nohup does. */
    @Test
    void aHangUpReloadsThePluginsAndEndsNothing() throws Exception {
        assumeFalse(hangUpIsIgnored(), "not run: SIGHUP is ignored in this process");
        var pid = Long.toString(ProcessHandle.current().pid());
        for (var version : List.of("two", "three")) {
            marked(version).write(jar());
            assertEquals(0, new ProcessBuilder("kill", "-HUP", pid).start().waitFor());
            await().atMost(Duration.ofSeconds(30)).until(() -> loaders().containsKey(version));
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> {
                        login();
                        return version.equals(System.getProperty("postern.test.version"));
                    });
        }
        Files.writeString(jar(), "torn");
        assertEquals(0, new ProcessBuilder("kill", "-HUP", pid).start().waitFor());
        // The next command is answered after what the signal asked for.
        refused(jar() + " cannot be read as a jar");
        assertEquals("three", System.getProperty("postern.test.version"));
    }

    @Test
    void theDoorForCommandsIsShutForEverybodyElse() throws Exception {
        var control = home.resolve("state/run");
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(control)));
        var socket = Control.sockets(control).getFirst();
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        assertEquals(ExitCode.USAGE, Control.ask(socket, "fly").code());
        login();
    }

    @Test
    void withoutAServerThereIsNobodyToAsk() throws Exception {
        Files.createDirectories(home.resolve("elsewhere"));
        var ended = new TestSite(home.resolve("elsewhere")).run("plugins", "reload");
        assertEquals(ExitCode.START, ended.code());
        assertTrue(ended.err().contains("no server of this installation runs"), ended.err());
    }

    /** The reload is refused with these words, and logins go on. */
    private void refused(String words) throws Exception {
        var ended = site.run("plugins", "reload");
        assertEquals(ExitCode.CONFIGURATION, ended.code(), ended.out());
        assertTrue(
                ended.err()
                        .startsWith(
                                "refused: nothing has changed, and the server goes on as it was\n"),
                ended.err());
        assertTrue(ended.err().contains(words), ended.err());
        login();
    }

    private void login() throws Exception {
        try (var client = new RunTest.Client(server.port())) {
            client.says("+OK");
            client.send("USER user" + Thread.currentThread().threadId()).says("+OK");
            client.send("PASS hunter2").says("+OK");
            client.send("QUIT").says("+OK");
        }
    }

    private Path jar() {
        return home.resolve("plugins/directories.jar");
    }

    @SuppressWarnings("unchecked")
    private static ConcurrentHashMap<String, WeakReference<ClassLoader>> loaders() {
        return (ConcurrentHashMap<String, WeakReference<ClassLoader>>)
                System.getProperties().get("postern.test.loaders");
    }

    /** A jar that says which version answers, and keeps a weak hold on its class loader. */
    private static TestJar marked(String version) {
        return TestSite.directories(
                """
                public String name() {
                    @SuppressWarnings("unchecked")
                    var loaders = (java.util.Map<String, Object>)
                            System.getProperties().get("postern.test.loaders");
                    if (loaders != null) {
                        loaders.put("%1$s",
                                new java.lang.ref.WeakReference<>(Anybody.class.getClassLoader()));
                    }
                return "anybody";
                }
                """
                        .formatted(version),
                version);
    }
}
